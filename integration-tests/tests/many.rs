//! Thousands of connections open at once in one server process, every byte of theirs compared.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conn::{Conn, dial};
use fastrand::Rng;
use integration_tests::exec::Exec;
use integration_tests::limits;
use integration_tests::server::Server;

const MESSAGES: usize = 100;
const LONGEST: usize = 64 << 10;
/// Far beyond what closing takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn five_thousand_connections_on_runtime() {
    // The server gets its limit from this process.
    limits::allow_all_descriptors();
    let server = Server::start_command(&mut Server::example());
    echo_on_all(Exec::Runtime, server, 5_000);
}

#[test]
fn five_hundred_connections_on_tokio() {
    echo_on_all(Exec::Tokio, peer("tokio"), 500);
}

#[test]
fn five_hundred_connections_on_bare_threads() {
    echo_on_all(Exec::Bare, peer("bare"), 500);
}

/// A server on another executor.
fn peer(executor: &str) -> Server {
    Server::start_command(Command::new(env!("CARGO_BIN_EXE_peer")).arg(executor))
}

/// Opens `count` connections, echoes on all of them, and closes them.
fn echo_on_all(exec: Exec, server: Server, count: usize) {
    limits::allow_all_descriptors();
    let before = server.descriptors();
    let block = Arc::new(random_block());
    exec.run(async {
        let mut conns = Vec::with_capacity(count);
        for _ in 0..count {
            conns.push(dial("tcp", server.address()).await.expect("a connection"));
        }
        until(exec, || server.descriptors() == before + count).await;
        // None is closed before all have echoed everything.
        let tasks: Vec<_> = conns
            .iter()
            .enumerate()
            .map(|(seed, conn)| exec.spawn(exchange(conn.clone(), seed as u64, block.clone())))
            .collect();
        for task in tasks {
            task.await;
        }
        assert_eq!(server.descriptors(), before + count, "all are open until the end");
        drop(conns);
        until(exec, || server.descriptors() == before).await;
    });
}

/// Sends messages of many lengths and compares what comes back.
async fn exchange(conn: Conn, seed: u64, block: Arc<Vec<u8>>) {
    let mut random = Rng::with_seed(seed);
    let mut answer = Vec::new();
    for message in 0..MESSAGES {
        // Each magnitude of length is as likely as any other.
        let length = (LONGEST as f64).powf(random.f64()).round() as usize;
        let start = random.usize(..block.len() - length);
        let sent = &block[start..start + length];
        answer.resize(length, 0);
        let read_all = async {
            let mut filled = 0;
            while filled < length {
                let read = conn.read(&mut answer[filled..]).await.expect("data");
                assert!(read > 0, "connection {seed} ended in message {message}");
                filled += read;
            }
        };
        let (written, ()) = futures::join!(conn.write(sent), read_all);
        assert_eq!(written.expect("written"), length);
        assert!(answer == sent, "message {message} of connection {seed}, {length} bytes, came back changed");
    }
}

/// Waits for another process to come to a state.
async fn until(exec: Exec, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < PATIENCE, "the server did not get there");
        exec.sleep(Duration::from_millis(10)).await;
    }
}

fn random_block() -> Vec<u8> {
    let mut block = vec![0; 2 * LONGEST];
    Rng::with_seed(0).fill(&mut block);
    block
}
