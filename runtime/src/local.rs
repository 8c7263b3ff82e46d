//! What a thread knows of itself: which worker it is, and which runtime [`crate::go`] means on it.

use std::cell::{Cell, OnceCell, RefCell};

use netfd::Unparker;

use crate::scheduler::Scheduler;
use crate::sync::queues::Queue;
use crate::sync::{Arc, per_thread};
use crate::tasks::Runnable;

per_thread! {
    /// The runtime that [`crate::go`] means on this thread.
    static CURRENT: RefCell<Option<Arc<Scheduler>>> = RefCell::new(None);
}

per_thread! {
    /// The worker that this thread is, for as long as it lives. It may run something for another runtime than its own, so
    /// the one above does not tell.
    static WORKER: OnceCell<Local> = OnceCell::new();
}

/// A worker, as its own thread knows it.
pub(crate) struct Local {
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) seat: usize,
    pub(crate) queue: Queue<Runnable>,
    pub(crate) unparker: Unparker,
    /// From so many tasks in its queue on another worker is woken for them.
    share_from: Cell<usize>,
    /// Whether it is counted among those who search.
    pub(crate) searches: Cell<bool>,
    /// Whether it has lain down, in its seat's name.
    pub(crate) lies: Cell<bool>,
    /// Another thread sits in its seat: this one ends with its present task.
    pub(crate) replaced: Cell<bool>,
    /// Its own thread has ended its runtime: nobody waits for it, nor drops what it leaves.
    pub(crate) orphaned: Cell<bool>,
}

/// The runtime that runs this thread. None on one that ends and has lost its values, whose last destructors run.
pub(crate) fn current() -> Option<Arc<Scheduler>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Runs `inside` on a thread whose [`crate::go`] means `scheduler`.
pub(crate) fn with_current<T>(scheduler: &Arc<Scheduler>, inside: impl FnOnce() -> T) -> T {
    let outer = CURRENT.try_with(|current| current.replace(Some(scheduler.clone())));
    let _restore = outer.ok().map(Restore);
    inside()
}

struct Restore(Option<Arc<Scheduler>>);

impl Drop for Restore {
    fn drop(&mut self) {
        let own = CURRENT.with(|current| current.replace(self.0.take()));
        drop(own);
    }
}

/// Makes this thread a worker, for as long as it lives.
pub(crate) fn become_worker(local: Local, life: impl FnOnce(&Local)) {
    WORKER.with(|worker| life(worker.get_or_init(|| local)));
}

/// The worker that this thread is; not if another thread sits in its seat.
pub(crate) fn with_worker<T>(inside: impl FnOnce(Option<&Local>) -> T) -> T {
    let mut inside = Some(inside);
    let mut call = |local: Option<&Local>| inside.take().map(|inside| inside(local));
    let called = WORKER.try_with(|worker| call(worker.get().filter(|local| !local.replaced.get())));
    called.ok().flatten().or_else(|| call(None)).expect("it is called once")
}

/// Which worker of `scheduler` this thread is.
pub(crate) fn seat(scheduler: &Scheduler) -> Option<usize> {
    let seat =
        WORKER.try_with(|worker| worker.get().filter(|local| local.is_of(scheduler)).map(|local| local.seat));
    seat.ok().flatten()
}

/// Whether this thread is a worker of `scheduler`, which it is about to end; remembered if so.
pub(crate) fn ends_its_own(scheduler: &Scheduler) -> bool {
    let of = |local: &&Local| std::ptr::eq(Arc::as_ptr(&local.scheduler), scheduler);
    let mark = |local: &Local| local.orphaned.set(true);
    WORKER.try_with(|worker| worker.get().filter(of).map(mark).is_some()).unwrap_or(false)
}

/// Whether this thread is a worker of a runtime that has ended, also if another has taken its seat.
pub(crate) fn is_of_one_that_ended() -> bool {
    WORKER.try_with(|worker| worker.get().is_some_and(|local| local.scheduler.has_ended())).unwrap_or(false)
}

/// Puts a task into this thread's own queue; it comes back if this thread is no worker of `scheduler`.
pub(crate) fn push(scheduler: *const Scheduler, task: Runnable) -> Option<Runnable> {
    let mut task = Some(task);
    // A thread that ends has lost its values.
    let _ = WORKER.try_with(|worker| {
        if let Some(local) = worker.get()
            && local.is_of(scheduler)
            && let Some(task) = task.take()
        {
            local.queue.push(task);
            local.share();
        }
    });
    task
}

/// No queue has so many.
const NEVER: usize = usize::MAX;

impl Local {
    /// A worker that has just sat down.
    pub(crate) fn new(
        scheduler: &Arc<Scheduler>,
        seat: usize,
        queue: Queue<Runnable>,
        unparker: Unparker,
    ) -> Local {
        Local {
            scheduler: scheduler.clone(),
            seat,
            queue,
            unparker,
            share_from: Cell::new(NEVER),
            searches: Cell::new(false),
            lies: Cell::new(false),
            replaced: Cell::new(false),
            orphaned: Cell::new(false),
        }
    }

    /// It is about to poll: what comes meanwhile is shared afterwards.
    pub(crate) fn keep_to_itself(&self) {
        self.share_from.set(NEVER);
    }

    /// It begins, or has polled: from so many tasks on another worker is woken for them.
    pub(crate) fn share_from(&self, tasks: usize) {
        self.share_from.set(tasks);
        if self.queue.len() >= tasks {
            self.scheduler.wake_one();
        }
    }

    /// Wakes another worker if there is enough for both. One that lies down at this moment may be missed: the next task, the next
    /// poll or the stand-by sees to it.
    #[inline]
    fn share(&self) {
        let tasks = self.share_from.get();
        if tasks != NEVER && self.queue.len() >= tasks && self.scheduler.idle.some_sleep() {
            self.scheduler.wake_one();
        }
    }

    /// It lies down, and no longer searches. What it looks at afterwards tells whether it sleeps.
    pub(crate) fn lie_down(&self) {
        self.scheduler.idle.lie_down(self.seat, self.searches.replace(false));
        self.lies.set(true);
    }

    /// It gets up, unless it has been replaced while it lay; it searches if another got it up.
    pub(crate) fn get_up(&self) {
        if self.lies.replace(false) {
            self.searches.set(self.scheduler.idle.get_up(self.seat));
        }
    }

    /// It looks for work that is not its own.
    pub(crate) fn start_searching(&self) {
        if !self.searches.replace(true) {
            self.scheduler.idle.start_searching();
        }
    }

    /// It no longer searches: the last one to do so wakes another if there is more.
    pub(crate) fn stop_searching(&self) {
        if self.searches.replace(false) {
            self.scheduler.found();
        }
    }

    fn is_of(&self, scheduler: *const Scheduler) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.scheduler), scheduler) && !self.replaced.get()
    }
}
