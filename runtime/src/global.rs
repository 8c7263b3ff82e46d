//! What needs no [`Runtime`] in hand: the process-wide runtime and poller, started by their first use.

use std::time::Duration;

use netfd::{Netpoll, Timer};

use crate::block_on::drive;
use crate::scheduler::Scheduler;
use crate::sync::OnceLock;
use crate::{JoinHandle, Runtime, local};

/// Runs `future` on this thread to its end. Any number of threads may be in it at once, and it may be nested: a worker
/// that calls it is replaced by another thread for as long as it blocks.
///
/// It does not wait for tasks that `future` has started. Those that still run when `main` returns are abandoned: the process
/// ends without their destructors.
///
/// # Panics
/// If `future` does; with the kernel's reason if the process-wide poller cannot be started, or on a worker if the thread that is
/// to replace it cannot be: within a destructor that runs while another panic unwinds, that ends the process.
pub fn block_on<F: Future>(future: F) -> F::Output {
    drive(&netpoll(), future)
}

/// Starts a task on the runtime that runs the caller, else on the process-wide one, which has a worker for each
/// processor and is started by the first call. That one is never shut down: tasks that still run when `main` returns are
/// abandoned, without their destructors.
///
/// # Panics
/// If the process-wide runtime cannot be started, with the kernel's reason.
///
/// Go: `runtime.newproc`
///
/// Differs: a panic of the task is its handle's [`JoinError`](crate::JoinError); a goroutine's ends the program.
#[doc(alias = "newproc")]
pub fn go<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match local::current() {
        Some(scheduler) => Scheduler::spawn(&scheduler, future),
        None => process_wide().go(future),
    }
}

/// Waits until `duration` has passed; one too long for the clock waits for ever. By the poller of the runtime that runs the caller,
/// else by the process-wide one. Cancel-safe.
///
/// # Panics
/// If the process-wide poller is needed and cannot be started, with the kernel's reason.
///
/// Go: `time.Sleep`
#[doc(alias = "time.Sleep")]
pub fn sleep(duration: Duration) -> Timer {
    let own = local::current().and_then(|scheduler| scheduler.netpoll());
    Timer::after(&own.unwrap_or_else(netpoll), duration)
}

fn process_wide() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Runtime::builder().build().unwrap_or_else(|error| panic!("the runtime cannot be started: {error}"))
    })
}

/// The process-wide poller.
fn netpoll() -> Netpoll {
    Netpoll::global().unwrap_or_else(|error| panic!("the poller cannot be started: {error}"))
}
