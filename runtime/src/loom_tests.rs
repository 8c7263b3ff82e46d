//! Models of the shipped scheduler over the shipped poller's floors, with only the kernel faked.
//!
//! A wake-up that is lost leaves a worker or the model's own thread asleep for ever, which loom reports as a deadlock; so
//! does a worker that a shutdown forgets, since the shutdown waits for it.

use std::sync::Arc;
use std::time::Duration;

use netfd::{Netpoll, Timer};

use crate::block_on::drive;
use crate::{Runtime, local};

fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // The default of 1,000 is too few for a whole runtime; a real endless loop passes any limit.
    builder.max_branches = 20_000;
    builder.check(run);
}

/// A runtime over a poller of its own that has no stand-by: whoever has to poll is one of its workers or the caller.
fn runtime(workers: usize) -> (Netpoll, Runtime) {
    let netpoll = Netpoll::without_standby();
    let runtime = Runtime::over(netpoll.clone(), workers).expect("the model's threads start");
    (netpoll, runtime)
}

/// A shutdown against a worker that parks: it ends, from wherever it is. Preemption bound 6.
#[test]
fn a_shutdown_ends_a_worker_that_parks() {
    model(6, || {
        let (_netpoll, runtime) = runtime(1);
        runtime.shutdown();
    });
}

/// A shutdown against two workers, one of which drives the poller. Preemption bound 3.
#[test]
fn a_shutdown_ends_the_driver_and_the_one_beside_it() {
    model(3, || {
        let (_netpoll, runtime) = runtime(2);
        runtime.shutdown();
    });
}

/// A task that is started while the worker parks: it is run, and its result reaches the caller. Preemption bound 3.
#[test]
fn a_task_that_comes_while_a_worker_parks_is_run() {
    model(3, || {
        let (_netpoll, runtime) = runtime(1);
        let handle = runtime.go(async { 7 });
        assert_eq!(runtime.block_on(handle).expect("the task ends"), 7);
        runtime.shutdown();
    });
}

/// A shutdown against a task that comes and goes: its handle learns its result or its end. Preemption bound 6.
#[test]
fn a_shutdown_meets_a_task_that_has_just_come() {
    model(6, || {
        let (netpoll, runtime) = runtime(1);
        let handle = runtime.go(async { 7 });
        runtime.shutdown();
        match drive(&netpoll, handle) {
            Ok(result) => assert_eq!(result, 7),
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
    });
}

/// A shutdown against a task that waits in the poller: it is dropped with all that it owns. Preemption bound 4.
#[test]
fn a_shutdown_drops_a_task_that_waits() {
    model(4, || {
        let (netpoll, runtime) = runtime(1);
        let owned = Arc::new(());
        let held = owned.clone();
        let handle = runtime.go(async move {
            let _held = held;
            Timer::after(&netpoll, Duration::from_secs(86_400)).await;
        });
        runtime.shutdown();
        assert_eq!(Arc::strong_count(&owned), 1, "the task outlived its runtime");
        drop(handle);
    });
}

/// Nested `block_on`: the only worker waits inside its task for another task, which the thread that replaces it runs.
/// Preemption bound 2.
#[test]
fn a_worker_that_blocks_in_its_task_is_replaced() {
    model(2, || {
        let (netpoll, runtime) = runtime(1);
        let outer = runtime.go(async move {
            let scheduler = local::current().expect("a task runs on a worker");
            let inner = crate::scheduler::Scheduler::spawn(&scheduler, async { 20 });
            22 + drive(&netpoll, inner).expect("the inner task ends")
        });
        assert_eq!(runtime.block_on(outer).expect("the outer task ends"), 42);
        runtime.shutdown();
    });
}

/// The same within another runtime's `block_on`, which makes that one the current runtime. Preemption bound 2.
#[test]
fn a_worker_that_blocks_on_another_runtime_is_replaced() {
    model(2, || {
        let (netpoll, runtime) = runtime(1);
        let outer = runtime.go(async move {
            let here = local::current().expect("a task runs on a worker");
            let inner = crate::scheduler::Scheduler::spawn(&here, async { 20 });
            let other = Arc::new(crate::scheduler::Scheduler::new(netpoll.clone(), 1));
            22 + local::with_current(&other, || drive(&netpoll, inner)).expect("the inner task ends")
        });
        assert_eq!(runtime.block_on(outer).expect("the outer task ends"), 42);
        runtime.shutdown();
    });
}

/// Nested `block_on` against a shutdown: the inner task ends or is cancelled, and the worker gets out either way.
/// Preemption bound 2.
#[test]
fn a_shutdown_ends_a_worker_that_blocks_in_its_task() {
    model(2, || {
        let (netpoll, runtime) = runtime(1);
        let outer = runtime.go(async move {
            let scheduler = local::current().expect("a task runs on a worker");
            let inner = crate::scheduler::Scheduler::spawn(&scheduler, std::future::pending::<()>());
            assert!(drive(&netpoll, inner).unwrap_err().is_cancelled());
        });
        runtime.shutdown();
        drop(outer);
    });
}
