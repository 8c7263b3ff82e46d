//! A worker: runs tasks, polls once in a while, looks for others' work, and sleeps when there is none.
//!
//! Go: `runtime.schedule`, `runtime.findRunnable`
//!
//! ```text
//!   own queue ──► injector ──► if another worker runs: poll without sleeping ──► steal ──► sleep, in the poller or beside
//!       ▲                                                                                        │
//!       └────────────────────────────── what the poll made runnable ◄────────────────────────────┘
//! ```

use foreign::event;
use netfd::Parker;

use crate::local::{self, Local};
use crate::pace::Pace;
use crate::park::park;
use crate::pleas::{Behind, Ticks};
use crate::scheduler::Scheduler;
use crate::sync::Arc;
use crate::sync::queues::Queue;
use crate::tasks::Runnable;

/// A worker's life on its thread.
///
/// Go: `runtime.schedule`
#[doc(alias = "schedule")]
pub(crate) fn run(scheduler: &Arc<Scheduler>, seat: usize) {
    // Called for by a task that ended its own runtime and then blocks: there is nothing left to run.
    let Some(netpoll) = scheduler.netpoll() else { return };
    let (queue, ticks) = (Queue::new(), Ticks::new());
    let parker = if scheduler.is_alone() {
        Parker::for_worker(&netpoll)
    } else {
        // Weak, for the scheduler holds what wakes this parker.
        let (weak, behind) = (Arc::downgrade(scheduler), Behind::new(&queue, &ticks));
        Parker::for_watched_worker(&netpoll, move || {
            if let Some(scheduler) = weak.upgrade() {
                scheduler.held_up(&behind);
            }
        })
    };
    let unparker = parker.unparker();
    let inherited = scheduler.sit_down(seat, queue.stealer(), unparker.clone());
    while let Some(task) = inherited.steal() {
        queue.push(task);
    }
    let local = Local::new(scheduler, seat, queue, unparker);
    event!("runtime", TRACE, worker = seat, "starts");
    local::with_current(scheduler, || {
        local::become_worker(local, |local| {
            Worker { local, parker, victim: seat, pace: Pace::unknown(), ticks }.work();
            // From now on what is woken here goes the way of what is woken outside, and so does what is left.
            local.replaced.set(true);
            while let Some(task) = local.queue.pop() {
                scheduler.inject(task);
            }
            if local.orphaned.get() {
                scheduler.sweep_until(0);
            }
        });
    });
    event!("runtime", TRACE, worker = seat, "ends");
}

struct Worker<'a> {
    local: &'a Local,
    parker: Parker,
    /// Where it begins to look for others' work.
    victim: usize,
    /// How long its tasks take, and whether it is time to poll.
    pace: Pace,
    /// How many tasks it has begun.
    ticks: Ticks,
}

impl Worker<'_> {
    /// Runs tasks until the runtime ends or another thread has the seat.
    fn work(&mut self) {
        let live = &self.local.scheduler.live;
        if !self.local.scheduler.is_alone() {
            self.local.share_from(self.pace.worth_sharing());
        }
        while let Some(task) = self.next() {
            self.ticks.begins_one();
            live.run(task);
            if self.local.replaced.get() {
                break;
            }
        }
    }

    /// The next task; none once the runtime has ended, or another thread has the seat.
    fn next(&mut self) -> Option<Runnable> {
        let scheduler = &self.local.scheduler;
        if scheduler.has_ended() {
            // What it has just run may have been the last task.
            scheduler.tell_ender();
            return None;
        }
        if self.pace.is_due()
            && let Some(first) = self.look_up()
        {
            return Some(first);
        }
        self.pace.takes_one();
        self.local.queue.pop().or_else(|| self.search())
    }

    /// It has run some tasks: it looks at the clock, at what lies behind others' tasks and what comes from outside, and if it is
    /// time, at the poller.
    #[cold]
    fn look_up(&mut self) -> Option<Runnable> {
        let Local { scheduler, queue, .. } = self.local;
        if !self.pace.is_over(queue.len()) {
            self.parker.heartbeat();
            return scheduler.pleas.answer().or_else(|| scheduler.pop_one());
        }
        let first = scheduler.pop_batch(queue);
        self.poll_now();
        first.or_else(|| scheduler.pleas.answer())
    }

    /// Looks beyond its own queue, which is empty. Polls wake others' tasks, whose wakers may block: then it is replaced.
    ///
    /// Go: `runtime.findRunnable`
    #[doc(alias = "findRunnable")]
    #[cold]
    fn search(&mut self) -> Option<Runnable> {
        loop {
            let task = self.look_around();
            if self.local.scheduler.has_ended() {
                // Who ends it drops it: what the task owns may be another runtime, whose end would have to wait for this thread.
                task.into_iter().for_each(|task| self.local.scheduler.inject(task));
                return None;
            }
            if task.is_some() {
                self.local.stop_searching();
                return task;
            }
            if self.local.replaced.get() {
                return None;
            }
            self.sleep();
        }
    }

    fn look_around(&mut self) -> Option<Runnable> {
        let Local { scheduler, queue, seat, .. } = self.local;
        if self.local.replaced.get() {
            return None;
        }
        // What the sleep's poll has brought.
        if let Some(task) = queue.pop().or_else(|| scheduler.pop_batch(queue)) {
            return Some(task);
        }
        let others_run = || scheduler.idle.count() + 1 < scheduler.workers();
        if !self.local.searches.get() {
            if scheduler.is_alone() || !others_run() {
                return None;
            }
            self.local.start_searching();
        }
        self.poll_now();
        if self.local.replaced.get() {
            return None;
        }
        // One of the others in any case: its tasks have waited longer than what the poll has brought, and would wait on for as
        // long as polls bring something, if the kernel keeps that worker from its processor or a task does not yield there.
        let victims = if queue.len() > 0 { 1 } else { scheduler.workers() };
        self.victim = self.victim.wrapping_add(1);
        scheduler.steal(*seat, self.victim, victims, queue);
        queue.pop()
    }

    /// Sleeps, unless a task comes before it does.
    fn sleep(&mut self) {
        let Local { scheduler, queue, seat, .. } = self.local;
        self.local.lie_down();
        let has_work = queue.len() > 0 || scheduler.has_work_beside(Some(*seat));
        let parks = !has_work && !scheduler.has_ended();
        if parks {
            event!("runtime", TRACE, worker = seat, "parks");
            if !scheduler.is_alone() {
                self.pace.learn();
            }
            self.local.keep_to_itself();
            park(&mut self.parker);
        }
        self.local.get_up();
        if self.local.replaced.get() {
            return;
        }
        if parks {
            self.polled();
        }
        if has_work {
            // It may be in the queue of one that has not got up yet, though its poll has ended, and so does not count as
            // running: whoever sees that work looks for it.
            self.local.start_searching();
        }
    }

    fn poll_now(&mut self) {
        self.pace.learn();
        self.local.keep_to_itself();
        if let Err(error) = self.parker.poll_now() {
            event!("runtime", ERROR, %error, "the kernel's wait failed");
        }
        self.polled();
    }

    /// A poll has filled the queue: another worker is woken if that is worth sharing, or what comes.
    fn polled(&mut self) {
        let Local { scheduler, queue, .. } = self.local;
        if !scheduler.is_alone() {
            self.local.share_from(self.pace.worth_sharing());
        }
        self.pace.has_polled(queue.len());
    }
}
