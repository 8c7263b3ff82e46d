//! One direction of a descriptor: a binary semaphore that parks one task.
//!
//! Go: `runtime.netpollblock`, `runtime.netpollunblock`
//!
//! Go keeps the parked goroutine inside the word, so one compare-and-swap takes it out. A task's [`Waker`] is two
//! pointers and somebody else's code, so it stands in a cell beside the word, and the word says who may touch the cell.
//!
//! ```text
//!   63            32 31      4   3      2      1      0
//!  ┌────────────────┬────────┬──────┬──────┬──────┬─────┐
//!  │    sequence    │   0    │taking│parked│handed│ready│
//!  └────────────────┴────────┴──────┴──────┴──────┴─────┘
//!
//!             event                 parks          event: handed, close or deadline: (nil)
//!        ┌─────────────┐      ┌───────────────┐   ┌──────────────┐
//!        │             ▼      │               ▼   │              ▼
//!      (nil) ◄─────── ready   (nil), handed   parked ──────► taking
//!            consumed                           ▲              │
//!                                               └──────────────┘ polled again with the same waker
//! ```
//!
//! | from | to | who | why |
//! | --- | --- | --- | --- |
//! | nil, handed | parked | the waiter | its waker is in place |
//! | ready | nil | the waiter | consumed by a wait |
//! | nil, taking | handed (+ taking) | the waiter | it only lets others run, and then goes on |
//! | nil, handed, taking | ready (+ taking) | an event | the level is kept for the next wait |
//! | parked | taking + handed | an event | the readiness is the waiter's, whose waker is moved out |
//! | parked | taking | close or deadline | its waker is moved out |
//! | parked | taking | the waiter, polled again or dropped | it looks at the waker, or takes it back |
//! | taking | parked | the same | the waker may stay |
//! | taking | nil, handed, ready | whoever took | it wakes afterwards, outside of every state |
//! | handed | ready | the waiter | dropped before it was polled: the readiness is the next one's |
//! | any | next sequence, same taking | the last reference | the slot is free; old tokens no longer match |
//!
//! `handed` says to the waiter that has parked, and to nobody else, that it need not wait: polled again, it goes on without
//! changing the word. To everybody else, and to the next waiter, it is nil.
//!
//! While nobody is parked and nobody takes, the cell is the one waiter's, who alone can park. `ready` may stand beside
//! `taking`, so that an event that meets it is not lost. Whoever unblocks makes a read-modify-write even if nothing changes:
//! it stores its reason (closed, expired) first, and the waiter looks for reasons after it has parked. Whichever
//! read-modify-write comes second in the word's order sees what the other side stored before its own. Only an event that
//! has no reason to tell may leave a word alone that is ready already: see [`ParkWord::unblock_ready`].

use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::task::Waker;

use foreign::event;

use crate::cell::GuardedCell;
use crate::sync::{AtomicU64, TracedNumber};

const READY: u64 = 1;
const HANDED: u64 = 1 << 1;
const PARKED: u64 = 1 << 2;
const TAKING: u64 = 1 << 3;
const STATES: u64 = READY | HANDED | PARKED | TAKING;

/// A word of sequence and state, and the cell of the waker that it guards.
pub(crate) struct ParkWord {
    word: AtomicU64,
    waker: GuardedCell<Option<Waker>>,
    /// What traces call it: whom it belongs to, and the descriptor.
    owner: Owner,
    fd: TracedNumber,
}

/// Whom a word belongs to, for traces.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    Read,
    Write,
    Timer,
}

/// What a wait came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parked {
    /// Readiness was there and has been consumed.
    Ready,
    /// The waker is in place; whoever unblocks will wake it.
    Yes,
    /// Someone is taking the last waker out at this moment: ask again.
    Busy,
}

impl ParkWord {
    /// A word in state nil.
    pub(crate) fn new(sequence: u32, owner: Owner) -> ParkWord {
        let word = AtomicU64::new(pack(sequence, 0));
        ParkWord { word, waker: GuardedCell::new(None), owner, fd: TracedNumber::new(-1) }
    }

    /// Says which descriptor the word is for, for traces alone.
    pub(crate) fn name(&self, fd: i32) {
        self.fd.store(fd, Relaxed);
    }

    /// Consumes readiness, or puts `waker` in place; the caller then looks for a reason not to wait. Only for the
    /// direction's one waiter, to whom the slot belongs meanwhile.
    ///
    /// The waiter is counted before it parks and uncounted when it gives up, so the count never falls below the number of
    /// parked wakers.
    ///
    /// Go: `runtime.netpollblock`
    #[doc(alias = "netpollblock")]
    #[inline(always)]
    pub(crate) fn park(&self, waker: &Waker, count: &impl WaiterCount) -> Parked {
        // Acquire: the last owner of the cell has let go of it.
        let word = self.word.load(Acquire);
        // Cloning is somebody else's code: it happens before the cell is touched.
        if is_free(word) && self.occupy(word, waker.clone(), count) {
            return Parked::Yes;
        }
        self.park_slowly(waker, count, false)
    }

