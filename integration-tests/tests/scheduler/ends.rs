//! What is left when a runtime ends: nothing.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use integration_tests::alone::alone_as;

use netfd::Netpoll;

use crate::{LIMIT, pair, runtime, wait, within};

fn count(what: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{what}")).expect("Linux lists them").count()
}

#[test]
fn a_runtime_that_ends_leaves_no_thread_and_no_descriptor() {
    alone_as(module_path!(), "a_runtime_that_ends_leaves_no_thread_and_no_descriptor", || {
        // The process-wide poller, over which connections are made, stays.
        drop(runtime::block_on(pair(&Netpoll::global().expect("a poller"))));
        let before = (count("task"), count("fd"));
        for shut_down in [true, false] {
            for workers in [1, 3] {
                let (runtime, netpoll) = runtime(workers);
                within(&runtime, async move {
                    let (client, server) = pair(&netpoll).await;
                    drop(runtime::go(async move { server.read(&mut [0; 8]).await }));
                    // A thread more, for a while.
                    runtime::block_on(runtime::go(async {})).expect("it ends");
                    drop(runtime::go(async move {
                        std::future::pending::<()>().await;
                        drop(client);
                    }));
                });
                if shut_down {
                    runtime.shutdown();
                } else {
                    drop(runtime);
                }
            }
        }
        // A poller's own thread ends on its own.
        let limit = Instant::now() + LIMIT;
        while (count("task"), count("fd")) != before && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!((count("task"), count("fd")), before, "threads and descriptors");
    });
}

#[test]
fn a_shutdown_drops_tasks_in_every_state() {
    for workers in [1, 2] {
        let (runtime, _) = runtime(workers);
        let owned = Arc::new(());
        let (tell, told) = channel();
        for number in 0..100 {
            let (owned, tell) = (owned.clone(), tell.clone());
            drop(runtime.go(async move {
                let _owned = owned;
                tell.send(()).expect("the test listens");
                match number % 3 {
                    0 => std::future::pending().await,
                    1 => runtime::sleep(LIMIT * 60).await,
                    // Always ready to run.
                    _ => loop {
                        crate::yield_now().await;
                    },
                }
            }));
        }
        // Some wait, some are ready, and some have perhaps not run yet.
        for _ in 0..50 {
            wait(&told);
        }
        runtime.shutdown();
        assert_eq!(Arc::strong_count(&owned), 1, "a task outlived its runtime");
    }
}

/// Each task that is dropped wakes the next: none within another, or the stack would not do.
#[test]
fn a_long_chain_of_tasks_that_wake_one_another_is_dropped() {
    let (runtime, _) = runtime(1);
    let (first, mut next) = oneshot::channel::<()>();
    for _ in 0..100_000 {
        let (tell, told) = oneshot::channel::<()>();
        let before = std::mem::replace(&mut next, told);
        drop(runtime.go(async move {
            let _tell = tell;
            let _ = before.await;
            std::future::pending::<()>().await;
        }));
    }
    within(&runtime, async {});
    drop(first);
    runtime.shutdown();
}

#[test]
fn a_shutdown_frees_a_worker_that_waits_for_a_task_of_its_own_queue() {
    let (runtime, _) = runtime(1);
    let (tell, told) = channel();
    let (ready, waits) = channel();
    drop(runtime.go(async move {
        let inner = runtime::go(async {});
        ready.send(()).expect("the test listens");
        // Not the runtime's: nobody takes this worker's place.
        let cancelled = futures::executor::block_on(inner).is_err_and(|error| error.is_cancelled());
        tell.send(cancelled).expect("the test listens");
    }));
    wait(&waits);
    runtime.shutdown();
    assert!(wait(&told), "the only worker was busy");
}
