//! Looking out for more before a sleep, while a stream flows.
//!
//! A sender at its limit pays for each sleep of its reader: it has to wake it, with an interrupt of another processor. So
//! after a large piece of a stream was read a thread looks for a moment whether more has come, before it sleeps. In between
//! it offers its processor to whoever wants it. Where that is in vain most of the time it ceases, but for a try now and then: a
//! peer that sends large pieces one by one, and waits for an answer to each, costs little.
//!
//! Differs: Go's reader sleeps at once.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::Hint;

/// For how many nanoseconds a thread looks: a sender that does nothing else has copied its next 64 KiB by then. With half of
/// that a stream is as fast as without; with twice as much it is hardly faster, for who never sleeps reads small pieces.
const LOOK: u64 = 20_000;

/// How many looks in vain end it: with 16 a stream that was held up for some milliseconds did not find back.
const MOST_CREDIT: u8 = 100;

/// How many chances are then passed over before one is taken.
const PASSED: u8 = 255;

/// Whether a large piece of a stream was read since somebody last looked out.
pub(crate) struct Flow(Hint);

impl Flow {
    pub(crate) fn new() -> Flow {
        Flow(Hint::new(false))
    }

    /// A large piece was read.
    #[cold]
    pub(crate) fn note(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether there is a reason to look out; told once.
    pub(super) fn take(&self) -> bool {
        self.0.load(Relaxed) && self.0.swap(false, Relaxed)
    }
}

/// When a thread looks out, by what came of it before: as long as one look in three finds something.
#[derive(Debug)]
pub(super) struct Lookout {
    credit: u8,
    /// How many chances it has passed over without credit.
    passed: u8,
}

impl Lookout {
    pub(super) fn new() -> Lookout {
        Lookout { credit: MOST_CREDIT, passed: 0 }
    }

    /// There is a chance: whether it is taken.
    pub(super) fn is_worth_it(&mut self) -> bool {
        if self.credit == 0 && self.passed < PASSED {
            self.passed += 1;
            return false;
        }
        self.passed = 0;
        true
    }

    /// Whether a look that began at `begun` has lasted long enough.
    pub(super) fn is_over(begun: u64, now: u64) -> bool {
        now.saturating_sub(begun) >= LOOK
    }

    /// What came of a look.
    pub(super) fn learn(&mut self, found: bool) {
        self.credit = if found { (self.credit + 2).min(MOST_CREDIT) } else { self.credit.saturating_sub(1) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Lookout, MOST_CREDIT, PASSED};

    /// How many chances are passed over before the next look.
    fn passed(lookout: &mut Lookout) -> u32 {
        (0..).find(|_| lookout.is_worth_it()).expect("it looks again some day")
    }

    #[test]
    fn while_every_other_look_finds_something_no_chance_is_passed_over() {
        let mut lookout = Lookout::new();
        for turn in 0..100 {
            assert_eq!(passed(&mut lookout), 0);
            lookout.learn(turn % 2 == 0);
        }
    }

    #[test]
    fn after_some_looks_in_vain_most_chances_are_passed_over() {
        let mut lookout = Lookout::new();
        for _ in 0..MOST_CREDIT {
            assert_eq!(passed(&mut lookout), 0);
            lookout.learn(false);
        }
        for _ in 0..3 {
            assert_eq!(passed(&mut lookout), u32::from(PASSED));
            lookout.learn(false);
        }
        lookout.learn(true);
        assert_eq!(passed(&mut lookout), 0, "it has found something");
    }
}
