//! Giving way: a direction whose operations never have to wait lets others run once in a while.
//!
//! Go: `runtime.preemptone`
//!
//! Differs: Go's monitor interrupts a goroutine that has run for 10 ms. A future cannot be interrupted; but a task that
//! runs for long mostly does so because its socket always has something for it, and there it can be stopped. So of many
//! operations that found what they wanted without a wait, one is put off: its task is woken at once, and runs again after those
//! that are ready. This works on any executor.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU8;

/// After so many operations that did not wait the next one gives way.
const TURN: u8 = 128;

/// How many operations of a direction did not have to wait. Changed under the direction's lock alone, which
/// orders it.
///
/// Go: `runtime.preemptone`
#[doc(alias = "preemptone")]
pub(super) struct Turns(AtomicU8);

impl Turns {
    pub(super) fn new() -> Turns {
        Turns(AtomicU8::new(0))
    }

    /// An operation is about to try: true if it should give way instead.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        let turns = self.0.load(Relaxed);
        self.0.store(if turns == TURN { 0 } else { turns + 1 }, Relaxed);
        turns == TURN
    }

    /// An operation that tried has to wait: the next ones have a turn of their own.
    pub(super) fn begin_anew(&self) {
        self.0.store(0, Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{TURN, Turns};

    #[test]
    fn of_many_operations_that_do_not_wait_one_gives_way() {
        let turns = Turns::new();
        for _ in 0..3 {
            assert!((0..TURN).all(|_| !turns.is_over()));
            assert!(turns.is_over());
        }
    }

    #[test]
    fn an_operation_that_waits_begins_a_turn() {
        let turns = Turns::new();
        for _ in 0..3 {
            turns.begin_anew();
            assert!((0..TURN).all(|_| !turns.is_over()));
        }
    }
}
