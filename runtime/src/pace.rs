//! How long a worker's tasks take, so that another worker is woken only for work that is worth it.
//!
//! Differs: Go wakes a worker for every goroutine that can run, unless one searches already. To wake a thread costs some
//! microseconds on both sides, and what it then takes over it takes to cold caches.

use std::time::Duration;

use crate::sync::Instant;

/// What is less work than this the worker that has it does alone: until another was there, some 50 µs later, a third of it
/// would be done, and the other would save a third at most, with cold caches.
const WORTH_SHARING: Duration = Duration::from_micros(150);

/// The pace of one worker.
pub(crate) struct Pace {
    since: Instant,
    /// How long a task takes: an average in which older ones count less and less.
    task: Duration,
}

impl Pace {
    /// Of a worker whose tasks nobody has seen yet: each of them may be worth sharing.
    pub(crate) fn unknown() -> Pace {
        Pace { since: Instant::now(), task: WORTH_SHARING }
    }

    /// The worker begins to run tasks.
    pub(crate) fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// It has run so many since it began.
    pub(crate) fn ran(&mut self, tasks: u32) {
        if let Some(average) = self.since.elapsed().checked_div(tasks) {
            self.task = (self.task * 3 + average) / 4;
        }
    }

    /// Whether another worker is to be woken for so many tasks that can run: never for one, which this one runs at once.
    pub(crate) fn is_worth_sharing(&self, tasks: usize) -> bool {
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        tasks >= 2 && self.task.saturating_mul(tasks) >= WORTH_SHARING
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::{Pace, WORTH_SHARING};

    #[test]
    fn tasks_that_nobody_has_seen_are_worth_sharing_and_one_never_is() {
        let pace = Pace::unknown();
        assert!(pace.is_worth_sharing(2) && pace.is_worth_sharing(usize::MAX));
        assert!(!pace.is_worth_sharing(1) && !pace.is_worth_sharing(0));
    }

    #[test]
    fn of_short_tasks_many_are_worth_sharing_and_of_long_ones_two() {
        let mut pace = Pace::unknown();
        for _ in 0..100 {
            pace.begin();
            pace.ran(u32::MAX);
        }
        assert!(!pace.is_worth_sharing(2));
        for _ in 0..10 {
            pace.begin();
            std::thread::sleep(WORTH_SHARING);
            pace.ran(1);
        }
        assert!(pace.is_worth_sharing(2));
    }

    #[test]
    fn no_task_says_nothing() {
        let mut pace = Pace::unknown();
        std::thread::sleep(Duration::from_millis(1));
        pace.ran(0);
        assert_eq!(pace.task, WORTH_SHARING);
    }
}
