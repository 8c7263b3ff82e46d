//! A storm of breaks: several threads break one poller as fast as they can, and one thread waits in it.
//!
//! ```text
//!   4 threads:  break_poll, break_poll, …            1 thread:  poll, which a break ends, poll, …
//! ```
//!
//! Breaks that nobody has seen yet are one, so there should be one write to the poller's descriptor for each poll that was
//! ended. The writes are counted by the kernel, in `/proc/self/io`: nothing in the poller is asked.

#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use poller::{Delay, Events, Poller};
use serde::Serialize;

#[derive(Parser, Clone, Copy, Debug)]
#[command(version, about = "Counts what a storm of netpollBreak costs in system calls, and says it in JSON")]
struct Arguments {
    /// How many threads break
    #[arg(long, value_name = "N", default_value_t = 4)]
    threads: u64,

    /// How often each of them does
    #[arg(long, value_name = "N", default_value_t = 250_000)]
    breaks: u64,
}

#[derive(Serialize, Debug)]
struct Report {
    threads: u64,
    /// How often the poller was broken.
    breaks: u64,
    /// Calls of write(2) meanwhile.
    writes: u64,
    /// How often the thread that waits came back.
    wakeups: u64,
    /// Writes over wake-ups: 1 at best.
    writes_per_wakeup: f64,
    seconds: f64,
}

fn main() -> ExitCode {
    let told = storm(Arguments::parse())
        .and_then(|report| Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?));
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("break-storm: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn storm(Arguments { threads, breaks }: Arguments) -> anyhow::Result<Report> {
    ensure!(threads > 0 && breaks > 0, "without a break there is nothing to count");
    let poller = Poller::new().context("a poller")?;
    let (ended, wakeups) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = writes()?;
    let begin = Instant::now();
    thread::scope(|scope| -> anyhow::Result<()> {
        let waits = scope.spawn(|| -> anyhow::Result<()> {
            let mut events = Events::default();
            while !ended.load(Relaxed) {
                poller.poll(&mut events, Delay::Block).context("poll")?;
                wakeups.fetch_add(1, Relaxed);
            }
            Ok(())
        });
        let storm: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| (0..breaks).try_for_each(|_| poller.break_poll()).context("break")))
            .collect();
        let broken = storm
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")));
        // One more, so that the waiting thread sees the end: until it has, for the one before may have come too early.
        ended.store(true, Relaxed);
        while !waits.is_finished() {
            poller.break_poll().context("break")?;
            thread::sleep(Duration::from_millis(1));
        }
        waits.join().unwrap_or_else(|_| anyhow::bail!("the waiting thread panicked"))?;
        broken
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let writes = writes()? - before;
    let wakeups = wakeups.into_inner();
    ensure!(wakeups > 0, "no break ended a poll");
    Ok(Report {
        threads,
        breaks: threads * breaks,
        writes,
        wakeups,
        writes_per_wakeup: writes as f64 / wakeups as f64,
        seconds,
    })
}

/// How many calls of write(2) and its like this process has made, by the kernel's count.
fn writes() -> anyhow::Result<u64> {
    let io = std::fs::read_to_string("/proc/self/io").context("/proc/self/io")?;
    let count = io.lines().find_map(|line| line.strip_prefix("syscw: "));
    count.context("no syscw in /proc/self/io")?.parse().context("syscw")
}
