//! What it costs to do nothing, and what does not wake other threads. Context switches tell: a thread that is woken
//! goes to sleep again.

use std::time::{Duration, Instant};

use futures::channel::{mpsc, oneshot};
use futures::{SinkExt, StreamExt};
use integration_tests::alone::alone_as;
use integration_tests::time::WHILE;

use crate::{LIMIT, echo, pair, ping, runtime, spin_until, within};

/// How often the threads of this process have gone to sleep so far: those whose names pass.
fn sleeps(of: impl Fn(&str) -> bool) -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux lists them");
    let status =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("status")).ok());
    let field = |status: &str, name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
        value.expect("Linux says it").to_owned()
    };
    status
        .filter(|status| of(&field(status, "Name:")))
        .map(|status| field(&status, "voluntary_ctxt_switches:").parse::<u64>().expect("a number"))
        .sum()
}

#[test]
fn an_idle_runtime_wakes_nobody() {
    alone_as(module_path!(), "an_idle_runtime_wakes_nobody", || {
        let (runtime, netpoll) = runtime(2);
        let (kept, closed) = oneshot::channel::<()>();
        drop(runtime.go(async move {
            let (client, server) = pair(&netpoll).await;
            client.write(b"once").await.expect("written");
            server.read(&mut [0; 8]).await.expect("data");
            let waits = runtime::go(async move { server.read(&mut [0; 8]).await });
            let _ = closed.await;
            drop((client, waits));
        }));
        let ours = |name: &str| name.starts_with("worker-") || name == "netpoll";
        std::thread::sleep(Duration::from_millis(300));
        let before = sleeps(ours);
        std::thread::sleep(Duration::from_secs(1));
        let woken = sleeps(ours) - before;
        // A guard that looks 100 times a second, or a worker that polls for a while, would be many more.
        assert!(woken <= 10, "{woken} wake-ups within an idle second");
        drop(kept);
    });
}

/// The thread that blocks is no worker meanwhile, and the one that has its seat sleeps: there is nobody to look at.
#[test]
fn a_task_in_a_nested_block_on_is_looked_at_by_nobody() {
    alone_as(module_path!(), "a_task_in_a_nested_block_on_is_looked_at_by_nobody", || {
        let (runtime, _) = runtime(2);
        let (kept, closed) = oneshot::channel::<()>();
        drop(runtime.go(async move { runtime::block_on(closed) }));
        std::thread::sleep(Duration::from_millis(300));
        let before = sleeps(|name| name == "netpoll");
        std::thread::sleep(Duration::from_secs(1));
        let looks = sleeps(|name| name == "netpoll") - before;
        assert!(looks <= 10, "{looks} wake-ups of the stand-by within an idle second");
        drop(kept);
    });
}

/// While a worker runs and does not poll, the stand-by looks once in 10 ms.
#[test]
fn a_worker_that_runs_for_long_is_looked_at_100_times_a_second_at_most() {
    alone_as(module_path!(), "a_worker_that_runs_for_long_is_looked_at_100_times_a_second_at_most", || {
        let (runtime, netpoll) = runtime(2);
        within(&runtime, async move {
            let (client, server) = pair(&netpoll).await;
            let waits = runtime::go(async move { server.read(&mut [0; 8]).await });
            let (before, begun) = (sleeps(|name| name == "netpoll"), Instant::now());
            spin_until(|| begun.elapsed() >= 5 * WHILE);
            let looks = sleeps(|name| name == "netpoll") - before;
            let most = begun.elapsed().as_millis() / 10 + 5;
            assert!(u128::from(looks) <= most, "{looks} looks where {most} are due at most");
            assert!(looks > 0, "nobody looks after the worker");
            drop(client);
            waits.await.expect("the task ends").expect("the end of the stream");
        });
    });
}

