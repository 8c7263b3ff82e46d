//! How long a worker's tasks take: so that it polls often enough, and another worker is woken only for work that is worth it.
//!
//! Differs: Go wakes a worker for every goroutine that can run, unless one searches already. To wake a thread costs some
//! microseconds on both sides, and what it then takes over it takes to cold caches. And Go looks at its global queue after
//! 61 goroutines, however long they take, and polls only when it has nothing to run.

use std::time::Duration;

use netfd::Parker;

use crate::sync::Instant;

/// What is less work than this the worker that has it does alone: until another was there, some 50 µs later, a sixth of it
/// would be done, and with cold caches the other would save less than half. If no processor is idle it takes that of
/// somebody else: of whoever sends the requests, with which it then changes places for each of them, as measured with 150 µs at
/// 50 connections (`docs/performance.md`).
const WORTH_SHARING: Duration = Duration::from_micros(300);

/// After so much time without a poll a worker polls, and takes a batch of what has come from outside, so that neither starves
/// under full load: as soon as its present task yields. A look at the clock before that takes one task from outside.
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

/// It looks at the clock after so many: tasks may suddenly take longer than those before. And after as many as it has in its queue, before
/// the same ones come again.
const TASKS_BETWEEN_LOOKS: u32 = 16;

/// It may run so many without a look though it has fewer: or a task that is alone and yields again and again would pay for a look each
/// time.
const TURNS_BETWEEN_LOOKS: u32 = 4;

/// The pace of one worker. Times are in nanoseconds.
pub(crate) struct Pace {
    /// When the last poll ended.
    begun: Instant,
    /// When it last looked at the clock, from then on.
    looked: u64,
    /// How many tasks it was allowed since the last poll, how many of them at the last look, and how many it has not taken.
    allowed: u32,
    batch: u32,
    left: u32,
    /// How long a task takes: an average in which older ones count less and less.
    task: u64,
    /// The same of the slowest batch between two looks. An average says little of long tasks beside many short ones.
    slow: u64,
}

impl Pace {
    /// Of a worker whose tasks nobody has seen yet: each of them may be worth sharing.
    pub(crate) fn unknown() -> Pace {
        let begun = Instant::now();
        Pace { begun, looked: 0, allowed: 1, batch: 1, left: 1, task: nanos(WORTH_SHARING), slow: 0 }
    }

    /// Whether it is time to look at the clock.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.left == 0
    }

    /// The worker takes a task.
    #[inline]
    pub(crate) fn takes_one(&mut self) {
        self.left -= 1;
    }

    /// Looks at the clock: whether it is time to poll, rather than to take another of the tasks that are `queued`.
    pub(crate) fn is_over(&mut self, queued: usize) -> bool {
        let left = nanos(BETWEEN_POLLS).saturating_sub(self.spent());
        let over = left == 0 || self.allowed >= TASKS_BETWEEN_POLLS;
        if !over {
            self.allow(left, queued);
        }
        over
    }

    /// Learns from the tasks since the last poll.
    pub(crate) fn learn(&mut self) {
        let (spent, ran) = (self.spent(), self.allowed - self.left);
        if let Some(average) = spent.checked_div(ran.into()) {
            self.task = (self.task * 3 + average) / 4;
        }
    }

    /// The worker has polled, and has so many tasks now.
    pub(crate) fn has_polled(&mut self, queued: usize) {
        self.begun = Instant::now();
        (self.looked, self.allowed, self.slow) = (0, 0, self.slow / 4 * 3);
        self.allow(nanos(BETWEEN_POLLS), queued);
    }

    /// The time since the last poll.
    #[inline]
    fn spent(&mut self) -> u64 {
        let spent = nanos(self.begun.elapsed());
        let batch = spent.saturating_sub(self.looked).checked_div((self.batch - self.left).into());
        self.slow = self.slow.max(batch.unwrap_or_default());
        self.looked = spent;
        spent
    }

    /// Allows as many of the queued tasks as are done in that time at the present pace.
    #[inline]
    fn allow(&mut self, time: u64, queued: usize) {
        let fit = time.checked_div(self.task.max(self.slow)).unwrap_or(u64::MAX);
        let turns = narrow(queued as u64).max(TURNS_BETWEEN_LOOKS);
        let most = turns.min(TASKS_BETWEEN_LOOKS).min(TASKS_BETWEEN_POLLS - self.allowed);
        self.batch = narrow(fit).clamp(1, most);
        self.left = self.batch;
        self.allowed += self.batch;
    }

    /// From how many tasks on that can run another worker is to be woken for them: never for one, which this one runs at once.
    pub(crate) fn worth_sharing(&self) -> usize {
        nanos(WORTH_SHARING).div_ceil(self.task.max(1)).max(2) as usize
    }
}

