//! The scheduler: whose turn it is, who does others' work, what it costs to do nothing, and what is left at the end.

mod ends;
mod join;
mod order;
mod quiet;
mod refused;
mod sharing;
mod strangers;
mod time;

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use conn::{Conn, Dialer};
use listener::ListenConfig;
use netfd::Netpoll;
use runtime::Runtime;

/// How long a test waits for what has to come. Only a failure takes so long.
const LIMIT: Duration = Duration::from_secs(60);

/// A runtime over a poller of its own, which no worker of another test drives.
fn runtime(workers: usize) -> (Runtime, Netpoll) {
    let netpoll = Netpoll::new().expect("a poller");
    (Runtime::builder().workers(workers).netpoll(&netpoll).build().expect("a runtime"), netpoll)
}

/// How many entries this process has in `/proc/self/…`: its threads are its `task`s.
fn count(what: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{what}")).expect("Linux lists them").count()
}

/// That so many threads are left. The kernel lists one a little longer than the one that waits for its end.
fn assert_threads(left: usize) {
    let limit = Instant::now() + LIMIT;
    while count("task") != left && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(count("task"), left, "threads");
}

/// Two ends of a connection over that poller.
async fn pair(netpoll: &Netpoll) -> (Conn, Conn) {
    let listener =
        ListenConfig::new().netpoll(netpoll).listen("tcp", "127.0.0.1:0").await.expect("a listener");
    let address = listener.addr().expect("a bound listener").to_string();
    let dialer = Dialer::new().netpoll(netpoll);
    let (client, server) = futures::join!(dialer.dial("tcp", &address), listener.accept());
    (client.expect("a connection"), server.expect("a connection"))
}

/// Sends back what it is sent, to the end.
async fn echo(server: Conn) {
    let mut buf = [0; 8];
    while let Ok(read @ 1..) = server.read(&mut buf).await {
        server.write(&buf[..read]).await.expect("written");
    }
}

/// Sends and waits for the answer, so many times.
async fn ping(client: &Conn, times: u64) {
    for _ in 0..times {
        client.write(b"ping").await.expect("written");
        assert_eq!(client.read(&mut [0; 8]).await.expect("data"), 4);
    }
}

/// Runs `task` on a worker of `runtime`; its result, or a panic if there is none in time.
#[track_caller]
fn within<T: Send + 'static>(runtime: &Runtime, task: impl Future<Output = T> + Send + 'static) -> T {
    let (tell, told) = channel();
    let handle = runtime.go(async move {
        let result = task.await;
        // The test may have given up.
        let _ = tell.send(result);
    });
    let result = wait(&told);
    drop(handle);
    result
}

#[track_caller]
fn wait<T>(told: &Receiver<T>) -> T {
    match told.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Disconnected) => panic!("the task panicked"),
        Err(RecvTimeoutError::Timeout) => panic!("nothing happened for {LIMIT:?}"),
    }
}

/// Holds the thread until `over`.
fn spin_until(over: impl Fn() -> bool) {
    let start = Instant::now();
    while !over() {
        assert!(start.elapsed() < LIMIT, "nothing happened for {LIMIT:?}");
        std::thread::yield_now();
    }
}
