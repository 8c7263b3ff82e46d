//! The whole stack, as Go's benchmarks of `net` use it.
//!
//! Go: `net.BenchmarkTCP4OneShot` and the others of its file

use std::net::TcpListener;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use micro::{Exchange, ours, tokio_peer, workers};

fn tcp(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let ours = runtime::Runtime::new(workers()).expect("a runtime");
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build()
        .expect("a runtime");
    for (family, address) in [("TCP4", "127.0.0.1:0"), ("TCP6", "[::1]:0")] {
        if let Err(error) = TcpListener::bind(address) {
            eprintln!("{family} is not measured: {address}: {error}");
            continue;
        }
        for (kind, persistent) in [("OneShot", false), ("Persistent", true)] {
            for (suffix, timeout) in [("", false), ("Timeout", true)] {
                let exchange = Exchange { address, persistent, timeout };
                let mut group = criterion.benchmark_group(format!("{family}{kind}{suffix}"));
                group.sample_size(10).measurement_time(Duration::from_secs(2));
                group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
                    bencher.iter_custom(|total| ours::exchange(&ours, exchange, total).expect("no error"));
                });
                group.bench_function(BenchmarkId::from_parameter("tokio"), |bencher| {
                    bencher.iter_custom(|total| {
                        tokio_peer::exchange(&tokio, exchange, total).expect("no error")
                    });
                });
            }
        }
        let mut group = criterion.benchmark_group(format!("{family}ConcurrentReadWrite"));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        group.bench_function(BenchmarkId::from_parameter("ours"), |bencher| {
            bencher.iter_custom(|total| ours::concurrent(&ours, address, total).expect("no error"));
        });
        group.bench_function(BenchmarkId::from_parameter("tokio"), |bencher| {
            bencher.iter_custom(|total| tokio_peer::concurrent(&tokio, address, total).expect("no error"));
        });
    }
}

criterion_group!(benches, tcp);
criterion_main!(benches);
