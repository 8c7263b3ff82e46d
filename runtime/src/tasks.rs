//! A task: its future, its number in the list of live tasks, and its end.
//!
//! ```text
//!   ┌──────────────────────┬───────────────────┬──────────────────┐
//!   │ header of async-task │ scheduler, number │ future or result │   one allocation
//!   └──────────────────────┴───────────────────┴──────────────────┘
//!         ▲ one waker
//!   live tasks, in shards: whom a shutdown has to end
//! ```
//!
//! Beyond its future a task costs 56 bytes in its allocation (and 8 where the future has no unused value for "gone"), and 16
//! in the list. A future of 2 KiB or more has an allocation of its own.
//!
//! A task that ends leaves the list. Its future knows neither its number nor its scheduler, to keep each task small:
//! whoever runs or drops a task is told by a flag of the thread that it has ended, and knows both.
//!
//! Go: `runtime.g`, `runtime.allgs`

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use foreign::{Contained, catch, event, survive};
use netfd::Parker;
use pin_project_lite::pin_project;
use slab::Slab;

use crate::JoinError;
use crate::scheduler::Scheduler;
use crate::sync::tasks::{self, FallibleTask};
use crate::sync::{Arc, Mutex, TaskNumber, lock, per_thread};

per_thread! {
    /// The future of the task that this thread runs or drops is gone.
    static ENDED: Cell<bool> = Cell::new(false);
}

/// A task that can run.
pub(crate) type Runnable = tasks::Runnable<Header>;

/// What a task's end leaves to its handle.
pub(crate) type Handle<T> = FallibleTask<Contained<Result<T, JoinError>>, Header>;

/// What a task knows beside its future.
pub(crate) struct Header {
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) number: TaskNumber,
}

/// Makes a task, which is not numbered yet.
pub(crate) fn new<F>(scheduler: &Arc<Scheduler>, future: F) -> (Runnable, Handle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let header = Header { scheduler: scheduler.clone(), number: TaskNumber::new(0) };
    tasks::spawn(header, Guarded { future: Some(future), end: End }, Scheduler::schedule)
}

/// The tasks that have not ended.
///
/// Go: `runtime.allgs`
#[doc(alias = "allgs")]
pub(crate) struct Live(Box<[Mutex<Slab<Waker>>]>);

impl Live {
    /// A list in so many shards, so that workers do not wait for one another.
    pub(crate) fn new(shards: usize) -> Live {
        Live((0..shards).map(|_| Mutex::new(Slab::new())).collect())
    }

    /// Adds a task to the shard of the worker that starts it, and numbers it.
    pub(crate) fn add(&self, shard: usize, task: &Runnable) {
        let waker = task.waker();
        let place = lock(&self.0[shard]).insert(waker);
        task.metadata().number.store((place * self.0.len() + shard) as u64, Relaxed);
    }

    fn remove(&self, number: u64) {
        let (place, shard) = (number as usize / self.0.len(), number as usize % self.0.len());
        let waker = lock(&self.0[shard]).remove(place);
        // Outside of the lock: the task may go with its last waker.
        drop(waker);
    }

    /// Wakes every task, so that a runtime that is shut down drops it. One that can run already is not reached so.
    pub(crate) fn wake_all(&self) {
        for shard in &self.0 {
            let tasks: Vec<Waker> = lock(shard).iter().map(|(_, waker)| waker.clone()).collect();
            tasks.into_iter().for_each(Waker::wake);
        }
    }

    /// How many have not ended.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Runs a task until it waits or ends.
    pub(crate) fn run(&self, task: Runnable) {
        self.watch(task, |task| {
            task.run();
        });
    }

    /// Drops a task instead of running it.
    pub(crate) fn discard(&self, task: Runnable) {
        // It may be dropped by another one.
        let outer = ENDED.with(Cell::get);
        self.watch(task, drop);
        ENDED.with(|ended| ended.set(outer));
    }

    fn watch(&self, task: Runnable, step: impl FnOnce(Runnable)) {
        let number = task.metadata().number.load(Relaxed);
        ENDED.with(|ended| ended.set(false));
        // The task's panics are its result, and those of what it leaves are contained.
        step(task);
        if ENDED.with(|ended| ended.replace(false)) {
            self.remove(number);
            event!("runtime", TRACE, task = number, "gone");
        }
    }
}

pin_project! {
    /// A future whose panic becomes its result, and whose destructor's panic is reported.
    struct Guarded<F> {
        #[pin]
        future: Option<F>,
        // Dropped after the future.
        end: End,
    }

    impl<F> PinnedDrop for Guarded<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if !survive(|| future.set(None)) {
                event!("runtime", ERROR, "a task's future panicked when it was dropped");
            }
        }
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = Contained<Result<F::Output, JoinError>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future.as_pin_mut().expect("the future is there until it is dropped");
        Parker::runs(cx.waker());
        match catch(|| future.poll(cx)) {
            Ok(polled) => polled.map(|output| Contained::new(Ok(output))),
            Err(payload) => Poll::Ready(Contained::new(Err(JoinError::panicked(payload)))),
        }
    }
}

/// Raises the flag.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        ENDED.with(|ended| ended.set(true));
    }
}
