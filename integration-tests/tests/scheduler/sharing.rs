//! Work is shared: what one worker cannot do now, another does.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use integration_tests::time::WHILE;
use netfd::{Fd, Timer};
use runtime::{Runtime, yield_now};

use crate::{LIMIT, runtime, spin_until, wait, within};

/// Holds the thread until `met` tasks are here at once, each on a thread of its own.
fn meet(here: &AtomicU32, met: u32) {
    here.fetch_add(1, SeqCst);
    spin_until(|| here.load(SeqCst) >= met);
}

/// Lets the workers lie down that have just started, so that somebody has to wake them.
fn settle() {
    std::thread::sleep(WHILE);
}

#[test]
fn tasks_that_one_worker_starts_run_on_all() {
    const WORKERS: u32 = 4;
    let (runtime, _) = runtime(WORKERS as usize);
    settle();
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
    settle();
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

/// What it woke lies in its worker's queue, and the other worker sleeps.
#[test]
fn a_task_that_never_yields_holds_up_nobody_it_has_woken() {
    let (runtime, netpoll) = runtime(2);
    within(&runtime, async move {
        for _ in 0..10 {
            let (tell, told) = oneshot::channel();
            let ran = Arc::new(AtomicBool::new(false));
            let woken = {
                let ran = ran.clone();
                runtime::go(async move {
                    told.await.expect("told");
                    ran.store(true, SeqCst);
                })
            };
            Timer::after(&netpoll, Duration::from_millis(30)).await;
            tell.send(()).expect("it listens");
            spin_until(|| ran.load(SeqCst));
            woken.await.expect("it ran");
        }
    });
}

#[test]
fn a_task_that_never_yields_holds_up_no_input_and_output() {
    let (runtime, netpoll) = runtime(2);
    spins_beside_an_echo(&netpoll, &runtime, &runtime);
}

/// Of two ends that answer each other one can always be read, so each of its polls brings something.
#[test]
fn a_worker_whose_polls_always_bring_something_takes_what_lies_behind_another_task() {
    let (runtime, netpoll) = runtime(2);
    lies_behind_a_task(&runtime, |turns, over| {
        let (one, other) = UnixStream::pair().expect("two sockets");
        let [one, other] = [one, other].map(|end| {
            end.set_nonblocking(true).expect("a flag of descriptors");
            Fd::new(end.into(), &netpoll).expect("registered")
        });
        async move {
            drop(runtime::go(answers(other)));
            while !over.load(SeqCst) {
                one.write(b"ping", &mut 0).await.expect("written");
                one.read(&mut [0; 4]).await.expect("an answer");
                turns.fetch_add(1, SeqCst);
            }
        }
    });
}

/// Answers each message until the other end is closed.
async fn answers(end: Fd) {
    let mut buf = [0; 8];
    while let Ok(read @ 1..) = end.read(&mut buf).await {
        end.write(&buf[..read], &mut 0).await.expect("written");
    }
}

/// It looks for others' work only if it has none itself.
#[test]
fn a_worker_that_always_has_something_takes_what_lies_behind_another_task() {
    let (runtime, _) = runtime(2);
    lies_behind_a_task(&runtime, |turns, over| async move {
        while !over.load(SeqCst) {
            yield_now().await;
            turns.fetch_add(1, SeqCst);
        }
    });
}

/// While a `busy` task takes turns on one worker, another starts a third on the other, behind itself, and holds its thread until
/// that has run.
fn lies_behind_a_task<F>(runtime: &Runtime, busy: impl FnOnce(Arc<AtomicU32>, Arc<AtomicBool>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (turns, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let keeps_busy = runtime.go(busy(turns.clone(), over.clone()));
    within(runtime, async move {
        // They are the other worker's, for this one holds its own.
        let begun = turns.load(SeqCst);
        spin_until(|| turns.load(SeqCst) > begun + 100);
        let ran = over.clone();
        drop(runtime::go(async move { ran.store(true, SeqCst) }));
        spin_until(|| over.load(SeqCst));
    });
    runtime.block_on(keeps_busy).expect("it ends");
}

/// What the poller has found comes before what another worker has queued.
#[test]
fn who_looks_for_work_polls_before_it_steals() {
    let (runtime, netpoll) = runtime(2);
    let connect = || {
        let (ours, theirs) = UnixStream::pair().expect("two sockets");
        ours.set_nonblocking(true).expect("a flag of descriptors");
        (Fd::new(ours.into(), &netpoll).expect("registered"), theirs)
    };
    for _ in 0..10 {
        let (order, (tell, told)) = (Arc::new(Mutex::new(Vec::new())), channel());
        let (fd, mut peer) = connect();
        let log = order.clone();
        let polled = runtime.go(async move {
            fd.read(&mut [0; 8]).await.expect("data");
            log.lock().expect("nobody panicked").push("polled");
        });
        let (fd, mut begin) = connect();
        let log = order.clone();
        drop(runtime.go(async move {
            // The worker that polled runs this, and the other sleeps beside the poller.
            fd.read(&mut [0; 8]).await.expect("data");
            peer.write_all(b"data").expect("written");
            let stolen = log.clone();
            drop(runtime::go(async move { stolen.lock().expect("nobody panicked").push("stolen") }));
            spin_until(|| log.lock().expect("nobody panicked").len() == 2);
            tell.send(()).expect("the test listens");
        }));
        settle();
        begin.write_all(b"go").expect("written");
        wait(&told);
        assert_eq!(*order.lock().expect("nobody panicked"), ["polled", "stolen"]);
        futures::executor::block_on(polled).expect("it ends");
    }
}

/// The worker that runs cannot be helped by the other, but it was to poll for both.
#[test]
fn a_runtime_that_is_held_up_holds_up_no_other_on_its_poller() {
    let (one, netpoll) = runtime(1);
    let other = runtime::Runtime::builder().workers(1).netpoll(&netpoll).build().expect("another runtime");
    spins_beside_an_echo(&netpoll, &one, &other);
    // And the other way round: it is not known which of them slept in the poller.
    spins_beside_an_echo(&netpoll, &other, &one);
}

/// A task of one runtime spins until another's task has answered a hundred times. Its worker may have been the one that
/// polled, and the other sleeps beside the poller.
fn spins_beside_an_echo(netpoll: &netfd::Netpoll, spins: &runtime::Runtime, echoes: &runtime::Runtime) {
    let done = Arc::new(AtomicBool::new(false));
    let (begun, begins) = channel();
    let connect = || {
        let (ours, theirs) = UnixStream::pair().expect("two sockets");
        theirs.set_read_timeout(Some(LIMIT)).expect("an option of sockets");
        ours.set_nonblocking(true).expect("a flag of descriptors");
        (Fd::new(ours.into(), netpoll).expect("registered"), theirs)
    };
    let (fd, mut stuck) = connect();
    let spinner = done.clone();
    let spin = spins.go(async move {
        fd.read(&mut [0; 8]).await.expect("data");
        begun.send(()).expect("the test listens");
        spin_until(|| spinner.load(SeqCst));
    });
    let (fd, mut other) = connect();
    drop(echoes.go(answers(fd)));
    settle();
    stuck.write_all(b"go").expect("written");
    wait(&begins);
    for _ in 0..100 {
        other.write_all(b"ping").expect("written");
        other.read_exact(&mut [0; 4]).expect("the answer comes while the first task spins");
    }
    done.store(true, SeqCst);
    // One that gives up lets the others go on, too.
    spins.block_on(spin).expect("it spins to the end");
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

/// Another executor within a task of the only worker: nobody polls for the worker's own tasks, but somebody does for what
/// waits here.
#[test]
fn another_executor_in_the_only_workers_task_is_polled_for() {
    for wait_for_input in [false, true] {
        let (runtime, netpoll) = runtime(1);
        let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
        ours.set_nonblocking(true).expect("a flag of descriptors");
        let fd = Fd::new(ours.into(), &netpoll).expect("a descriptor");
        within(&runtime, async move {
            let sender = std::thread::spawn(move || {
                std::thread::sleep(WHILE);
                theirs.write_all(b"x").expect("written");
                theirs
            });
            futures::executor::block_on(async {
                if wait_for_input {
                    assert_eq!(fd.read(&mut [0; 8]).await.expect("data"), 1);
                } else {
                    Timer::after(&netpoll, WHILE).await;
                }
            });
            drop(sender.join());
        });
    }
}

/// What the only worker has polled for somebody else, who waits on another thread, comes while the worker is busy.
#[test]
fn a_wait_that_others_share_is_polled_for_while_the_only_worker_is_busy() {
    let (runtime, netpoll) = runtime(1);
    let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
    ours.set_nonblocking(true).expect("a flag of descriptors");
    let fd = Fd::new(ours.into(), &netpoll).expect("a descriptor");
    let shared = async move { fd.read(&mut [0; 8]).await.expect("data") }.boxed().shared();
    let heard = Arc::new(AtomicBool::new(false));
    let other = {
        let (shared, heard) = (shared.clone(), heard.clone());
        within(&runtime, async move {
            assert!(futures::poll!(shared.clone()).is_pending());
            std::thread::spawn(move || {
                let read = futures::executor::block_on(shared);
                heard.store(true, SeqCst);
                read
            })
        })
    };
    let busy = runtime.go(async move {
        theirs.write_all(b"x").expect("written");
        spin_until(|| heard.load(SeqCst));
    });
    assert_eq!(other.join().expect("it reads"), 1);
    futures::executor::block_on(busy).expect("it ends");
}
