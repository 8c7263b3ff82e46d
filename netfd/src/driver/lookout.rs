//! Looking out for more before a sleep, while a stream flows.
//!
//! A sender at its limit pays for each sleep of its reader: it has to wake it, with an interrupt of another processor. So a
//! thread that has read a large piece of a stream looks for a moment whether more has come, before it sleeps. Where that is
//! in vain most of the time it ceases, but for a try now and then: a peer that sends large pieces one by one, and waits for
//! an answer to each, costs little.
//!
//! It does not offer its processor to others in between: where they want it, it would be without it for a time slice, while
//! a sleeper that is woken gets it at once.
//!
//! Differs: Go's thread looks for this no longer than for any other work.

use std::cell::Cell;

use crate::sync::per_thread;

/// For how many nanoseconds a thread looks: what a busy sender needs to copy its next 64 KiB. Half of it gained nothing; twice as much
/// little, for a reader that never sleeps reads small pieces.
const LOOK: u64 = 20_000;

/// How many looks in vain end it: with 16, a stream held up for some milliseconds never recovered.
const MOST_CREDIT: u8 = 100;

/// How many chances are then passed over before one is taken.
const PASSED: u8 = 255;

per_thread! {
    /// Of this thread, for all of its parkers: each `block_on` has one of its own.
    static LOOKOUT: Cell<Lookout> = Cell::new(Lookout::new());
}

/// This thread has read a large piece of a stream.
#[cold]
pub(crate) fn call_for() {
    change(|lookout| lookout.called_for = true);
}

/// Whether this thread, which is about to sleep, looks out first. Told once.
pub(super) fn is_due() -> bool {
    LOOKOUT.with(Cell::get).called_for && change(Lookout::is_worth_it)
}

/// Whether a look that began at `begun` has lasted long enough. In a model, which has no clock, at once.
pub(super) fn is_over(begun: u64, now: u64) -> bool {
    cfg!(loom) || now.saturating_sub(begun) >= LOOK
}

/// What came of this thread's look.
pub(super) fn learn(found: bool) {
    change(|lookout| lookout.learn(found));
}

fn change<T>(how: impl FnOnce(&mut Lookout) -> T) -> T {
    LOOKOUT.with(|cell| {
        let mut lookout = cell.get();
        let result = how(&mut lookout);
        cell.set(lookout);
        result
    })
}

/// When to look out, by what came of it before: as long as one look in three finds something.
#[derive(Clone, Copy, Debug)]
struct Lookout {
    /// A large piece was read since this was last asked.
    called_for: bool,
    credit: u8,
    /// How many chances were passed over without credit.
    passed: u8,
}

impl Lookout {
    const fn new() -> Lookout {
        Lookout { called_for: false, credit: MOST_CREDIT, passed: 0 }
    }

    /// There is a chance: whether it is taken.
    fn is_worth_it(&mut self) -> bool {
        self.called_for = false;
        if self.credit == 0 && self.passed < PASSED {
            self.passed += 1;
            return false;
        }
        self.passed = 0;
        true
    }

    fn learn(&mut self, found: bool) {
        self.credit = if found { (self.credit + 2).min(MOST_CREDIT) } else { self.credit.saturating_sub(1) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Lookout, MOST_CREDIT, PASSED, is_over};

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

    #[test]
    fn a_look_lasts_as_long_as_a_sender_needs_for_its_next_piece() {
        assert!(!is_over(1_000_000, 1_000_000) && !is_over(1_000_000, 1_019_999));
        assert!(is_over(1_000_000, 1_020_000));
    }
}
