//! The break flag: many threads may break a poll, and only the first until the break is seen pays a system call.
//!
//! ```text
//!                 swap true, was false:                        ┌─────────┐
//!                 write the wake descriptor                    ▼         │ swap true, was true:
//!   ┌───────┐ ─────────────────────────────────────────▶ ┌───────────┐   │ nothing to do
//!   │ quiet │                                            │ signalled │ ──┘
//!   └───────┘ ◀───────────────────────────────────────── └───────────┘
//!                 a poll that may wait: read the wake
//!                 descriptor, then swap false
//! ```
//!
//! What must never happen is a *lost* break: a thread changes some state, breaks, and the polling thread goes to sleep
//! again without having seen the change. Two rules keep it from happening.
//!
//! **Read first, clear second.** The invariant is: while the flag is up, the wake descriptor is readable, or its write
//! is under way, or a poll that has read it is about to clear the flag and return. Clearing first breaks it: a break
//! that falls between the two raises the flag and writes, then its write is read away together with the old one, and
//! the flag stays up over a silent descriptor. Every break from then on is lost.
//!
//! **Both sides swap, always.** A break that finds the flag up does no system call, so nothing but the flag itself ties
//! it to the poll that it relies on: the breaker's state and the flag are a store-then-load (Dekker) pair, as are the
//! poll's flag and state. Swaps of one atomic have a single order, and each reads the one before it. If the breaker's
//! comes first, the poll's swap reads it (or a later one, which continues its release sequence), and acquire sees
//! what release published: the poll returns to a caller who sees the change. If the poll's comes first, the breaker
//! finds the flag down and writes. A load in place of either swap may read an old value and be in neither case.
//!
//! Release on the way up and acquire on the way down suffice. The other halves would order the poll's past before the
//! breaker's future, and nobody relies on that: that the wake descriptor was read before a later break writes it again
//! follows from the flag alone, since a swap cannot read a value stored after it. Each step and each ordering here has
//! a model among `loom_tests` that fails without it.
//!
//! The counterpart in Go is `netpollWakeSig` and the order in which `netpoll` and `netpollBreak` use it.

use crate::{
    Delay,
    sync::{AtomicBool, Ordering},
};
use std::io;

/// The flag that coalesces breaks, between any number of breaking threads and any number of polling ones.
///
/// It knows the order of the steps and not the descriptor: backends lend it the system calls.
///
/// Go: `runtime.netpollWakeSig`
///
/// Differs: Go raises it by compare-and-swap and lowers it by a store, and sequential consistency supplies the
/// ordering. With weaker orderings a compare-and-swap that fails publishes nothing, so here both are swaps.
#[derive(Debug)]
#[doc(alias = "netpollWakeSig")]
pub(crate) struct Breaker {
    signalled: AtomicBool,
}

impl Breaker {
    pub(crate) fn new() -> Breaker {
        Breaker { signalled: AtomicBool::new(false) }
    }

    /// Breaks: calls `wake` unless an earlier break is still to be seen. Says whether it called.
    ///
    /// `wake` makes the wake descriptor readable. If it fails, the flag comes down again, so that a later break
    /// tries anew instead of relying on a wake-up that never was. Breaks that came in between are lost with this one:
    /// its caller has the error.
    pub(crate) fn signal(&self, wake: impl FnOnce() -> io::Result<()>) -> io::Result<bool> {
        // Release: whoever clears the flag sees what this thread did before it broke.
        if self.signalled.swap(true, Ordering::Release) {
            return Ok(false);
        }
        wake().inspect_err(|_| self.signalled.store(false, Ordering::Relaxed))?;
        Ok(true)
    }

    /// A poll with `delay` found the wake descriptor readable: takes the break, unless the poll was not to wait.
    ///
    /// A poll that does not wait leaves the break alone: it is meant for a thread that sleeps, and this one would
    /// swallow it without having slept. `drain` empties the wake descriptor; finding it empty is no error, since
    /// another poll may have come first.
    pub(crate) fn seen(&self, delay: Delay, drain: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if delay == Delay::Now {
            return Ok(());
        }
        let drained = drain();
        // Acquire: the caller sees what every coalesced break published. Only after the drain: see above.
        self.signalled.swap(false, Ordering::Acquire);
        drained
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Breaker;
    use crate::Delay;
    use std::{io, time::Duration};

    #[test]
    fn a_second_break_before_the_first_is_seen_wakes_nobody() {
        let breaker = Breaker::new();
        assert!(breaker.signal(|| Ok(())).unwrap());
        assert!(!breaker.signal(|| panic!("woken twice")).unwrap());
        breaker.seen(Delay::Block, || Ok(())).unwrap();
        assert!(breaker.signal(|| Ok(())).unwrap());
    }

    #[test]
    fn only_a_poll_that_may_wait_takes_the_break() {
        let breaker = Breaker::new();
        breaker.signal(|| Ok(())).unwrap();
        breaker.seen(Delay::Now, || panic!("drained by a poll that does not wait")).unwrap();
        assert!(!breaker.signal(|| panic!("the break was taken")).unwrap());
        breaker.seen(Delay::UpTo(Duration::from_nanos(1)), || Ok(())).unwrap();
        assert!(breaker.signal(|| Ok(())).unwrap());
    }

    #[test]
    fn a_break_whose_wake_up_failed_is_tried_anew() {
        let breaker = Breaker::new();
        assert!(breaker.signal(|| Err(io::ErrorKind::Other.into())).is_err());
        assert!(breaker.signal(|| Ok(())).unwrap());
    }

    #[test]
    fn a_failed_drain_is_reported_and_still_lowers_the_flag() {
        let breaker = Breaker::new();
        breaker.signal(|| Ok(())).unwrap();
        assert!(breaker.seen(Delay::Block, || Err(io::ErrorKind::Other.into())).is_err());
        assert!(breaker.signal(|| Ok(())).unwrap());
    }
}