    /// [`ParkWord::park`] of a waiter that has parked and was polled again.
    #[cold]
    pub(crate) fn park_on(&self, waker: &Waker, count: &impl WaiterCount) -> Parked {
        self.park_slowly(waker, count, true)
    }

    /// Whether the waiter that has parked need not wait any more, for there was an event.
    #[inline]
    pub(crate) fn was_handed_readiness(&self) -> bool {
        // Acquire: the event's facts were published before, and the cell was let go of.
        self.word.load(Acquire) & STATES == HANDED
    }

    /// nil or handed → parked, with `waker` in place; false if something came in between, and the waker is out again.
    #[inline(always)]
    fn occupy(&self, free: u64, waker: Waker, count: &impl WaiterCount) -> bool {
        count.add(&waker);
        // SAFETY: nobody is parked and nobody takes, and only we, the one waiter, can change that.
        unsafe { self.waker.with_mut(|cell| *cell = Some(waker)) };
        // Release: the waker is in the cell. Acquire: a reason that was stored before an unblock that found nobody parked is
        // seen by the check that follows.
        let parked = self.change(free, free & !STATES | PARKED, AcqRel);
        if parked {
            self.trace([free, free & !STATES | PARKED]);
        } else {
            // SAFETY: as above, since we have not parked.
            let waker = unsafe { self.waker.with_mut(Option::take) };
            count.sub(1);
            drop(waker);
        }
        parked
    }

    #[cold]
    fn park_slowly(&self, waker: &Waker, count: &impl WaiterCount, has_parked: bool) -> Parked {
        loop {
            // Acquire: as in `park`, and the facts of an event that handed readiness over were published before. Only the
            // waiter itself makes a word parked, so that what it changes below is what was seen here.
            let word = self.word.load(Acquire);
            match word & STATES {
                HANDED if has_parked => return Parked::Ready,
                0 | HANDED => {
                    if self.occupy(word, waker.clone(), count) {
                        return Parked::Yes;
                    }
                }
                READY => {
                    // Acquire: every event that made or found the word ready had published its facts before.
                    if self.change(word, word & !READY, Acquire) {
                        self.trace([word, word & !READY]);
                        return Parked::Ready;
                    }
                }
                PARKED => {
                    if !self.change(word, word & !PARKED | TAKING, Relaxed) {
                        continue;
                    }
                    // SAFETY: we made parked → taking, and nobody else touches the cell until taking is gone.
                    let same = unsafe {
                        self.waker.with(|cell| cell.as_ref().is_some_and(|parked| parked.will_wake(waker)))
                    };
                    // Release and Acquire: as in `occupy`.
                    if same && self.change(word & !PARKED | TAKING, word, AcqRel) {
                        return Parked::Yes;
                    }
                    self.give_up(word, count);
                }
                taking if taking & TAKING != 0 => return Parked::Busy,
                found => panic!("a park word in no state that there is: {found:#x} in {word:#x}"),
            }
        }
    }

    /// The one waiter hands itself the readiness to go on when it is polled again, unless an event has left some.
    pub(crate) fn hand_over(&self) {
        // Relaxed: only the waiter will look for it, and there is nothing that it has to see then.
        let handed = self
            .word
            .fetch_update(Relaxed, Relaxed, |word| (word & (READY | HANDED) == 0).then_some(word | HANDED));
        if let Ok(word) = handed {
            self.trace([word, word | HANDED]);
        }
    }

    /// Ends the wait of the one waiter: takes its waker back out, if it is still in place. Readiness stays for the next
    /// waiter, or goes on to it.
    pub(crate) fn unpark(&self, count: &impl WaiterCount) {
        let mut word = self.word.load(Relaxed);
        loop {
            let next = match word {
                _ if word & PARKED != 0 => word & !PARKED | TAKING,
                _ if word & HANDED != 0 => word & !HANDED | READY,
                _ => return,
            };
            // Acquire: another thread may have put the waker there.
            match self.word.compare_exchange(word, next, Acquire, Relaxed) {
                Ok(_) if word & PARKED != 0 => return self.give_up(word, count),
                Ok(_) => return self.trace([word, next]),
                Err(now) => word = now,
            }
        }
    }

    /// Makes the direction ready (`io_ready`), or only moves its waiter on; returns the waker to wake.
    ///
    /// A token of an older sequence changes nothing.
    ///
    /// Go: `runtime.netpollunblock`
    #[doc(alias = "netpollunblock")]
    #[inline]
    pub(crate) fn unblock(&self, sequence: u32, io_ready: bool) -> Option<Waker> {
        self.unblock_from(self.word.load(Relaxed), sequence, io_ready)
    }

