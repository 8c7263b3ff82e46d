//! From a wake to the one who waits for it.
//!
//! | | what one round is |
//! | --- | --- |
//! | `NetpollBreak/coalesced` | a break while another is still to be seen |
//! | `NetpollBreak/seen` | a break and a poll that sees it, on one thread |
//! | `WaitAndWake/thread` | two threads wake one another in turn: ours sleep in the poller, or beside it, and std's are parked |
//! | `WaitAndWake/task` | two tasks of one runtime wake one another in turn, through tokio's `Notify` with both runtimes |
//! | `WaitAndWake/socket` | two tasks of one runtime with one worker send one another a byte over loopback |
//!
//! Go: `runtime.BenchmarkNetpollBreak`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use netfd::{Netpoll, Parker};
use poller::{Delay, Events, Poller};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

fn netpoll_break(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let mut group = criterion.benchmark_group("NetpollBreak");
    let poller = Poller::new().expect("a poller");
    let mut events = Events::default();
    group.bench_function(BenchmarkId::new("coalesced", "ours"), |bencher| {
        bencher.iter(|| poller.break_poll());
    });
    group.bench_function(BenchmarkId::new("seen", "ours"), |bencher| {
        bencher.iter(|| {
            poller.break_poll()?;
            poller.poll(&mut events, Delay::Block)
        });
    });
}

fn wait_and_wake(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let mut group = criterion.benchmark_group("WaitAndWake");
    group.measurement_time(Duration::from_secs(3));
    group.bench_function(BenchmarkId::new("thread", "ours"), |bencher| {
        let netpoll = Netpoll::new().expect("a poller");
        bencher.iter_custom(|rounds| {
            threads(rounds, || {
                let mut parker = Parker::new(&netpoll);
                let unparker = parker.unparker();
                let park = move || parker.park().expect("the poller works");
                (park, move || unparker.unpark())
            })
        });
    });
    group.bench_function(BenchmarkId::new("thread", "std"), |bencher| {
        bencher.iter_custom(|rounds| {
            threads(rounds, || {
                let thread = thread::current();
                (thread::park, move || thread.unpark())
            })
        });
    });

    let ours = runtime::Runtime::new(1).expect("a runtime");
    let tokio =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build().expect("a runtime");
    group.bench_function(BenchmarkId::new("task", "ours"), |bencher| {
        bencher.iter_custom(|rounds| {
            let (there, back) = tasks(rounds);
            let (there, back) = (ours.go(there), ours.go(back));
            ours.block_on(back).expect("the task ends");
            ours.block_on(there).expect("the task ends")
        });
    });
    group.bench_function(BenchmarkId::new("task", "tokio"), |bencher| {
        bencher.iter_custom(|rounds| {
            let (there, back) = tasks(rounds);
            let (there, back) = (tokio.spawn(there), tokio.spawn(back));
            tokio.block_on(back).expect("the task ends");
            tokio.block_on(there).expect("the task ends")
        });
    });
    group.bench_function(BenchmarkId::new("socket", "ours"), |bencher| {
        bencher.iter_custom(|rounds| {
            let (near, far) = ours.block_on(micro::ours::pair("127.0.0.1:0")).expect("a connection");
            let back = ours.go(async move {
                let mut byte = [0];
                while let Ok(1) = far.read(&mut byte).await {
                    far.write(&byte).await.expect("written");
                }
            });
            let there = ours.go(async move {
                let begin = Instant::now();
                for _ in 0..rounds {
                    near.write(&[1]).await.expect("written");
                    assert_eq!(near.read(&mut [0]).await.expect("read"), 1);
                }
                begin.elapsed()
            });
            let took = ours.block_on(there).expect("the task ends");
            ours.block_on(back).expect("the task ends");
            took
        });
    });
    group.bench_function(BenchmarkId::new("socket", "tokio"), |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut near, mut far) =
                tokio.block_on(micro::tokio_peer::pair("127.0.0.1:0")).expect("a connection");
            let back = tokio.spawn(async move {
                let mut byte = [0];
                while let Ok(1) = far.read(&mut byte).await {
                    far.write_all(&byte).await.expect("written");
                }
            });
            let there = tokio.spawn(async move {
                let begin = Instant::now();
                for _ in 0..rounds {
                    near.write_all(&[1]).await.expect("written");
                    assert_eq!(near.read(&mut [0]).await.expect("read"), 1);
                }
                begin.elapsed()
            });
            let took = tokio.block_on(there).expect("the task ends");
            tokio.block_on(back).expect("the task ends");
            took
        });
    });
}

/// How long two threads take to wake one another `rounds` times; `way` gives a thread its way to sleep and to be woken.
fn threads<P, W>(rounds: u64, way: impl Fn() -> (P, W) + Sync) -> Duration
where
    P: FnMut(),
    W: Fn() + Send,
{
    /// Whose turn it is: even for the one, odd for the other.
    fn turns(turn: &AtomicU64, own: u64, rounds: u64, mut park: impl FnMut(), wake: impl Fn()) {
        for round in 0..rounds {
            while turn.load(Ordering::Acquire) != 2 * round + own {
                park();
            }
            turn.store(2 * round + own + 1, Ordering::Release);
            wake();
        }
    }
    let turn = AtomicU64::new(0);
    let (to_other, from_one) = mpsc::channel();
    let (to_one, from_other) = mpsc::channel();
    let going = AtomicBool::new(false);
    let (turn, going, way) = (&turn, &going, &way);
    thread::scope(|scope| {
        scope.spawn(move || {
            let (park, woken) = way();
            to_one.send(woken).expect("the other thread is there");
            let wake = from_one.recv().expect("the other thread is there");
            going.store(true, Ordering::Release);
            turns(turn, 1, rounds, park, wake);
        });
        let (park, woken) = way();
        to_other.send(woken).expect("the other thread is there");
        let wake = from_other.recv().expect("the other thread is there");
        while !going.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let begin = Instant::now();
        turns(turn, 0, rounds, park, wake);
        // The last turn is the other thread's, whose end the scope waits for.
        begin.elapsed()
    })
}

/// Two tasks that wake one another `rounds` times; how long that took.
fn tasks(rounds: u64) -> (impl Future<Output = Duration> + Send, impl Future<Output = ()> + Send) {
    let (near, far) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (to_near, to_far) = (near.clone(), far.clone());
    let there = async move {
        let begin = Instant::now();
        for _ in 0..rounds {
            to_far.notify_one();
            near.notified().await;
        }
        begin.elapsed()
    };
    let back = async move {
        for _ in 0..rounds {
            far.notified().await;
            to_near.notify_one();
        }
    };
    (there, back)
}

criterion_group!(benches, netpoll_break, wait_and_wake);
criterion_main!(benches);
