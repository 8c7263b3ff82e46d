//! What the workers of a runtime share: the queues, who sleeps, the live tasks.
//!
//! Go: `runtime.schedt`
//!
//! ```text
//!   woken on a worker ────────────► its own queue ◄──── half of it ──── another worker that searches
//!   woken anywhere else ─► injector ──► the worker that looks first
//! ```
//!
//! No task runs, wakes or is dropped under a lock. Nor is one dropped where it is woken, for whoever wakes may hold any lock of
//! theirs: after a shutdown too it is queued, and the shutdown goes on until no task is left.

use std::cell::RefCell;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use foreign::event;
use netfd::{Netpoll, Unparker};

use crate::JoinHandle;
use crate::idle::Idle;
use crate::local;
use crate::pleas::{Behind, Pleas};
use crate::sync::queues::{Injector, Queue, Stealer};
use crate::sync::{Arc, AtomicBool, Mutex, fence, lock, per_thread, thread};
use crate::tasks::{self, Live, Runnable};
use crate::threads::Threads;

per_thread! {
    /// What this thread drops at this moment.
    static DISCARDS: RefCell<Discards> = RefCell::new(Discards { depth: 0, put_off: Vec::new() });
}

/// How long whoever shuts a runtime down waits until it is told.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How deeply dropping a task may nest, when its destructors start tasks, which are dropped in their turn. Deeper ones wait, so that a
/// long chain does not overflow the stack.
const DEEPEST: usize = 16;

/// What a thread drops.
#[derive(Default)]
struct Discards {
    depth: usize,
    put_off: Vec<Runnable>,
}

/// What the workers of a runtime share.
///
/// Go: `runtime.schedt`
#[doc(alias = "schedt")]
pub(crate) struct Scheduler {
    /// None once the runtime has ended: tasks' wakers and handles keep the scheduler, and are not to keep the poller.
    netpoll: Mutex<Option<Netpoll>>,
    injector: Injector<Runnable>,
    seats: Box<[Mutex<Seat>]>,
    pub(crate) idle: Idle,
    pub(crate) pleas: Pleas<Runnable>,
    pub(crate) live: Live,
    pub(crate) threads: Threads,
    shut_down: AtomicBool,
    /// The thread that shuts it down, which drops what comes.
    ender: Mutex<Option<thread::Thread>>,
}

/// What others need of a worker. Who sits in it may change: a thread that blocks gives it to another.
///
/// Go: `runtime.p`
#[doc(alias = "runtime.p")]
struct Seat {
    stealer: Stealer<Runnable>,
    unparker: Option<Unparker>,
}

impl Scheduler {
    pub(crate) fn new(netpoll: Netpoll, workers: usize) -> Scheduler {
        let empty = || Mutex::new(Seat { stealer: Queue::new().stealer(), unparker: None });
        Scheduler {
            netpoll: Mutex::new(Some(netpoll)),
            injector: Injector::new(),
            seats: (0..workers).map(|_| empty()).collect(),
            idle: Idle::new(workers),
            pleas: Pleas::new(),
            live: Live::new(workers),
            threads: Threads::new(),
            shut_down: AtomicBool::new(false),
            ender: Mutex::new(None),
        }
    }

    /// The poller; none once the runtime has ended.
    pub(crate) fn netpoll(&self) -> Option<Netpoll> {
        lock(&self.netpoll).clone()
    }

    pub(crate) fn workers(&self) -> usize {
        self.seats.len()
    }

    /// Whether there is one worker only.
    pub(crate) fn is_alone(&self) -> bool {
        self.seats.len() == 1
    }

    /// Whether it has been shut down.
    pub(crate) fn has_ended(&self) -> bool {
        self.shut_down.load(Relaxed)
    }

    /// Starts a task.
    pub(crate) fn spawn<F>(scheduler: &Arc<Scheduler>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = tasks::new(scheduler, future);
        scheduler.live.add(local::seat(scheduler).unwrap_or(0), &task);
        event!("runtime", TRACE, task = task.metadata().number.load(Relaxed), "go");
        // After it was added: a shutdown that this does not see yet finds the task alive, and stays until it is gone.
        if scheduler.has_ended() {
            scheduler.discard(task);
            return JoinHandle::new(handle);
        }
        match local::push(Arc::as_ptr(scheduler), task) {
            // The starter may run on for long.
            None if !scheduler.is_alone() => scheduler.wake_one(),
            None => {}
            Some(task) => scheduler.inject(task),
        }
        JoinHandle::new(handle)
    }

