//! Moving a deadline. Nobody reads the clock but the peer itself.
//!
//! | | before each move there is | and the deadline moves |
//! | --- | --- | --- |
//! | `later` | a read deadline an hour away, a write deadline two hours away: Go's benchmark of this name | a nanosecond later |
//! | `earlier` | the same | a nanosecond earlier |
//! | `both` | one deadline for both directions, an hour away | a nanosecond later |
//!
//! Each of them in a task, so that the worker which would fire the deadline is awake; with `asleep` from a thread beside a
//! runtime that sleeps until the deadline, and so must be woken whenever that moves earlier.
//!
//! tokio has no deadline that is set: what it has is a timer round each read, so there it is made, waited on once and
//! dropped.
//!
//! Go: `net.BenchmarkSetReadDeadline`

use std::future::pending;
use std::pin::pin;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use conn::Conn;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use micro::ours;

const HOUR: Duration = Duration::from_secs(3600);
const STEP: Duration = Duration::from_nanos(1);

/// Which deadline moves, and which way.
#[derive(Clone, Copy)]
enum Way {
    Later,
    Earlier,
    Both,
}

const WAYS: [(Way, &str); 3] = [(Way::Later, "later"), (Way::Earlier, "earlier"), (Way::Both, "both")];

/// How long so many moves take.
fn moves(conn: &Conn, way: Way, count: u64) -> Duration {
    // What an earlier sample left would make of an earlier deadline a later one.
    conn.set_deadline(None).expect("open");
    let mut when = Instant::now() + HOUR;
    conn.set_write_deadline(Some(when + HOUR)).expect("open");
    conn.set_read_deadline(Some(when)).expect("open");
    if let Way::Both = way {
        conn.set_deadline(Some(when)).expect("open");
    }
    let begin = Instant::now();
    for _ in 0..count {
        let moved = match way {
            Way::Later => {
                when += STEP;
                conn.set_read_deadline(Some(when))
            }
            Way::Earlier => {
                when -= STEP;
                conn.set_read_deadline(Some(when))
            }
            Way::Both => {
                when += STEP;
                conn.set_deadline(Some(when))
            }
        };
        moved.expect("open");
    }
    begin.elapsed()
}

fn set_read_deadline(criterion: &mut Criterion) {
    micro::trace_if_asked();
    let mut group = criterion.benchmark_group("SetReadDeadline");
    let runtime = runtime::Runtime::new(1).expect("a runtime");
    let (conn, _peer) = runtime.block_on(ours::pair("127.0.0.1:0")).expect("a connection");
    for (way, name) in WAYS {
        group.bench_function(BenchmarkId::new(name, "ours"), |bencher| {
            bencher.iter_custom(|count| {
                // Waited for without the poller, which is the worker's.
                let (took, taken) = mpsc::channel();
                let conn = conn.clone();
                runtime.go(async move { took.send(moves(&conn, way, count)) });
                taken.recv().expect("the task ends")
            });
        });
        group.bench_function(BenchmarkId::new(name, "ours, asleep"), |bencher| {
            bencher.iter_custom(|count| moves(&conn, way, count));
        });
    }

    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for (name, later) in [("later", true), ("earlier", false)] {
        group.bench_function(BenchmarkId::new(name, "tokio"), |bencher| {
            bencher.iter_custom(|count| {
                tokio.block_on(async {
                    let mut when = tokio::time::Instant::now() + HOUR;
                    let begin = Instant::now();
                    for _ in 0..count {
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
