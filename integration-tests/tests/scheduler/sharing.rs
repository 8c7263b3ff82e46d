//! Work is shared: what one worker cannot do now, another does.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use futures::channel::oneshot;

use crate::{echo, pair, ping, runtime, wait, within, yield_now};

/// Holds the thread until `met` tasks are here at once, each on a thread of its own.
fn meet(here: &AtomicU32, met: u32) {
    here.fetch_add(1, SeqCst);
    while here.load(SeqCst) < met {
        std::thread::yield_now();
    }
}

#[test]
fn tasks_that_one_worker_starts_run_on_all() {
    const WORKERS: u32 = 4;
    let (runtime, _) = runtime(WORKERS as usize);
    within(&runtime, async {
        let here = Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..WORKERS)
            .map(|_| {
                let here = here.clone();
                runtime::go(async move { meet(&here, WORKERS) })
            })
            .collect();
        for task in tasks {
            task.await.expect("it met the others");
        }
    });
}

#[test]
fn tasks_that_come_from_outside_run_on_all() {
    const WORKERS: u32 = 4;
    let (runtime, _) = runtime(WORKERS as usize);
    let here = Arc::new(AtomicU32::new(0));
    let (tell, told) = channel();
    for _ in 0..WORKERS {
        let (here, tell) = (here.clone(), tell.clone());
        drop(runtime.go(async move {
            meet(&here, WORKERS);
            tell.send(()).expect("the test listens");
        }));
    }
    for _ in 0..WORKERS {
        wait(&told);
    }
}

/// Its worker never polls, and what it woke lies in that worker's queue.
#[test]
fn a_task_that_never_yields_holds_up_nobody_it_has_woken() {
    let (runtime, _) = runtime(2);
    within(&runtime, async {
        for _ in 0..20 {
            let (tell, told) = oneshot::channel();
            let ran = Arc::new(AtomicBool::new(false));
            let woken = {
                let ran = ran.clone();
                runtime::go(async move {
                    told.await.expect("told");
                    ran.store(true, SeqCst);
                })
            };
            yield_now().await;
            runtime::go(async move {
                tell.send(()).expect("it listens");
                while !ran.load(SeqCst) {
                    std::hint::spin_loop();
                }
            })
            .await
            .expect("the spinner ends");
            woken.await.expect("it ran");
        }
    });
}

#[test]
fn a_task_that_never_yields_holds_up_no_input_and_output() {
    let (runtime, netpoll) = runtime(2);
    let (ready, spins) = channel();
    let done = Arc::new(AtomicBool::new(false));
    let spinner = {
        let done = done.clone();
        move || {
            ready.send(()).expect("the test listens");
            while !done.load(SeqCst) {
                std::hint::spin_loop();
            }
        }
    };
    let (tell, told) = channel();
    drop(runtime.go(async move {
        let (client, server) = pair(&netpoll).await;
        drop(runtime::go(echo(server)));
        drop(runtime::go(async move { spinner() }));
        ping(&client, 100).await;
        tell.send(()).expect("the test listens");
    }));
    wait(&spins);
    wait(&told);
    // Only now: the spinner went on all the while.
    done.store(true, SeqCst);
}

#[test]
fn panics_reach_their_handles_and_hurt_nobody_else() {
    let (runtime, _) = runtime(2);
    let results = within(&runtime, async {
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                runtime::go(async move {
                    yield_now().await;
                    assert!(number % 10 != 0, "on purpose");
                    number
                })
            })
            .collect();
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await.map_err(|error| error.is_panic()));
        }
        results
    });
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(result, if number % 10 == 0 { Err(true) } else { Ok(number) });
    }
}

#[test]
fn a_worker_that_blocks_in_its_task_leaves_its_queue_to_others() {
    let (runtime, _) = runtime(1);
    let order = within(&runtime, async {
        let order = Arc::new(Mutex::new(Vec::new()));
        let behind: Vec<_> = (0..10)
            .map(|number| {
                let order = order.clone();
                runtime::go(async move { order.lock().expect("nobody panicked").push(number) })
            })
            .collect();
        for _ in 0..3 {
            // The first time the tasks lie in this worker's queue; later it has none.
            runtime::block_on(runtime::go(async {})).expect("it ends");
        }
        for task in behind {
            task.await.expect("it ends");
        }
        order.lock().expect("nobody panicked").clone()
    });
    assert_eq!(order, (0..10).collect::<Vec<_>>());
}
