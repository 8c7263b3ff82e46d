//! One direction's deadline: a word that whoever sets it and the timer that fires it change by compare-and-swap.
//!
//! ```text
//!              set                      claim, once it is due
//!   none ◄───────────► an instant ───────────────────────────► expired
//!                        │    ▲                                   │
//!                        └────┘ postpone                          │
//!   none, an instant ◄────────────────── set ─────────────────────┘
//! ```
//!
//! | change | who | under the descriptor's timer lock |
//! | --- | --- | --- |
//! | postpone: an instant → a later one | any setter | no |
//! | set: any → any | a setter | yes |
//! | claim: an instant that is due → expired | the timer, or a setter | yes |
//!
//! While the word is an instant, a timer is armed that fires no later. So moving a deadline later touches nothing but the
//! word: the timer fires at the old time, finds the new one and arms itself again. Postponing and claiming are both
//! compare-and-swaps from the instant that they saw, so a deadline that was moved in time is never claimed. One word has one
//! order of changes, and nothing else is told by it: all of its orderings are relaxed.

use std::sync::atomic::Ordering::Relaxed;

use crate::clock::Clock;
use crate::sync::AtomicU64;

/// The word of a direction that has no deadline. The clock's farthest instant never comes, and so is none.
const NONE: u64 = Clock::FARTHEST;
/// The word of a direction whose deadline has passed. The clock's first instant has passed for everybody.
const EXPIRED: u64 = 0;

/// A direction's deadline, in nanoseconds of the poller's clock.
pub(crate) struct Deadline(AtomicU64);

/// What a look at a deadline has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It never comes.
    Never,
    /// It comes at this time.
    At(u64),
    /// It has passed, as this look was the first to find.
    Now,
    /// It has passed, as an earlier look found.
    Before,
}

impl Deadline {
    /// No deadline.
    pub(crate) fn none() -> Deadline {
        Deadline(AtomicU64::new(NONE))
    }

    /// Moves a deadline that has neither passed nor been cleared to `when`, if that is not earlier; false if it is not so.
    #[inline]
    pub(crate) fn postpone(&self, when: u64) -> bool {
        let mut word = self.0.load(Relaxed);
        while word != EXPIRED && word != NONE && word <= when && when != NONE {
            match self.0.compare_exchange(word, when, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Sets the deadline to an instant, or to none. The caller holds the timer lock.
    pub(crate) fn set(&self, when: Option<u64>) {
        // An instant that is as good as expired is claimed by the look that follows.
        self.0.swap(when.map_or(NONE, |when| when.max(EXPIRED + 1)), Relaxed);
    }

    /// Looks where the deadline stands, and claims it if it is due. The caller holds the timer lock.
    pub(crate) fn look(&self, now: u64) -> Due {
        let mut word = self.0.load(Relaxed);
        loop {
            match word {
                NONE => return Due::Never,
                EXPIRED => return Due::Before,
                // The clock's first instant counts as having passed, whatever the clock says.
                when if when > now.max(EXPIRED + 1) => return Due::At(when),
                when => match self.0.compare_exchange(when, EXPIRED, Relaxed, Relaxed) {
                    Ok(_) => return Due::Now,
                    Err(moved) => word = moved,
                },
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Deadline, Due};

    #[test]
    fn a_deadline_is_claimed_once_and_only_when_it_is_due() {
        let deadline = Deadline::none();
        assert_eq!(deadline.look(100), Due::Never);
        deadline.set(Some(50));
        assert_eq!(deadline.look(49), Due::At(50));
        assert_eq!(deadline.look(50), Due::Now);
        assert_eq!(deadline.look(50), Due::Before);
        deadline.set(None);
        assert_eq!(deadline.look(100), Due::Never);
    }

    #[test]
    fn only_a_pending_deadline_is_postponed_and_never_made_earlier() {
        let deadline = Deadline::none();
        assert!(!deadline.postpone(10), "there is none");
        deadline.set(Some(50));
        assert!(!deadline.postpone(49), "it would be earlier");
        assert!(!deadline.postpone(u64::MAX), "it would be none");
        assert!(deadline.postpone(50) && deadline.postpone(60));
        assert_eq!(deadline.look(55), Due::At(60));
        assert_eq!(deadline.look(60), Due::Now);
        assert!(!deadline.postpone(70), "it has expired");
    }

    #[test]
    fn an_instant_before_the_clock_began_has_passed() {
        let deadline = Deadline::none();
        deadline.set(Some(0));
        assert_eq!(deadline.look(0), Due::Now);
    }
}
