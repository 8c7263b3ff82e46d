//! [`Runtime`]: some workers and the tasks that they run.

use std::io;

use foreign::event;
use netfd::Netpoll;

use crate::scheduler::Scheduler;
use crate::sync::Arc;
use crate::{JoinHandle, block_on, local, threads};

/// Workers that run tasks, until it is shut down or dropped. Both wait for the workers, also for one that blocks in its task; one of
/// its own tasks may do either, and goes on as the last.
///
/// ```
/// let runtime = runtime::Runtime::new(2)?;
/// let sum = runtime.block_on(async {
///     let parts = [runtime::go(async { 1 }), runtime::go(async { 2 })];
///     let mut sum = 0;
///     for part in parts {
///         sum += part.await?;
///     }
///     Ok::<i32, runtime::JoinError>(sum)
/// })?;
/// assert_eq!(sum, 3);
/// runtime.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Runtime(Arc<Scheduler>);

impl Runtime {
    /// The most workers that a runtime takes: 1024. Far more threads than processors serve nobody, and many more than this
    /// end the process, for the kernel has no room for their stacks.
    pub const MAX_WORKERS: usize = 1024;

    /// Starts `workers` threads over the process-wide poller.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for no workers, or more than [`Runtime::MAX_WORKERS`]; what the kernel says when it
    /// refuses the poller's descriptors or a thread, and which.
    ///
    /// Go: `runtime.GOMAXPROCS`
    #[doc(alias = "GOMAXPROCS")]
    #[cfg(not(loom))]
    pub fn new(workers: usize) -> io::Result<Runtime> {
        Runtime::builder().workers(workers).build()
    }

    /// A runtime of which more can be chosen.
    #[cfg(not(loom))]
    pub fn builder() -> crate::Builder {
        crate::Builder::default()
    }

    /// Refuses a number of workers that makes no sense.
    #[cfg(not(loom))]
    pub(crate) fn check(workers: usize) -> io::Result<()> {
        let refused = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        if workers == 0 {
            return refused("a runtime needs at least 1 worker, not 0".to_owned());
        }
        if workers > Runtime::MAX_WORKERS {
            return refused(format!(
                "a runtime takes at most {} workers, not {workers}",
                Runtime::MAX_WORKERS
            ));
        }
        Ok(())
    }

    /// Starts the workers.
    pub(crate) fn over(netpoll: Netpoll, workers: usize) -> io::Result<Runtime> {
        let runtime = Runtime(Arc::new(Scheduler::new(netpoll, workers)));
        for seat in 0..workers {
            // On an error the runtime is dropped, and with it the workers that have been started.
            threads::start(&runtime.0, seat).map_err(|error| {
                let which = format!("worker {} of {workers} cannot be started: {error}", seat + 1);
                io::Error::new(error.kind(), which)
            })?;
        }
        Ok(runtime)
    }

    #[cfg(all(test, loom))]
    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.0
    }

    /// Starts a task on this runtime.
    pub fn go<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Scheduler::spawn(&self.0, future)
    }

    /// Runs `future` on this thread to its end; what it starts with [`go`](crate::go) runs on this runtime. As with
    /// [`block_on`](crate::block_on()), any number of threads may be in it, and it may be nested, also within a task of
    /// another runtime.
    ///
    /// # Panics
    /// If `future` does, or on a worker if the kernel refuses the thread that is to replace it.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let netpoll = self.0.netpoll().expect("a runtime that is there has its poller");
        local::with_current(&self.0, || block_on::drive(&netpoll, future))
    }

    /// Ends all tasks at their next point of waiting, drops them, and waits for the workers to end: also for one that blocks
    /// in its task, such as in a nested [`Runtime::block_on`]. A task that was never polled is dropped without being run. One
    /// that reads and writes without ever having to wait gives way now and then, and ends there.
    ///
    /// Futures on other executors that share the poller go on. A poller that nobody shares is gone with its thread and its
    /// descriptors when this returns.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A task of another runtime may wait here for long.
        if let Err(error) = threads::replace_unless_of(&self.0) {
            event!("runtime", ERROR, %error, "no thread to replace a worker that waits for the end of another runtime");
        }
        // What is started by what is dropped is this runtime's, on whatever thread that is, and is dropped too.
        local::with_current(&self.0, || self.0.shut_down());
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}