    /// [`ParkWord::unblock`] for an event that says no more than that there is something to do, which a word that is ready
    /// already says.
    ///
    /// That is seen by a load alone: whoever has consumed what is seen here did so before it asked the kernel, which
    /// orders that before the event. A reason has no such order, so whoever publishes one calls `unblock`.
    #[inline]
    pub(crate) fn unblock_ready(&self, sequence: u32) -> Option<Waker> {
        let word = self.word.load(Relaxed);
        if word == pack(sequence, READY) {
            return None;
        }
        self.unblock_from(word, sequence, true)
    }

    #[inline(always)]
    fn unblock_from(&self, mut word: u64, sequence: u32, io_ready: bool) -> Option<Waker> {
        let next = loop {
            if sequence_of(word) != sequence {
                return None;
            }
            let parked = word & PARKED != 0;
            let next = match (parked, io_ready) {
                (true, true) => word & !PARKED | TAKING | HANDED,
                (true, false) => word & !PARKED | TAKING,
                (false, true) => word & !HANDED | READY,
                (false, false) => word,
            };
            // Acquire: the waker is in the cell. Release, even where nothing changes: the waiter's next
            // read-modify-write must see the reason that was stored before.
            match self.word.compare_exchange(word, next, AcqRel, Relaxed) {
                Ok(_) if parked => break next,
                Ok(_) => {
                    self.trace([word, next]);
                    return None;
                }
                Err(now) => word = now,
            }
        };
        // SAFETY: we made parked → taking, and nobody else touches the cell until taking is gone.
        let waker = unsafe { self.waker.with_mut(Option::take) };
        // Release: the next owner of the cell finds it empty.
        let taking = self.word.fetch_sub(TAKING, Release);
        if foreign::is_on() {
            self.trace([word, next]);
            self.trace([taking, taking & !TAKING]);
        }
        waker
    }

    /// Ends a sequence. Whoever is taking the last waker may finish: `taking` stays until it has.
    pub(crate) fn retire(&self, sequence: u32, next: u32) {
        let mut word = self.word.load(Relaxed);
        loop {
            assert!(
                sequence_of(word) == sequence && word & PARKED == 0,
                "a descriptor's slot was given back at sequence {sequence} while its word was {word:#x}"
            );
            // Relaxed: the next owner gets the slot through the free list's lock, and the cell through taking.
            match self.word.compare_exchange(word, pack(next, word & TAKING), Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Empties the cell in state taking and leaves the state; what was in the cell is dropped outside of it. `from` is what
    /// was before.
    #[cold]
    fn give_up(&self, from: u64, count: &impl WaiterCount) {
        // SAFETY: the caller made the word taking, and nobody else touches the cell until that is gone.
        let old = unsafe { self.waker.with_mut(Option::take) };
        // Release: the next owner of the cell finds it empty.
        let taking = self.word.fetch_sub(TAKING, Release);
        self.trace([from, from & !PARKED | TAKING]);
        self.trace([taking, taking & !TAKING]);
        count.sub(1);
        drop(old);
    }

    #[cfg(all(test, loom))]
    pub(crate) fn state(&self) -> String {
        State(self.word.load(Relaxed)).to_string()
    }

    /// Tells a subscriber of the transitions between `states`; nothing where the state stayed as it was. A subscriber is
    /// somebody else's code: it is told once the cell has been let go of, so the lines of two threads may stand in another
    /// order than their transitions.
    #[inline(always)]
    fn trace<const STATES: usize>(&self, states: [u64; STATES]) {
        if foreign::is_on() {
            states.windows(2).filter(|pair| pair[0] != pair[1]).for_each(|pair| self.tell(pair[0], pair[1]));
        }
    }

    #[cold]
    fn tell(&self, from: u64, to: u64) {
        let mode = match self.owner {
            Owner::Read => "read",
            Owner::Write => "write",
            Owner::Timer => "timer",
        };
        event!(
            "netfd::poll_desc", TRACE,
            fd = self.fd.load(Relaxed), mode, from = %State(from), to = %State(to)
        );
    }

    fn change(&self, from: u64, to: u64, success: std::sync::atomic::Ordering) -> bool {
        self.word.compare_exchange(from, to, success, Relaxed).is_ok()
    }
}

/// The number of tasks that wait for the poller.
pub(crate) trait WaiterCount {
    /// One more, before it parks with this waker.
    fn add(&self, waker: &Waker);
    /// Some fewer: given up, or taken out to be woken.
    fn sub(&self, waiters: u32);
}

/// A word's state in the words of the diagram.
struct State(u64);

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(PARKED, "parked"), (TAKING, "taking"), (HANDED, "handed"), (READY, "ready")];
        let mut held = names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| name);
        f.write_str(held.next().unwrap_or(&"nil"))?;
        held.try_for_each(|name| write!(f, "+{name}"))
    }
}

/// Whether the cell is the one waiter's.
fn is_free(word: u64) -> bool {
    word & (READY | PARKED | TAKING) == 0
}

fn pack(sequence: u32, state: u64) -> u64 {
    u64::from(sequence) << 32 | state
}

fn sequence_of(word: u64) -> u32 {
    (word >> 32) as u32
}