/// Requests that come a little less often than the stand-by looks: each is a reason to look, and not two.
#[test]
fn requests_that_come_now_and_then_cause_100_looks_a_second_at_most() {
    alone_as(module_path!(), "requests_that_come_now_and_then_cause_100_looks_a_second_at_most", || {
        let (runtime, netpoll) = runtime(2);
        let client = within(&runtime, async move {
            let (client, server) = pair(&netpoll).await;
            drop(runtime::go(echo(server)));
            client
        });
        for period in [11, 15, 21].map(Duration::from_millis) {
            let (before, begun) = (sleeps(|name| name == "netpoll"), Instant::now());
            for _ in 0..40 {
                std::thread::sleep(period);
                // This thread drives nothing: there are workers.
                runtime.block_on(ping(&client, 1));
            }
            let looks = sleeps(|name| name == "netpoll") - before;
            let most = begun.elapsed().as_millis() / 10 + 5;
            assert!(u128::from(looks) <= most, "{looks} looks where {most} are due at most, each {period:?}");
        }
    });
}

/// There is nobody whom it could hold up.
#[test]
fn the_only_worker_is_looked_at_by_nobody() {
    alone_as(module_path!(), "the_only_worker_is_looked_at_by_nobody", || {
        let (runtime, netpoll) = runtime(1);
        let looks = within(&runtime, async move {
            let (client, server) = pair(&netpoll).await;
            let server = runtime::go(echo(server));
            ping(&client, 10).await;
            // The stand-by's first sleep is its own.
            spin_until(|| sleeps(|name| name == "netpoll") > 0);
            let before = sleeps(|name| name == "netpoll");
            // The worker's own deadlines and waits, beside a task that does not yield for a while.
            client.set_read_deadline(Some(Instant::now() + LIMIT)).expect("open");
            for _ in 0..10 {
                std::thread::sleep(WHILE / 5);
                ping(&client, 200).await;
            }
            client.close().await.expect("closed once");
            server.await.expect("the server ends");
            sleeps(|name| name == "netpoll") - before
        });
        assert_eq!(looks, 0, "wake-ups of the stand-by");
    });
}

/// The thread in `block_on` sleeps beside the poller, though it lay down first: it waits for one task, and the worker runs
/// what the poller finds.
#[test]
fn a_request_does_not_wake_the_thread_in_block_on() {
    alone_as(module_path!(), "a_request_does_not_wake_the_thread_in_block_on", || {
        const REQUESTS: u64 = 2000;
        let (runtime, netpoll) = runtime(1);
        let requests = runtime.go(async move {
            // The only worker is busy while the thread in `block_on` lies down.
            std::thread::sleep(WHILE);
            let (client, server) = pair(&netpoll).await;
            let server = runtime::go(echo(server));
            ping(&client, REQUESTS).await;
            client.close().await.expect("closed once");
            server.await.expect("the server ends");
        });
        let guest = std::thread::Builder::new().name("guest".to_owned());
        let woken = guest.spawn(move || {
            runtime.block_on(requests).expect("the tasks end");
            sleeps(|name| name == "guest")
        });
        let woken = woken.expect("a thread").join().expect("it does not panic");
        assert!(woken < REQUESTS / 10, "block_on's thread was woken {woken} times");
    });
}

/// Also where the runtime has one worker, tasks that talk to one another need no other thread.
#[test]
fn tasks_that_wake_one_another_wake_no_thread() {
    alone_as(module_path!(), "tasks_that_wake_one_another_wake_no_thread", || {
        const ROUNDS: u64 = 10_000;
        for workers in [1, 2] {
            let (runtime, _) = runtime(workers);
            let woken = within(&runtime, async {
                let (mut to, mut from) = mpsc::channel::<u64>(0);
                let (mut back, mut answers) = mpsc::channel::<u64>(0);
                let other = runtime::go(async move {
                    while let Some(number) = from.next().await {
                        back.send(number).await.expect("it listens");
                    }
                });
                let before = sleeps(|name| name.starts_with("worker-"));
                for number in 0..ROUNDS {
                    to.send(number).await.expect("it listens");
                    assert_eq!(answers.next().await, Some(number));
                }
                drop(to);
                other.await.expect("it ends");
                (sleeps(|name| name.starts_with("worker-")) - before) * 10 / ROUNDS
            });
            assert_eq!(woken, 0, "tenths of a wake-up for each round, with {workers} workers");
        }
    });
}
