//! A shutdown against all that may be going on.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use loom::sync::Mutex;
use loom::thread;
use netfd::{Netpoll, Timer};

use super::{model, runtime};
use crate::block_on::drive;
use crate::local;
use crate::scheduler::Scheduler;

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

/// A shutdown against a task that comes and goes: its handle learns its result or its end. Preemption bound 5.
#[test]
fn a_shutdown_meets_a_task_that_has_just_come() {
    model(5, || {
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

/// A shutdown against a task that is started from outside: its handle learns its end, whoever drops it. No worker is about.
/// Preemption bound 6.
#[test]
fn a_shutdown_meets_a_task_that_comes_from_outside() {
    model(6, || {
        let netpoll = Netpoll::without_standby();
        let scheduler = Arc::new(Scheduler::new(netpoll.clone(), 1));
        let starter = {
            let scheduler = scheduler.clone();
            thread::spawn(move || Scheduler::spawn(&scheduler, async {}))
        };
        scheduler.shut_down();
        let handle = starter.join().unwrap();
        assert!(drive(&netpoll, handle).unwrap_err().is_cancelled());
    });
}

/// Where somebody keeps a task's waker, under a lock.
type Place = Arc<Mutex<Option<Waker>>>;

/// What a task owns: takes its waker back when it is dropped.
struct TakesItBack(Place);

impl Drop for TakesItBack {
    fn drop(&mut self) {
        let waker = self.0.lock().unwrap().take();
        drop(waker);
    }
}

/// A task that leaves its waker in `place` and waits for ever.
async fn waits_in(place: Place) {
    let owned = TakesItBack(place);
    poll_fn(|cx| {
        *owned.0.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await
}

/// A shutdown against a thread that wakes a task under a lock, which the task takes when it is dropped: nobody waits for ever,
/// and the task is gone when the shutdown returns. Preemption bound 2.
#[test]
fn a_shutdown_meets_a_waker_that_holds_a_lock() {
    model(2, || {
        let (_netpoll, runtime) = runtime(1);
        let place = Place::default();
        drop(runtime.go(waits_in(place.clone())));
        let waking = {
            let place = place.clone();
            thread::spawn(move || {
                let waker = place.lock().unwrap();
                waker.iter().for_each(Waker::wake_by_ref);
            })
        };
        runtime.shutdown();
        // Ours, and that of the thread if it has not ended.
        assert!(place.lock().unwrap().is_none(), "the task outlived its runtime");
        waking.join().unwrap();
        assert_eq!(Arc::strong_count(&place), 1);
    });
}

/// A task that ends its own runtime, while another one waits: both are gone once their worker has ended.
/// Preemption bound 2.
#[test]
fn a_task_ends_its_own_runtime() {
    model(2, || {
        let (netpoll, runtime) = runtime(1);
        let owned = Arc::new(());
        let held = owned.clone();
        drop(runtime.go(async move {
            let _held = held;
            Timer::after(&netpoll, Duration::from_secs(86_400)).await;
        }));
        let held = owned.clone();
        let scheduler = runtime.scheduler().clone();
        drop(Scheduler::spawn(&scheduler, async move {
            let _held = held;
            runtime.shutdown();
            std::future::pending::<()>().await;
        }));
        // Its thread is the last to let go of it.
        while Arc::strong_count(&scheduler) > 1 {
            thread::yield_now();
        }
        assert_eq!(Arc::strong_count(&owned), 1, "a task outlived its runtime");
    });
}
