//! The runtime beside other executors, and with itself: shutdown, nesting, many callers, panics, time.

use std::time::{Duration, Instant};

use integration_tests::pair::pair;

#[test]
fn block_on_serves_many_threads_at_once_and_nests() {
    let threads: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn(|| {
                runtime::block_on(async {
                    let (client, server) = pair().await;
                    for _ in 0..50 {
                        client.write(b"ping").await.expect("written");
                        // Nested: this thread sleeps in the inner call until the bytes are there.
                        let read = runtime::block_on(async { server.read(&mut [0; 8]).await });
                        assert_eq!(read.expect("data"), 4);
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("the thread does not panic");
    }
}

#[test]
fn a_sleep_is_never_short() {
    runtime::block_on(async {
        for millis in [0, 1, 5, 20] {
            let (start, delay) = (Instant::now(), Duration::from_millis(millis));
            runtime::sleep(delay).await;
            assert!(start.elapsed() >= delay);
        }
    });
}

#[test]
fn a_runtime_that_shuts_down_leaves_the_connections_of_others_alone() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("tokio starts");
    let (client, server) = tokio.block_on(pair());
    let runtime = runtime::Runtime::new(2).expect("a runtime");
    let (held, other) = runtime.block_on(pair());
    let waiting = runtime.go(async move { held.read(&mut [0; 8]).await });
    // This one waits while the runtime shuts down, and whoever drove the poller leaves.
    let (late, through) = tokio.block_on(pair());
    let waits = tokio.spawn(async move { through.read(&mut [0; 8]).await });
    runtime.shutdown();
    tokio.block_on(late.write(b"late")).expect("written");
    assert_eq!(tokio.block_on(waits).expect("the task ends").expect("data"), 4);
    assert!(futures::executor::block_on(waiting).unwrap_err().is_cancelled());
    tokio.block_on(async {
        // The task owned the connection; it was dropped with it.
        assert_eq!(other.read(&mut [0; 8]).await.expect("the end"), 0);
        for _ in 0..100 {
            client.write(b"ping").await.expect("written");
            assert_eq!(server.read(&mut [0; 8]).await.expect("data"), 4);
        }
    });
}

#[test]
fn a_nested_block_on_gets_its_task_done_on_one_worker() {
    let runtime = runtime::Runtime::new(1).expect("a runtime");
    let sum = runtime.block_on(async {
        runtime::go(async {
            let inner = runtime::go(async { 20 });
            22 + runtime::block_on(inner).expect("the inner task ends")
        })
        .await
    });
    assert_eq!(sum.expect("the outer task ends"), 42);
}

#[test]
fn a_worker_that_blocks_on_another_runtime_is_replaced() {
    let (runtime, other) =
        (runtime::Runtime::new(1).expect("a runtime"), runtime::Runtime::new(1).expect("a runtime"));
    let inner = runtime.go(async move {
        let here = runtime::go(async { 20 });
        // The only worker waits inside the other runtime's block_on for a task that only a worker of this one can run.
        let (here, there) = other.block_on(async move {
            let there = runtime::go(async { 22 });
            (here.await, there.await)
        });
        here.expect("the task here ends") + there.expect("the task there ends")
    });
    assert_eq!(futures::executor::block_on(inner).expect("the outer task ends"), 42);
}

/// The other runtime ends first: a task that went there would be cancelled.
#[test]
fn what_is_started_after_block_on_is_the_former_runtimes() {
    let nested = || {
        let other = runtime::Runtime::new(1).expect("a runtime");
        other.block_on(async { runtime::go(async {}).await }).expect("it ends");
        other.shutdown();
    };
    let here = || async { std::thread::current().id() };
    // On a thread of none, the process-wide one's.
    nested();
    runtime::block_on(runtime::go(async {})).expect("it ends");
    let runtime = runtime::Runtime::new(1).expect("a runtime");
    let (task, worker) = runtime.block_on(async {
        let task = runtime::go(async move {
            nested();
            runtime::go(here()).await.expect("it ends")
        });
        (task.await.expect("it ends"), runtime::go(here()).await.expect("it ends"))
    });
    assert_eq!(task, worker, "the only worker runs both");
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose, in a destructor");
    }
}

#[test]
fn a_task_whose_destructor_panics_hurts_nobody() {
    let runtime = runtime::Runtime::new(1).expect("a runtime");
    // Its remains are dropped once it has returned.
    let remains = Bomb;
    let ended = runtime.go(std::future::poll_fn(move |_| {
        let _owned = &remains;
        std::task::Poll::Ready(7)
    }));
    assert_eq!(futures::executor::block_on(ended).expect("its result came before"), 7);
    let kept = Bomb;
    let (tell, told) = std::sync::mpsc::channel();
    let cancelled = runtime.go(async move {
        let _kept = kept;
        tell.send(()).expect("the test listens");
        std::future::pending::<()>().await;
    });
    told.recv().expect("the task waits");
    // A result that nobody takes: its destructor runs on the worker.
    drop(runtime.go(async { Bomb }));
    assert_eq!(futures::executor::block_on(runtime.go(async { 7 })).expect("the worker goes on"), 7);
    runtime.shutdown();
    assert!(futures::executor::block_on(cancelled).unwrap_err().is_cancelled());
}

#[test]
fn a_panic_reaches_the_handle_and_nobody_else() {
    let runtime = runtime::Runtime::new(1).expect("a runtime");
    let failed: runtime::JoinHandle<()> = runtime.go(async { panic!("on purpose") });
    let error = runtime.block_on(failed).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "the task panicked: on purpose");
    assert_eq!(runtime.block_on(runtime.go(async { 7 })).expect("the worker goes on"), 7);
}

#[test]
fn a_number_of_workers_is_one_that_makes_sense_or_an_error_that_names_it() {
    for workers in [0, 1025, 20_000, usize::MAX] {
        let refused = runtime::Runtime::new(workers).expect_err("it makes no sense");
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
        assert!(refused.to_string().contains(&workers.to_string()), "{refused}");
    }
    let runtime = runtime::Runtime::new(17).expect("a runtime");
    assert_eq!(runtime.block_on(runtime.go(async { 7 })).expect("it ends"), 7);
}
