//! Moving a deadline. Nobody reads the clock but the peer itself.
//!
//! | | before each | beside it |
//! | --- | --- | --- |
//! | `later` | the read deadline moves a nanosecond later, an hour away; the write deadline is two hours away | Go's benchmark of this name |
//! | `earlier` | it moves a nanosecond earlier | |
//! | `both` | the deadline of both directions moves later | |
//!
//! tokio has no deadline that is set: what it has is a timer round each read, so there it is made, waited on once and dropped.
//!
//! Go: `net.BenchmarkSetReadDeadline`

use std::future::pending;
use std::hint::black_box;
use std::pin::pin;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use micro::ours;

const HOUR: Duration = Duration::from_secs(3600);
const STEP: Duration = Duration::from_nanos(1);

fn set_read_deadline(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("SetReadDeadline");
    let runtime = runtime::Runtime::new(1).expect("a runtime");
    let (conn, _peer) = runtime.block_on(ours::pair("127.0.0.1:0")).expect("a connection");
    conn.set_write_deadline(Some(Instant::now() + 2 * HOUR)).expect("open");

    group.bench_function(BenchmarkId::new("later", "ours"), |bencher| {
        let mut when = Instant::now() + HOUR;
        bencher.iter(|| {
            when += STEP;
            conn.set_read_deadline(Some(black_box(when)))
        });
    });
    group.bench_function(BenchmarkId::new("earlier", "ours"), |bencher| {
        let mut when = Instant::now() + HOUR;
        bencher.iter(|| {
            when -= STEP;
            conn.set_read_deadline(Some(black_box(when)))
        });
    });
    group.bench_function(BenchmarkId::new("both", "ours"), |bencher| {
        let mut when = Instant::now() + HOUR;
        bencher.iter(|| {
            when += STEP;
            conn.set_deadline(Some(black_box(when)))
        });
    });

    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for (way, later) in [("later", true), ("earlier", false)] {
        group.bench_function(BenchmarkId::new(way, "tokio"), |bencher| {
            bencher.iter_custom(|iterations| {
                tokio.block_on(async {
                    let mut when = tokio::time::Instant::now() + HOUR;
                    let begin = Instant::now();
                    for _ in 0..iterations {
                        when = if later { when + STEP } else { when - STEP };
                        let mut limited = pin!(tokio::time::timeout_at(when, pending::<()>()));
                        assert!(futures::poll!(limited.as_mut()).is_pending());
                    }
                    begin.elapsed()
                })
            });
        });
    }
}

criterion_group!(benches, set_read_deadline);
criterion_main!(benches);
