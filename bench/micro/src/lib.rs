//! What the micro-benchmarks share. They carry the names of Go's, so that `go test -bench` of `net`, `internal/poll` and
//! `runtime` prints the numbers beside which these stand.
//!
//! | bench | Go's names, and others | what it measures |
//! | --- | --- | --- |
//! | `tcp` | `TCP4OneShot`, `TCP4Persistent`, …`Timeout`, `TCP4ConcurrentReadWrite`, and the same of `TCP6` | the whole stack |
//! | `deadlines` | `SetReadDeadline` | moving a deadline, each way |
//! | `wakes` | `NetpollBreak`, `WaitAndWake` | from a wake to the one who waits for it |
//! | `descriptors` | `FdMutex`, `AllocFree` | the lock and the slot of a descriptor |
//! | `copies` | `SplicePipe`, `SendfileZeroBytes` | copies that move next to nothing |
//! | `returns` | `ReturnAfterCall` | returning from the function that made a system call |
//!
//! The program `break-storm` counts what a storm of breaks costs in system calls.

#![forbid(unsafe_code)]

pub mod ours;
pub mod tokio_peer;

use std::time::Duration;

use tracing_subscriber::EnvFilter;

/// Traces to standard error if `RUST_LOG` says so. Each benchmark of ours begins with it: in a program that nowhere turns
/// tracing on, the optimizer takes it out, and what it costs while it is off would not be in the numbers.
pub fn trace_if_asked() {
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_some() {
        let filter = EnvFilter::from_default_env();
        // The second group of a file finds it done.
        let _done = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    }
}

/// How many threads run tasks, with either peer: one for each processor, as Go has it.
#[must_use]
pub fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Go's exchange of messages of 512 bytes, by twice as many clients at once as there are workers.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Where to listen.
    pub address: &'static str,
    /// Whether a client keeps its connection for all its messages; else each has its own.
    pub persistent: bool,
    /// Whether both ends have a deadline, set once, which never comes.
    pub timeout: bool,
}

impl Exchange {
    /// The length of a message.
    pub const MESSAGE: usize = 512;

    /// The deadline that never comes.
    pub const AWAY: Duration = Duration::from_secs(3600);

    /// How many connections each client opens and how many messages it sends on each, for `total` messages or a few more;
    /// and how many clients there are.
    #[must_use]
    pub fn shares(&self, total: u64) -> (u64, u64, usize) {
        let clients = 2 * workers();
        let each = total.div_ceil(clients as u64);
        if self.persistent { (1, each, clients) } else { (each, 1, clients) }
    }
}

/// What Go's writers compute between two bytes: a thousand products.
#[must_use]
pub fn computed(nth: u64) -> u8 {
    let mut value = nth as u8;
    for _ in 0..1000 {
        value = std::hint::black_box(value.wrapping_mul(value));
    }
    value
}

/// How many bytes the pipe between Go's server reader and server writer holds.
pub const PIPE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_at_least_the_total() {
        for persistent in [true, false] {
            let exchange = Exchange { address: "127.0.0.1:0", persistent, timeout: false };
            for total in [1, 7, 1000] {
                let (connections, messages, clients) = exchange.shares(total);
                let sum = connections * messages * clients as u64;
                assert!(sum >= total && sum < total + clients as u64, "{total}: {sum}");
            }
        }
    }
}