    /// A task can run. On a worker's thread nobody is woken for it, unless that worker has enough for two: it looks for its next
    /// task soon, and if its present one does not yield, the stand-by sees to it.
    ///
    /// Go: `runtime.ready`
    #[doc(alias = "ready")]
    pub(crate) fn schedule(task: Runnable) {
        // Once it is queued, the task and what it knows may be gone at any time.
        if let Some(task) = local::push(Arc::as_ptr(&task.metadata().scheduler), task) {
            let scheduler = task.metadata().scheduler.clone();
            scheduler.inject(task);
        }
    }

    /// A task comes from outside.
    ///
    /// Go: `runtime.globrunqput`
    #[doc(alias = "globrunqput")]
    pub(crate) fn inject(&self, task: Runnable) {
        self.injector.push(task);
        self.wake_one();
        // After the fence in there: either this is seen, or the shutdown sees the task.
        self.tell_ender();
    }

    /// Something has come or gone that whoever shuts the runtime down waits for.
    pub(crate) fn tell_ender(&self) {
        if self.has_ended() {
            let ender = lock(&self.ender).clone();
            ender.iter().for_each(thread::Thread::unpark);
        }
    }

    /// Wakes a worker for a task that has come, unless one searches already: the one that drives only if all others run.
    ///
    /// Go: `runtime.wakep`
    #[doc(alias = "wakep")]
    pub(crate) fn wake_one(&self) {
        while self.idle.may_wake() {
            if let Some(seat) = self.claim_sleeper() {
                return self.unpark(seat);
            }
            // They got up by themselves. Who relied on this search is seen to.
            self.idle.stop_searching();
            if !self.has_work() {
                return;
            }
        }
    }

    fn claim_sleeper(&self) -> Option<usize> {
        let drives =
            |seat: usize| lock(&self.seats[seat]).unparker.as_ref().is_some_and(Unparker::is_driving);
        let (drivers, beside): (Vec<usize>, Vec<usize>) =
            self.idle.sleepers().partition(|seat| drives(*seat));
        beside.into_iter().chain(drivers).find(|seat| self.idle.claim(*seat))
    }

    fn unpark(&self, seat: usize) {
        let unparker = lock(&self.seats[seat]).unparker.clone();
        unparker.iter().for_each(Unparker::unpark);
    }

    /// Whether there is a task in any queue.
    pub(crate) fn has_work(&self) -> bool {
        self.has_work_beside(None)
    }

    /// Whether there is a task in any queue, but for that of the worker who asks: it knows its own.
    pub(crate) fn has_work_beside(&self, own: Option<usize>) -> bool {
        let mut others = self.seats.iter().enumerate().filter(|(seat, _)| Some(*seat) != own);
        !self.injector.is_empty() || others.any(|(_, seat)| !lock(seat).stealer.is_empty())
    }

    /// A worker found something outside of its own queue: the last one to search wakes another if there is more.
    ///
    /// Go: `runtime.resetspinning`
    #[doc(alias = "resetspinning")]
    pub(crate) fn found(&self) {
        if self.idle.stop_searching() && self.has_work() {
            self.wake_one();
        }
    }

    /// The stand-by sees a worker that has run for long: what lies in its queue is others' work. One that sleeps is woken to take it,
    /// and there is a plea to those that are never without a task of their own.
    ///
    /// Differs: Go hands the whole P to another thread, its queue with it.
    ///
    /// Go: `runtime.handoffp`
    #[doc(alias = "handoffp")]
    pub(crate) fn held_up(&self, behind: &Behind<Runnable>) {
        self.pleas.make(behind);
        if !self.has_work() {
            return;
        }
        // Though somebody searches: that may be the one that is held up, by a waker that its poll has called.
        self.idle.start_searching();
        match self.claim_sleeper() {
            Some(seat) => self.unpark(seat),
            None => self.found(),
        }
    }

    /// The first of those that came from outside.
    ///
    /// Go: `runtime.globrunqget`
    #[doc(alias = "globrunqget")]
    pub(crate) fn pop_one(&self) -> Option<Runnable> {
        // Mostly there are none.
        if self.injector.is_empty() { None } else { self.injector.pop() }
    }

    /// Some of those that came from outside: the first is returned.
    pub(crate) fn pop_batch(&self, queue: &Queue<Runnable>) -> Option<Runnable> {
        self.injector.pop_batch(queue)
    }