/// As many as are counted here.
fn narrow(tasks: u64) -> u32 {
    u32::try_from(tasks).unwrap_or(u32::MAX)
}

/// In 64 bits, which one instruction divides, and which last for 584 years.
fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::{
        BETWEEN_POLLS, Pace, TASKS_BETWEEN_LOOKS, TASKS_BETWEEN_POLLS, TURNS_BETWEEN_LOOKS, WORTH_SHARING,
        nanos,
    };

    /// How many tasks it runs until it polls, of which it always has so many, and each of which takes so long.
    fn run(pace: &mut Pace, queued: usize, task: impl Fn(u32) -> Duration) -> u32 {
        let mut ran = 0;
        while !(pace.is_due() && pace.is_over(queued)) {
            pace.takes_one();
            std::thread::sleep(task(ran));
            ran += 1;
        }
        pace.learn();
        pace.has_polled(queued);
        ran
    }

    /// More than it runs between two looks.
    const MANY: usize = 1000;

    fn at_once(_: u32) -> Duration {
        Duration::ZERO
    }

    #[test]
    fn tasks_that_nobody_has_seen_are_worth_sharing_and_one_never_is() {
        assert_eq!(Pace::unknown().worth_sharing(), 2);
    }

    #[test]
    fn of_short_tasks_many_are_worth_sharing_and_of_long_ones_two() {
        let mut pace = Pace::unknown();
        let learns = (0..100).any(|_| {
            run(&mut pace, MANY, at_once);
            pace.worth_sharing() > 2
        });
        assert!(learns, "a task that does nothing takes {} ns", pace.task);
        for _ in 0..10 {
            run(&mut pace, MANY, |_| WORTH_SHARING);
        }
        assert_eq!(pace.worth_sharing(), 2);
    }

    #[test]
    fn as_many_short_tasks_as_a_poll_may_bring_run_between_two_polls_and_of_long_ones_few() {
        let mut pace = Pace::unknown();
        // A busy machine may take its time between them.
        let most = (0..100).map(|_| run(&mut pace, MANY, at_once)).max();
        assert_eq!(most, Some(TASKS_BETWEEN_POLLS));
        let sudden = run(&mut pace, MANY, |_| BETWEEN_POLLS);
        assert!((1..=TASKS_BETWEEN_LOOKS).contains(&sudden), "{sudden} tasks, each as long as all may be");
        for _ in 0..10 {
            run(&mut pace, MANY, |_| BETWEEN_POLLS);
        }
        assert_eq!(run(&mut pace, MANY, |_| BETWEEN_POLLS), 1);
    }

    #[test]
    fn a_task_that_is_alone_has_few_turns_until_it_is_seen_to_be_long() {
        let mut pace = Pace::unknown();
        for _ in 0..100 {
            run(&mut pace, MANY, at_once);
        }
        run(&mut pace, 1, at_once);
        let alone = run(&mut pace, 1, |_| BETWEEN_POLLS);
        assert!(alone <= TURNS_BETWEEN_LOOKS, "{alone} turns, each as long as all may be");
    }

    #[test]
    fn a_long_task_is_known_though_many_short_ones_ran_since() {
        let mut pace = Pace::unknown();
        run(&mut pace, 1, |_| BETWEEN_POLLS);
        // By the average, which these move, it would have four turns again.
        for _ in 0..2 {
            run(&mut pace, 1, at_once);
        }
        let alone = run(&mut pace, 1, |_| BETWEEN_POLLS);
        assert!(alone < TURNS_BETWEEN_LOOKS, "{alone} turns, each as long as all may be");
    }

    #[test]
    fn no_task_says_nothing() {
        let mut pace = Pace::unknown();
        pace.has_polled(0);
        std::thread::sleep(Duration::from_millis(1));
        pace.learn();
        assert_eq!(pace.task, nanos(WORTH_SHARING));
    }
}
