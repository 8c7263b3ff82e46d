//! Deadlines near and less near, and how many workers there are to see to them.

use std::time::{Duration, Instant};

use conn::{Conn, dial};
use integration_tests::exec::Exec;
use integration_tests::pair::listening;
use listener::Listener;

use crate::assert_timed_out;

/// Nanoseconds.
const DELAYS: [u64; 17] = [
    1,
    2,
    5,
    50,
    100,
    200,
    500,
    750,
    1_000,
    5_000,
    25_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    100_000_000,
    250_000_000,
];

/// Says nothing to whoever connects, and closes when they do, until the listener is closed.
async fn serve(exec: Exec, listener: Listener) {
    while let Ok(conn) = listener.accept().await {
        drop(exec.spawn(async move { conn.read(&mut [0]).await.map(drop) }));
    }
}

/// A read of everything that comes, which is nothing, until the deadline of both directions.
async fn read_until(address: &str, delay: Duration) {
    let conn: Conn = dial("tcp", address).await.expect("a connection");
    let due = Instant::now() + delay;
    conn.set_deadline(Some(due)).expect("open");
    let read = conn.read(&mut [0; 512]).await;
    assert!(Instant::now() >= due, "a deadline of {delay:?} fired early");
    assert_timed_out(read, "read");
    conn.close().await.expect("closed once");
}

/// Every delay, three times, on tasks of `exec`'s.
async fn every_delay(exec: Exec) {
    let (listener, address) = listening().await;
    let server = exec.spawn(serve(exec, listener.clone()));
    let client = exec.spawn(async move {
        for delay in DELAYS.map(Duration::from_nanos) {
            for _ in 0..3 {
                read_until(&address, delay).await;
            }
        }
    });
    client.await;
    listener.close().await.expect("closed once");
    server.await;
}

fn on_runtime(workers: usize) {
    runtime::Runtime::new(workers).expect("a runtime").block_on(every_delay(Exec::Runtime));
}

fn on_tokio(workers: usize) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build();
    tokio.expect("tokio starts").block_on(every_delay(Exec::Tokio));
}

/// Go: `net.TestVariousDeadlines`
mod various_deadlines {
    use super::*;

    #[test]
    fn runtime() {
        on_runtime(2);
    }

    #[test]
    fn tokio() {
        on_tokio(2);
    }

    #[test]
    fn bare() {
        Exec::Bare.run(every_delay(Exec::Bare));
    }
}

/// Go: `net.TestVariousDeadlines1Proc`
mod various_deadlines_1_proc {
    use super::*;

    #[test]
    fn runtime() {
        on_runtime(1);
    }

    #[test]
    fn tokio() {
        on_tokio(1);
    }
}

/// Go: `net.TestVariousDeadlines4Proc`
mod various_deadlines_4_proc {
    use super::*;

    #[test]
    fn runtime() {
        on_runtime(4);
    }

    #[test]
    fn tokio() {
        on_tokio(4);
    }
}