    /// Takes half of another worker's tasks into `queue`. It looks at so many `victims`, beginning at `from`.
    ///
    /// Go: `runtime.stealWork`
    #[doc(alias = "stealWork")]
    pub(crate) fn steal(&self, thief: usize, from: usize, victims: usize, queue: &Queue<Runnable>) -> bool {
        let workers = self.seats.len();
        let others = (0..workers).map(|step| (from + step) % workers).filter(|victim| *victim != thief);
        others.take(victims).any(|victim| {
            let stealer = {
                let seat = lock(&self.seats[victim]);
                (!seat.stealer.is_empty()).then(|| seat.stealer.clone())
            };
            stealer.is_some_and(|stealer| stealer.steal_half(queue))
        })
    }

    /// Sits down in a worker's seat; returns the other end of the queue of whoever sat there before.
    pub(crate) fn sit_down(
        &self,
        seat: usize,
        stealer: Stealer<Runnable>,
        unparker: Unparker,
    ) -> Stealer<Runnable> {
        let seat = &mut *lock(&self.seats[seat]);
        seat.unparker = Some(unparker);
        std::mem::replace(&mut seat.stealer, stealer)
    }

    /// Ends the workers and drops the tasks; all but the one that calls this, if it is one of them.
    pub(crate) fn shut_down(&self) {
        let own = usize::from(local::ends_its_own(self));
        *lock(&self.ender) = Some(thread::current());
        // The fence: either whoever brings a task sees this, or the task is seen below.
        self.shut_down.store(true, Relaxed);
        fence(SeqCst);
        (0..self.seats.len()).for_each(|seat| self.unpark(seat));
        self.sweep_until(own);
        self.threads.join_all();
        for seat in &self.seats {
            let unparker = lock(seat).unparker.take();
            drop(unparker);
        }
        let netpoll = lock(&self.netpoll).take();
        if let Some(netpoll) = netpoll {
            netpoll.shutdown();
        }
    }

    /// Drops tasks until no more than so many are left and every worker has ended, but for the one whose thread this may be.
    pub(crate) fn sweep_until(&self, left: usize) {
        loop {
            // A task that waits is queued by its waker. One that runs or is being woken comes later, or goes by itself.
            self.live.wake_all();
            self.drain();
            if self.threads.others_have_ended() && self.live.count() <= left {
                return;
            }
            // Or else it looks again by itself: what a worker brings to its own queue tells nobody.
            thread::park_timeout(LOOK_AGAIN);
        }
    }

    /// Drops what is queued. What that wakes is queued in its turn, and dropped here too.
    fn drain(&self) {
        // This runtime may be what a task of another one owned, which this thread drops: that one's discard is not over.
        let outer = DISCARDS.try_with(RefCell::take).unwrap_or_default();
        loop {
            let stolen = || {
                self.seats.iter().find_map(|seat| {
                    let stealer = lock(seat).stealer.clone();
                    stealer.steal()
                })
            };
            let Some(task) = self.injector.pop().or_else(stolen) else { break };
            self.discard(task);
        }
        let _ = DISCARDS.try_with(|discards| discards.replace(outer));
    }

    /// Drops a task instead of running it. What its destructors start is of this runtime and is dropped at once, for they may wait
    /// for it.
    pub(crate) fn discard(&self, task: Runnable) {
        let mut next = enter(task);
        while let Some(task) = next {
            let scheduler = task.metadata().scheduler.clone();
            local::with_current(&scheduler, || scheduler.live.discard(task));
            next = leave();
            scheduler.tell_ender();
        }
    }
}

/// A task is to be dropped by this thread: now, unless it is deep in others.
fn enter(task: Runnable) -> Option<Runnable> {
    let mut task = Some(task);
    // A thread that ends has lost its values.
    let _ = DISCARDS.try_with(|discards| {
        let mut discards = discards.borrow_mut();
        if discards.depth == DEEPEST {
            discards.put_off.extend(task.take());
        } else {
            discards.depth += 1;
        }
    });
    task
}

/// One has been dropped; the outermost goes on with what was put off.
fn leave() -> Option<Runnable> {
    let next = DISCARDS.try_with(|discards| {
        let mut discards = discards.borrow_mut();
        let next = if discards.depth == 1 { discards.put_off.pop() } else { None };
        if next.is_none() {
            discards.depth -= 1;
        }
        next
    });
    next.ok().flatten()
}
