//! How long a worker's tasks take: so that it polls often enough, and another worker is woken only for work that is worth it.
//!
//! Differs: Go wakes a worker for every goroutine that can run, unless one searches already. To wake a thread costs some
//! microseconds on both sides, and what it then takes over it takes to cold caches. And Go looks at its global queue after
//! 61 goroutines, however long they take, and polls only when it has nothing to run.

use std::time::Duration;

use netfd::Parker;

use crate::sync::Instant;

/// What is less work than this the worker that has it does alone: until another was there, some 50 µs later, a third of it
/// would be done, and the other would save a third at most, with cold caches.
const WORTH_SHARING: Duration = Duration::from_micros(150);

/// After so much time without a poll a worker polls, and looks what has come from outside, so that neither starves under
/// full load: as soon as its present task yields.
///
/// As long as the stand-by leaves a worker alone that does not yield. With 1 ms a worker that other threads had kept from its processor
/// polled after each task, and its queue grew as said below.
const BETWEEN_POLLS: Duration = Duration::from_millis(10);

/// It polls after so many tasks, though they were shorter.
///
/// As many as a poll may bring: so a worker polls again only when it has run, or others have taken, about what the last poll
/// brought. If it polled sooner its queue would grow with each poll, and what is in a queue waits for its worker, while
/// what is still in the kernel goes to whichever worker polls next.
const TASKS_BETWEEN_POLLS: u32 = Parker::MOST_EVENTS as u32;

/// It looks at the clock after so many: tasks may suddenly take longer than those before.
const TASKS_BETWEEN_LOOKS: u32 = 16;

/// The pace of one worker.
pub(crate) struct Pace {
    /// When the last poll ended.
    begun: Instant,
    /// How many tasks it was allowed since then, and how many of them it has not taken.
    allowed: u32,
    left: u32,
    /// How long a task takes: an average in which older ones count less and less.
    task: Duration,
}

impl Pace {
    /// Of a worker whose tasks nobody has seen yet: each of them may be worth sharing.
    pub(crate) fn unknown() -> Pace {
        Pace { begun: Instant::now(), allowed: 1, left: 1, task: WORTH_SHARING }
    }

    /// Whether it is time to poll, rather than to take another task.
    #[inline]
    pub(crate) fn is_over(&mut self) -> bool {
        self.left == 0 && self.look()
    }

    /// The worker takes a task.
    #[inline]
    pub(crate) fn takes_one(&mut self) {
        self.left -= 1;
    }

    /// Looks at the clock; whether it is time to poll.
    #[cold]
    fn look(&mut self) -> bool {
        let spent = self.begun.elapsed();
        let over = spent >= BETWEEN_POLLS || self.allowed >= TASKS_BETWEEN_POLLS;
        if !over {
            self.allow(BETWEEN_POLLS - spent);
        }
        over
    }

    /// Learns from the tasks since the last poll.
    pub(crate) fn learn(&mut self) {
        if let Some(average) = self.begun.elapsed().checked_div(self.allowed - self.left) {
            self.task = (self.task * 3 + average) / 4;
        }
    }

    /// The worker has polled.
    pub(crate) fn has_polled(&mut self) {
        *self = Pace { begun: Instant::now(), allowed: 0, left: 0, task: self.task };
        self.allow(BETWEEN_POLLS);
    }

    /// Allows as many tasks as are done in that time at the present pace.
    fn allow(&mut self, time: Duration) {
        let fit = nanos(time).checked_div(nanos(self.task)).unwrap_or(u64::MAX);
        let most = TASKS_BETWEEN_LOOKS.min(TASKS_BETWEEN_POLLS - self.allowed);
        self.left = u32::try_from(fit).unwrap_or(u32::MAX).clamp(1, most);
        self.allowed += self.left;
    }

    /// Whether another worker is to be woken for so many tasks that can run: never for one, which this one runs at once.
    pub(crate) fn is_worth_sharing(&self, tasks: usize) -> bool {
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        tasks >= 2 && self.task.saturating_mul(tasks) >= WORTH_SHARING
    }
}

/// In 64 bits, which one instruction divides, and which last for 584 years.
fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::{BETWEEN_POLLS, Pace, TASKS_BETWEEN_LOOKS, TASKS_BETWEEN_POLLS, WORTH_SHARING};

    /// How many tasks it runs until it polls, each of which takes so long.
    fn run(pace: &mut Pace, task: Duration) -> u32 {
        let mut ran = 0;
        while !pace.is_over() {
            pace.takes_one();
            std::thread::sleep(task);
            ran += 1;
        }
        pace.learn();
        pace.has_polled();
        ran
    }

    #[test]
    fn tasks_that_nobody_has_seen_are_worth_sharing_and_one_never_is() {
        let pace = Pace::unknown();
        assert!(pace.is_worth_sharing(2) && pace.is_worth_sharing(usize::MAX));
        assert!(!pace.is_worth_sharing(1) && !pace.is_worth_sharing(0));
    }

    #[test]
    fn of_short_tasks_many_are_worth_sharing_and_of_long_ones_two() {
        let mut pace = Pace::unknown();
        let learns = (0..100).any(|_| {
            run(&mut pace, Duration::ZERO);
            !pace.is_worth_sharing(2)
        });
        assert!(learns, "a task that does nothing takes {:?}", pace.task);
        for _ in 0..10 {
            run(&mut pace, WORTH_SHARING);
        }
        assert!(pace.is_worth_sharing(2));
    }

    #[test]
    fn as_many_short_tasks_as_a_poll_may_bring_run_between_two_polls_and_of_long_ones_few() {
        let mut pace = Pace::unknown();
        // A busy machine may take its time between them.
        let most = (0..100).map(|_| run(&mut pace, Duration::ZERO)).max();
        assert_eq!(most, Some(TASKS_BETWEEN_POLLS));
        let sudden = run(&mut pace, BETWEEN_POLLS);
        assert!((1..=TASKS_BETWEEN_LOOKS).contains(&sudden), "{sudden} tasks, each as long as all may be");
        for _ in 0..10 {
            run(&mut pace, BETWEEN_POLLS);
        }
        assert_eq!(run(&mut pace, BETWEEN_POLLS), 1);
    }

    #[test]
    fn no_task_says_nothing() {
        let mut pace = Pace::unknown();
        pace.has_polled();
        std::thread::sleep(Duration::from_millis(1));
        pace.learn();
        assert_eq!(pace.task, WORTH_SHARING);
    }
}
