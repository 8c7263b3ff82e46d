//! A worker: runs tasks, polls once in a while, and drives the poller when there are none.
//!
//! Go: `runtime.schedule`

use std::cell::RefCell;
use std::io;

use netfd::Parker;

use crate::idle::park;
use crate::scheduler::{Next, Scheduler, WorkerId};
use crate::sync::{Arc, catch, thread, thread_local};

/// After so many tasks without a pause a worker polls, so that input and output go on under full load.
///
/// Go polls its global queue as often.
const TASKS_BETWEEN_POLLS: u32 = 61;

thread_local! {
    /// The runtime that [`crate::go`] means on this thread, and which of its workers this is, if it is one.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro takes no const block")]
    static CURRENT: RefCell<Option<(Arc<Scheduler>, Option<WorkerId>)>> = RefCell::new(None);
}

/// The runtime that runs this thread.
pub(crate) fn current() -> Option<Arc<Scheduler>> {
    CURRENT.with(|current| current.borrow().as_ref().map(|(scheduler, _)| scheduler.clone()))
}

/// Which worker of `scheduler` this thread is.
pub(crate) fn current_id(scheduler: &Scheduler) -> Option<WorkerId> {
    CURRENT
        .try_with(|current| {
            let current = current.try_borrow().ok()?;
            let (mine, id) = current.as_ref()?;
            std::ptr::eq(Arc::as_ptr(mine), scheduler).then_some(*id)?
        })
        .ok()
        .flatten()
}

/// Runs `inside` on a thread whose [`crate::go`] means `scheduler`.
pub(crate) fn with_current<T>(scheduler: &Arc<Scheduler>, inside: impl FnOnce() -> T) -> T {
    let worker = current_id(scheduler);
    let _restore = Restore(CURRENT.with(|current| current.replace(Some((scheduler.clone(), worker)))));
    inside()
}

struct Restore(Option<(Arc<Scheduler>, Option<WorkerId>)>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.with(|current| current.replace(self.0.take()));
    }
}

/// Starts a worker's thread.
pub(crate) fn start(scheduler: &Arc<Scheduler>) -> io::Result<()> {
    let id = scheduler.worker_id();
    let thread = {
        let scheduler = scheduler.clone();
        thread::Builder::new().name("worker".into()).spawn(move || run(&scheduler, id))?
    };
    scheduler.adopt(id, thread);
    Ok(())
}

/// A worker's life.
fn run(scheduler: &Arc<Scheduler>, id: WorkerId) {
    CURRENT.with(|current| current.replace(Some((scheduler.clone(), Some(id)))));
    let mut parker = Parker::new(scheduler.netpoll());
    let unparker = parker.unparker();
    let mut tasks = 0_u32;
    tracing::trace!(target: "runtime", worker = id.0, "starts");
    loop {
        match scheduler.next(id, &unparker) {
            Next::Quit => break,
            Next::Park => {
                tracing::trace!(target: "runtime", worker = id.0, "parks");
                park(&mut parker);
            }
            Next::Run(runnable) => {
                tasks = tasks.wrapping_add(1);
                // The task's own panics are its result; this one comes from dropping what it left.
                if catch(|| runnable.run()).is_err() {
                    tracing::error!(target: "runtime", "a task's remains panicked when they were dropped");
                }
                if tasks.is_multiple_of(TASKS_BETWEEN_POLLS)
                    && let Err(error) = parker.poll_now()
                {
                    tracing::error!(target: "runtime", %error, "the kernel's wait failed");
                }
            }
        }
    }
    tracing::trace!(target: "runtime", worker = id.0, "ends");
    CURRENT.with(|current| current.replace(None));
}

/// While it lives, another thread does the work of this one, if this one is a worker.
///
/// Go: `runtime.entersyscallblock`
#[doc(alias = "entersyscallblock")]
pub(crate) struct Replaced(Option<Arc<Scheduler>>);

impl Replaced {
    pub(crate) fn here() -> Replaced {
        let worker_of = CURRENT.with(|current| match &*current.borrow() {
            Some((scheduler, Some(_))) => Some(scheduler.clone()),
            _ => None,
        });
        Replaced(worker_of.filter(|scheduler| {
            start(scheduler)
                .inspect_err(|error| tracing::error!(target: "runtime", %error, "no thread to replace a blocked worker"))
                .is_ok()
        }))
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        if let Some(scheduler) = &self.0 {
            scheduler.retire_one();
        }
    }
}
