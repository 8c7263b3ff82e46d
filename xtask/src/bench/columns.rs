//! Which values a scenario's table shows, in which unit, and which of them is drawn.

use super::perf::FORBIDDEN;
use super::results::{
    BREAKS, CALL, CALLS, CHURNED, GENERATOR, GROWTH, INSTRUCTIONS, LIVE, P50, P99, PROCESSOR, RATE, RESIDENT,
    SLOWEST, SWITCHES, THROUGHPUT, WAKEUPS, WRITES, WRITES_EACH,
};
use super::scenarios::Kind;

/// A value as a table shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    /// The value's name in the results.
    pub(crate) value: &'static str,
    /// The heading, with the unit.
    pub(crate) heading: &'static str,
    /// What the value is multiplied with to be in that unit.
    pub(crate) scale: f64,
}

const fn column(value: &'static str, heading: &'static str, scale: f64) -> Column {
    Column { value, heading, scale }
}

/// A group of scenarios: a section of the report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: &'static str,
    /// What its numbers say.
    pub(crate) says: &'static str,
    /// The columns: the first is the one that is drawn and paired.
    pub(crate) columns: &'static [Column],
    /// Whether a small value is a good one.
    pub(crate) less_is_better: bool,
}

/// The section of a kind of scenario.
pub(crate) fn section(kind: Kind) -> Section {
    // Windows of some milliseconds tell nothing else.
    const TIME_ALONE: &[Column] = &[column(PROCESSOR, "processor time, µs a request", 1e-3)];
    const TIME: &[Column] = &[
        column(PROCESSOR, "processor time, µs a request", 1e-3),
        column(P50, "p50, µs", 1.0),
        column(P99, "p99, µs", 1.0),
        column(SLOWEST, "slowest connection's share", 1.0),
        column(SWITCHES, "context switches a request", 1.0),
        column(RATE, "requests a second", 1.0),
        column(GENERATOR, "generator's own processors", 1.0),
    ];
    match kind {
        Kind::Time(_) => Section {
            title: "Processor time and latency",
            says: "What the kernel charged the server with, shared among the requests of the window. Where no step is \
                   named, a server that is ahead of the generator looks for the next request again and again, and is \
                   charged for that too; in lockstep it rests until all connections begin their next step.",
            columns: TIME,
            less_is_better: true,
        },
        Kind::Calls(_) => Section {
            title: "System calls",
            says: "Counted by the kernel's trace points in the window. The columns behind the total are calls by name; \
                   what is in none of them is `other`.",
            columns: const { &[column(CALLS, "system calls a request", 1.0)] },
            less_is_better: true,
        },
        Kind::Instructions(_) => Section {
            title: "Instructions in user space",
            says: "Counted by callgrind over two numbers of requests and subtracted. Go's runtime does not run under \
                   valgrind as it does by itself.",
            columns: const { &[column(INSTRUCTIONS, "instructions a request", 1.0)] },
            less_is_better: true,
        },
        Kind::Deadlines(_) => Section {
            title: "Deadlines",
            says: "Each server against itself without a deadline: `deadline-later` moves the read deadline later \
                   before every read, `deadline-earlier` earlier. For the difference there are 320 short windows on \
                   the same connections in lockstep, with deadlines, without, without, with, and so on: two processes \
                   differ by more than a deadline costs.",
            columns: TIME_ALONE,
            less_is_better: true,
        },
        Kind::Armed { .. } => Section {
            title: "Thousands of armed deadlines",
            says: "Each server against itself: the idle connections wait with a deadline an hour away, or without one. \
                   The difference is what a deadline before each read of the busy ones adds, in 320 short windows on the \
                   same connections.",
            columns: TIME_ALONE,
            less_is_better: true,
        },
        Kind::Churn(_) => Section {
            title: "Deadlines of connections that are gone",
            says: "Growth of the resident memory over the window, by each connection that came and went in it.",
            columns: const {
                &[
                    column(GROWTH, "growth, bytes a connection", 1.0),
                    column(CHURNED, "connections in the window", 1.0),
                    column(PROCESSOR, "processor time, µs a connection", 1e-3),
                ]
            },
            less_is_better: true,
        },
        Kind::Memory => Section {
            title: "Memory of an idle connection",
            says: "The slope of a line through several numbers of connections, each used once. Allocated: as the \
                   allocator was asked, the 4 KiB buffer included. Resident: as the kernel counts pages.",
            columns: const {
                &[
                    column(LIVE, "allocated, bytes a connection", 1.0),
                    column(RESIDENT, "resident, bytes a connection", 1.0),
                ]
            },
            less_is_better: true,
        },
        Kind::Storm => Section {
            title: "A storm of breaks",
            says: "Writes are counted by the kernel (`/proc/self/io`). Breaks that nobody has seen yet are one.",
            columns: const {
                &[
                    column(WRITES_EACH, "writes for each wake-up", 1.0),
                    column(BREAKS, "breaks", 1.0),
                    column(WRITES, "writes", 1.0),
                    column(WAKEUPS, "wake-ups", 1.0),
                ]
            },
            less_is_better: true,
        },
        Kind::Stream(_) => Section {
            title: "One large stream",
            says: "Pieces of 256 KiB over loopback, against a blocking `read` or `write` loop.",
            columns: const {
                &[
                    column(THROUGHPUT, "throughput, MB/s", 1e-6),
                    column(GENERATOR, "generator's own processors", 1.0),
                ]
            },
            less_is_better: false,
        },
    }
}

/// A column for each call by name, the most frequent of any row first; for those that are forbidden even if nobody makes
/// them often.
pub(crate) fn calls_by_name(names: impl IntoIterator<Item = (String, f64)>) -> Vec<String> {
    let mut most: Vec<(String, f64)> = vec![];
    for (name, count) in names.into_iter().filter(|(name, _)| name.starts_with(CALL)) {
        match most.iter_mut().find(|(known, _)| *known == name) {
            Some((_, highest)) => *highest = highest.max(count),
            None => most.push((name, count)),
        }
    }
    most.retain(|(name, count)| *count >= 0.005 || FORBIDDEN.contains(&&name[CALL.len()..]));
    most.sort_by(|a, b| b.1.total_cmp(&a.1));
    most.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_calls_and_forbidden_ones_have_a_column() {
        let of = |name: &str, count: f64| (name.to_owned(), count);
        let names = [
            of("call:read", 1.0),
            of("calls", 3.0),
            of("call:futex", 0.0001),
            of("call:madvise", 0.0001),
            of("call:epoll_wait", 2.0),
            of("call:read", 2.5),
        ];
        assert_eq!(calls_by_name(names), ["call:read", "call:epoll_wait", "call:futex"]);
    }
}
