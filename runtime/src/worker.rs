//! A worker: runs tasks, polls once in a while, and drives the poller when there are none.
//!
//! Go: `runtime.schedule`

use std::cell::RefCell;
use std::io;

use netfd::Parker;

use crate::idle::park;
use crate::scheduler::{Next, Scheduler, WorkerId};
use crate::sync::{Arc, thread, thread_local};

/// After so many tasks without a pause a worker polls, so that input and output go on under full load.
///
/// Go polls its global queue as often.
const TASKS_BETWEEN_POLLS: u32 = 61;

thread_local! {
    /// The runtime that [`crate::go`] means on this thread.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro takes no const block")]
    static CURRENT: RefCell<Option<Arc<Scheduler>>> = RefCell::new(None);

    /// Which worker of which runtime this thread is; none while it is replaced. A worker may run something for another
    /// runtime than its own, so the one above does not tell.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro takes no const block")]
    static WORKER: RefCell<Option<Worker>> = RefCell::new(None);
}

/// A worker, as its own thread knows it.
type Worker = (Arc<Scheduler>, WorkerId);

/// The runtime that runs this thread.
pub(crate) fn current() -> Option<Arc<Scheduler>> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Which worker of `scheduler` this thread is.
pub(crate) fn current_id(scheduler: &Scheduler) -> Option<WorkerId> {
    WORKER
        .try_with(|worker| {
            let worker = worker.try_borrow().ok()?;
            let (mine, id) = worker.as_ref()?;
            std::ptr::eq(Arc::as_ptr(mine), scheduler).then_some(*id)
        })
        .ok()
        .flatten()
}

/// Runs `inside` on a thread whose [`crate::go`] means `scheduler`.
pub(crate) fn with_current<T>(scheduler: &Arc<Scheduler>, inside: impl FnOnce() -> T) -> T {
    let _restore = Restore(CURRENT.with(|current| current.replace(Some(scheduler.clone()))));
    inside()
}

struct Restore(Option<Arc<Scheduler>>);

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
    CURRENT.with(|current| current.replace(Some(scheduler.clone())));
    WORKER.with(|worker| worker.replace(Some((scheduler.clone(), id))));
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
                // The task's panics are its result, and those of what it leaves are contained.
                runnable.run();
                if tasks.is_multiple_of(TASKS_BETWEEN_POLLS)
                    && let Err(error) = parker.poll_now()
                {
                    tracing::error!(target: "runtime", %error, "the kernel's wait failed");
                }
            }
        }
    }
    tracing::trace!(target: "runtime", worker = id.0, "ends");
    WORKER.with(|worker| worker.replace(None));
    CURRENT.with(|current| current.replace(None));
}

/// While it lives, another thread does the work of this one, if this one is a worker.
///
/// Go: `runtime.entersyscallblock`
#[doc(alias = "entersyscallblock")]
pub(crate) struct Replaced(Option<Worker>);

impl Replaced {
    pub(crate) fn here() -> Replaced {
        let Some(worker) = WORKER.with(|worker| worker.borrow_mut().take()) else {
            return Replaced(None);
        };
        match start(&worker.0) {
            Ok(()) => Replaced(Some(worker)),
            Err(error) => {
                tracing::error!(target: "runtime", %error, "no thread to replace a blocked worker");
                WORKER.with(|mine| mine.replace(Some(worker)));
                Replaced(None)
            }
        }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        if let Some(worker) = self.0.take() {
            worker.0.retire_one();
            WORKER.with(|mine| mine.replace(Some(worker)));
        }
    }
}
