//! A scheduler whose idle workers run netpoll themselves, as Go's do.
//!
//! ```text
//!   go(future) ──► run queue ──► worker: run ── nothing to run ──► park: drive the poller, or sleep beside it
//!                     ▲                                              │
//!                     └───────────── wakers ◄── events, timers ◄─────┘
//! ```
//!
//! ```
//! let doubled = runtime::block_on(async {
//!     let handle = runtime::go(async { 21 * 2 });
//!     runtime::sleep(std::time::Duration::from_millis(1)).await;
//!     handle.await
//! });
//! assert_eq!(doubled.ok(), Some(42));
//! ```
//!
//! No crate of this project needs it: every future of theirs runs on any executor. It is for programs that want no other.
//!
//! Go: `runtime.schedule`, `runtime.findRunnable`

#![forbid(unsafe_code)]

mod block_on;
mod join;
mod scheduler;
mod worker;

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use block_on::block_on;
pub use join::{JoinError, JoinHandle};
use netfd::{Netpoll, Timer};
use scheduler::Scheduler;

/// Workers that run tasks, until it is shut down or dropped.
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
    /// Starts `workers` threads over the process-wide poller.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for no workers; what the kernel says when it refuses descriptors or a thread.
    ///
    /// Go: `runtime.GOMAXPROCS`
    #[doc(alias = "GOMAXPROCS")]
    pub fn new(workers: usize) -> io::Result<Runtime> {
        if workers == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a runtime needs at least 1 worker, not 0",
            ));
        }
        let runtime = Runtime(Arc::new(Scheduler::new(Netpoll::global()?)));
        for _ in 0..workers {
            // On an error the runtime is dropped, and with it the workers that have been started.
            worker::start(&runtime.0)?;
        }
        Ok(runtime)
    }

    /// Starts a task on this runtime.
    pub fn go<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Scheduler::spawn(&self.0, future)
    }

    /// Runs `future` on this thread to its end; what it starts with [`go`] runs on this runtime.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        worker::with_current(&self.0, || block_on::drive(self.0.netpoll(), future))
    }

    /// Ends all tasks at their next point of waiting, drops them, and waits for the workers to end.
    ///
    /// Futures on other executors that share the poller go on.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// Starts a task on the runtime that runs the caller, else on the process-wide one, which has a worker for each
/// processor and is started by the first call.
///
/// # Panics
/// If the process-wide runtime cannot be started, with the kernel's reason.
///
/// Go: `runtime.newproc`
#[doc(alias = "newproc")]
pub fn go<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match worker::current() {
        Some(scheduler) => Scheduler::spawn(&scheduler, future),
        None => process_wide().go(future),
    }
}

/// Waits until `duration` has passed; one too long for the clock waits for ever. Cancel-safe.
///
/// # Panics
/// If the process-wide poller cannot be started, with the kernel's reason.
///
/// Go: `time.Sleep`
#[doc(alias = "time.Sleep")]
pub fn sleep(duration: Duration) -> Timer {
    Timer::after(&block_on::netpoll(), duration)
}

fn process_wide() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Runtime::new(workers).unwrap_or_else(|error| panic!("the runtime cannot be started: {error}"))
    })
}
