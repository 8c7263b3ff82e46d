//! Reads and writes allocate nothing: counted over the whole process, so this file has one test.

use std::alloc::System;
use std::io::{Read, Write};
use std::net::TcpStream;

use conn::Conn;
use integration_tests::exec::Exec;
use integration_tests::pair::listening;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often each of them is done, in how many stretches.
const ROUNDS: usize = 200;
const STRETCHES: usize = 8;

/// One of ours, and a peer of the standard library's.
async fn pair() -> (Conn, TcpStream) {
    let (listener, address) = listening().await;
    let peer = TcpStream::connect(address).expect("connected");
    peer.set_nodelay(true).expect("an option");
    (listener.accept().await.expect("a connection"), peer)
}

/// Counts the allocations of what is done after a first time. The threads of the test, of the executor and of the poller
/// allocate when they begin, so of several stretches the best one counts: what every turn needs is in each.
async fn allocations(what: &str, exec: Exec, mut turn: impl AsyncFnMut()) {
    let mut stretches = [0; STRETCHES];
    for stretch in &mut stretches {
        let region = Region::new(COUNTED);
        for _ in 0..ROUNDS {
            turn().await;
        }
        let counted = region.change();
        *stretch = counted.allocations + counted.reallocations;
    }
    println!("{what} on {exec:?}: {stretches:?} allocations in {ROUNDS} turns each");
    assert!(stretches.contains(&0), "{what} on {exec:?}: {stretches:?} allocations in {ROUNDS} turns each");
}

/// Go: `net.TestTCPReadWriteAllocs`
#[test]
fn tcp_read_write_allocs() {
    // On tokio it is the harness that is counted too: it allocates nothing either for a task that waits.
    for exec in [Exec::Bare, Exec::Runtime, Exec::Tokio] {
        exec.run(async move {
            let (conn, mut peer) = pair().await;
            let mut buf = [0; 64];
            allocations("a write and a read that do not wait", exec, async || {
                conn.write(b"ping").await.expect("written");
                peer.read_exact(&mut [0; 4]).expect("data");
                peer.write_all(b"pong").expect("written");
                // The data is there: loopback delivers within the write.
                assert_eq!(conn.peek(&mut buf).await.expect("data"), 4);
                assert_eq!(conn.read(&mut buf).await.expect("data"), 4);
            })
            .await;

            let mut echo = peer.try_clone().expect("a duplicate");
            let echo = std::thread::spawn(move || {
                let mut byte = [0; 1];
                while echo.read(&mut byte).is_ok_and(|read| read == 1) {
                    // So that our read has begun to wait.
                    std::thread::sleep(std::time::Duration::from_micros(200));
                    echo.write_all(&byte).expect("written");
                }
            });
            let mut buf = [0; 64];
            allocations("a read that waits", exec, async || {
                conn.write(b"x").await.expect("written");
                assert_eq!(conn.read(&mut buf).await.expect("data"), 1);
            })
            .await;
            conn.close().await.expect("closed once");
            echo.join().expect("no panic");
        });
    }
}
