//! Tasks run in the order in which they became ready, and nobody waits for ever.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;
use netfd::Fd;
use runtime::yield_now;

use crate::{LIMIT, echo, pair, ping, runtime, spin_until, within};

#[test]
fn tasks_that_yield_take_turns() {
    const TASKS: usize = 10;
    const ROUNDS: usize = 30;
    let (runtime, _) = runtime(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    let log = order.clone();
    within(&runtime, async move {
        let tasks = (0..TASKS).map(|task| {
            let log = log.clone();
            runtime::go(async move {
                for _ in 0..ROUNDS {
                    log.lock().expect("nobody panicked").push(task);
                    yield_now().await;
                }
            })
        });
        join_all(tasks).await.into_iter().for_each(|done| done.expect("the task ends"));
    });
    let order = order.lock().expect("nobody panicked");
    assert_eq!(order.len(), TASKS * ROUNDS);
    for round in order.chunks(TASKS) {
        assert_eq!(round, (0..TASKS).collect::<Vec<_>>(), "in {order:?}");
    }
}

/// Each of them takes long enough that its worker looks at the clock seldom, and so seems to be held up.
#[test]
fn tasks_that_compute_take_turns_on_two_workers() {
    const TASKS: usize = 100;
    const TURNS: u32 = 20;
    let (runtime, _) = runtime(2);
    let over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let over = over.clone();
            runtime.go(async move {
                let mut turns = 0;
                while !over.load(SeqCst) {
                    let begun = Instant::now();
                    while begun.elapsed() < Duration::from_millis(1) {
                        std::hint::spin_loop();
                    }
                    turns += 1;
                    over.fetch_or(turns == TURNS, SeqCst);
                    yield_now().await;
                }
                turns
            })
        })
        .collect();
    let turns = futures::executor::block_on(join_all(tasks));
    let turns: Vec<u32> = turns.into_iter().map(|turns| turns.expect("the task ends")).collect();
    assert!(turns.iter().all(|turns| *turns >= TURNS / 10), "{turns:?}");
}

/// The worker's own queue is never empty.
#[test]
fn a_task_from_outside_gets_its_turn_under_full_load() {
    let (runtime, _) = runtime(1);
    let stop = Arc::new(AtomicBool::new(false));
    let spinner = {
        let stop = stop.clone();
        runtime.go(async move {
            while !stop.load(SeqCst) {
                yield_now().await;
            }
        })
    };
    within(&runtime, async move { stop.store(true, SeqCst) });
    futures::executor::block_on(spinner).expect("it ends");
}

/// Not only when it is time to poll, which is after 128 turns as short as these.
#[test]
fn a_task_from_outside_waits_for_few_turns_of_one_that_yields() {
    let (runtime, _) = runtime(1);
    let runtime = Arc::new(runtime);
    let outside = runtime.clone();
    let turns = within(&runtime, async move {
        let begun = Arc::new(AtomicBool::new(false));
        // The average of how long its turns are is that of short ones.
        for _ in 0..10_000 {
            yield_now().await;
        }
        let begins = begun.clone();
        let start = move || drop(outside.go(async move { begins.store(true, SeqCst) }));
        std::thread::spawn(start).join().expect("it starts the task");
        let mut turns = 0;
        while !begun.load(SeqCst) {
            yield_now().await;
            turns += 1;
        }
        turns
    });
    assert!(turns <= 16, "{turns} turns");
}

#[test]
fn input_and_output_go_on_under_full_load() {
    let (runtime, netpoll) = runtime(1);
    let stop = Arc::new(AtomicBool::new(false));
    let spinner = {
        let stop = stop.clone();
        runtime.go(async move {
            while !stop.load(SeqCst) {
                yield_now().await;
            }
        })
    };
    within(&runtime, async move {
        let (client, server) = pair(&netpoll).await;
        let server = runtime::go(echo(server));
        ping(&client, 100).await;
        client.close().await.expect("closed once");
        server.await.expect("the server ends");
    });
    stop.store(true, SeqCst);
    futures::executor::block_on(spinner).expect("it ends");
}

/// Yields all the time, and takes long each time.
async fn takes_long_turns(stop: Arc<AtomicBool>, turns: Arc<AtomicU32>) {
    while !stop.load(SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
        turns.fetch_add(1, SeqCst);
        yield_now().await;
    }
}

