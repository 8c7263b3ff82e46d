//! Copies in the kernel that move next to nothing, so that what is round them shows.
//!
//! | | what one round is | what else it contains |
//! | --- | --- | --- |
//! | `SplicePipe` | a copy of one byte from a connection to another: a pipe is taken from the pool and given back | a write to the one, two times `splice`, a read from the other |
//! | `SendfileZeroBytes` | a copy from a file that stands at its end | one `sendfile` that moves nothing |
//!
//! Go: `poll.BenchmarkSplicePipe`, `net.BenchmarkSendfileZeroBytes`

use std::fs::File;

use conn::Conn;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use micro::ours::pair;

fn splice_pipe(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let (sender, source) = block_on(pair("127.0.0.1:0")).expect("a connection");
    let (target, receiver) = block_on(pair("127.0.0.1:0")).expect("a connection");
    let mut group = criterion.benchmark_group("SplicePipe");
    group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
        bencher.iter(|| block_on(one_byte(&sender, &source, &target, &receiver)));
    });
    group.bench_function(BenchmarkId::from_parameter("read and write"), |bencher| {
        bencher.iter(|| block_on(one_byte_by_hand(&sender, &source, &target, &receiver)));
    });
}

async fn one_byte(sender: &Conn, source: &Conn, target: &Conn, receiver: &Conn) {
    sender.write(&[1]).await.expect("written");
    assert_eq!(target.copy_from(source, Some(1)).await.expect("copied"), 1);
    assert_eq!(receiver.read(&mut [0]).await.expect("read"), 1);
}

/// The same without a pipe.
async fn one_byte_by_hand(sender: &Conn, source: &Conn, target: &Conn, receiver: &Conn) {
    sender.write(&[1]).await.expect("written");
    assert_eq!(source.read(&mut [0]).await.expect("read"), 1);
    target.write(&[1]).await.expect("written");
    assert_eq!(receiver.read(&mut [0]).await.expect("read"), 1);
}

fn sendfile_zero_bytes(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let (conn, _peer) = block_on(pair("127.0.0.1:0")).expect("a connection");
    let file: File = tempfile::tempfile().expect("a file");
    criterion.benchmark_group("SendfileZeroBytes").bench_function(
        BenchmarkId::from_parameter("ours"),
        |bencher| {
            bencher.iter(|| {
                assert_eq!(block_on(conn.copy_from(&file, None)).expect("copied"), 0);
            });
        },
    );
}

criterion_group!(benches, splice_pipe, sendfile_zero_bytes);
criterion_main!(benches);