/// A task that yields all the time and takes long each time: what comes waits for a turn or two of it, not for 100.
#[test]
fn long_turns_starve_neither_input_nor_tasks_from_outside() {
    let (runtime, netpoll) = runtime(1);
    let (stop, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let spinner = runtime.go(takes_long_turns(stop.clone(), turns.clone()));
    let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
    ours.set_nonblocking(true).expect("a flag of descriptors");
    let fd = Fd::new(ours.into(), &netpoll).expect("a descriptor");
    drop(runtime.go(async move {
        let mut byte = [0];
        while let Ok(1..) = fd.read(&mut byte).await {
            fd.write(&byte, &mut 0).await.expect("written");
        }
    }));
    // This thread may have to wait for a processor meanwhile: the best of some counts.
    let turns_during = |request: &mut dyn FnMut()| {
        let before = turns.load(SeqCst);
        request();
        turns.load(SeqCst) - before
    };
    let mut ask = || {
        theirs.write_all(b"x").expect("written");
        theirs.read_exact(&mut [0]).expect("the answer");
    };
    let input = (0..10).map(|_| turns_during(&mut ask)).min().expect("ten");
    let outside = (0..10).map(|_| turns_during(&mut || within(&runtime, async {}))).min().expect("ten");
    stop.store(true, SeqCst);
    futures::executor::block_on(spinner).expect("it ends");
    assert!(
        input <= 3 && outside <= 3,
        "{input} turns before an answer, {outside} before a task from outside"
    );
}

/// The same beside many tasks that take no time: what they take on the average says nothing of the long one.
#[test]
fn one_long_turn_among_many_short_ones_does_not_keep_others_from_theirs() {
    let (runtime, _) = runtime(1);
    let (stop, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let long = runtime.go(takes_long_turns(stop.clone(), turns.clone()));
    for _ in 0..100 {
        let stop = stop.clone();
        drop(runtime.go(async move {
            while !stop.load(SeqCst) {
                runtime::sleep(Duration::from_millis(1)).await;
            }
        }));
    }
    let mut waited = within(&runtime, async move {
        let mut waited = Vec::new();
        for _ in 0..21 {
            let before = turns.load(SeqCst);
            runtime::sleep(Duration::from_millis(1)).await;
            waited.push(turns.load(SeqCst) - before);
        }
        waited
    });
    stop.store(true, SeqCst);
    futures::executor::block_on(long).expect("it ends");
    waited.sort_unstable();
    assert!(waited[10] <= 5, "it slept through so many long turns: {waited:?}");
}

/// A deadline that is set into the past, later than one that is due and has not fired: it is not taken for one that moves
/// later, whatever clock tells so. The only worker is busy, so that nobody fires anything.
#[test]
fn a_deadline_that_has_passed_counts_though_nobody_polls() {
    let (runtime, netpoll) = runtime(1);
    within(&runtime, async move {
        for _ in 0..10 {
            let (client, server) = pair(&netpoll).await;
            client.write(b"data").await.expect("written");
            assert_eq!(server.peek(&mut [0; 8]).await.expect("data"), 4);
            let due = Instant::now() + Duration::from_millis(1);
            server.set_read_deadline(Some(due)).expect("open");
            spin_until(|| Instant::now() > due);
            server.set_read_deadline(Some(Instant::now())).expect("open");
            assert!(server.read(&mut [0; 8]).await.expect_err("it has passed").is_timeout());
            // And it may be taken back.
            server.set_read_deadline(Some(Instant::now() + LIMIT)).expect("open");
            assert_eq!(server.read(&mut [0; 8]).await.expect("data"), 4);
        }
    });
}

#[test]
fn a_hundred_thousand_tasks_from_inside_and_outside_all_end() {
    const EACH: u64 = 25_000;
    let runtime = Arc::new(runtime(2).0);
    let ran = Arc::new(AtomicU64::new(0));
    let start = {
        let ran = ran.clone();
        move |number: u64| {
            let ran = ran.clone();
            async move {
                if number.is_multiple_of(2) {
                    yield_now().await;
                }
                ran.fetch_add(1, SeqCst);
            }
        }
    };
    let outside: Vec<_> = (0..3)
        .map(|_| {
            let (runtime, start) = (runtime.clone(), start.clone());
            std::thread::spawn(move || (0..EACH).map(|number| runtime.go(start(number))).collect::<Vec<_>>())
        })
        .collect();
    let inside =
        within(
            &runtime,
            async move { (0..EACH).map(|number| runtime::go(start(number))).collect::<Vec<_>>() },
        );
    let handles =
        outside.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).chain(inside);
    futures::executor::block_on(async {
        for handle in handles {
            handle.await.expect("the task ends");
        }
    });
    assert_eq!(ran.load(SeqCst), 4 * EACH);
}
