//! What is measured: each scenario is a table of cells, a cell is one server in one mode.
//!
//! | kind | what happens | what comes out |
//! | --- | --- | --- |
//! | time | connections play ping-pong for a while | processor time and context switches a request, latency, fairness |
//! | calls | the same under perf | system calls a request, by name |
//! | instructions | the same under callgrind, two lengths | instructions in user space a request |
//! | deadlines | ping-pong with a deadline before each read, and without one, in turns | what the deadline adds to a request |
//! | stream | one connection, one way, large buffers | bytes a second |
//! | armed | ping-pong beside thousands of idle connections | processor time a request |
//! | churn | connections that come and go, each with a deadline an hour away | growth of the resident memory |
//! | storm | four threads break one poller as fast as they can | writes to its descriptor for each wake-up |
//! | memory | a program that holds thousands of idle connections | bytes a connection, allocated and resident |

use super::peers::{BLOCKING, GO, OURS, PEERS, Peer, RAW, named};

/// A table of the report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scenario {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// The heading of its table.
    pub(crate) title: &'static str,
    /// What happens.
    pub(crate) kind: Kind,
    /// How many workers each server has.
    pub(crate) workers: usize,
    /// Whether `--quick` has it too.
    pub(crate) quick: bool,
}

/// What happens in a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Ping-pong against the clock, charged by the kernel.
    Time(Traffic),
    /// The same, with each system call counted.
    Calls(Traffic),
    /// The same, a fixed number of requests, with each instruction counted.
    Instructions(Traffic),
    /// Ping-pong in the modes that set a deadline before each read.
    Deadlines(Traffic),
    /// One large stream.
    Stream(Direction),
    /// Ping-pong beside idle connections.
    Armed { busy: Traffic, idle: usize },
    /// Short connections with deadlines far away.
    Churn(Traffic),
    /// Idle connections.
    Memory,
    /// Breaks from several threads.
    Storm,
}

/// What the load generator does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Traffic {
    /// How many connections at a time.
    pub(crate) connections: usize,
    /// Bytes in a request and in its answer.
    pub(crate) size: usize,
    /// Whether each request has a connection of its own.
    pub(crate) short: bool,
    /// The generator's name for its messages.
    pub(crate) message: &'static str,
    /// Whether no connection is sent the next request before all have their answers.
    pub(crate) lockstep: bool,
}

impl Traffic {
    /// The same, each message asking for a deadline.
    pub(crate) fn marked(self) -> Traffic {
        Traffic { message: MARKED, ..self }
    }

    /// The same in many short turns: asking, not asking, not asking, asking, and so on.
    pub(crate) fn in_turns(self) -> Traffic {
        Traffic { message: "in-turns", ..self }
    }
}

/// Messages that ask for nothing.
pub(crate) const PLAIN: &str = "plain";
/// Messages that ask for a deadline each.
pub(crate) const MARKED: &str = "marked";

/// Which way a stream goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Direction {
    /// From the generator to the server.
    Push,
    /// From the server to the generator.
    Pull,
}

/// Ping-pong of so many connections and bytes.
const fn echo(connections: usize, size: usize) -> Traffic {
    Traffic { connections, size, short: false, message: PLAIN, lockstep: false }
}

/// The same step by step.
const fn in_lockstep(traffic: Traffic) -> Traffic {
    Traffic { lockstep: true, ..traffic }
}

/// Short connections, fifty at a time.
const SHORT: Traffic = Traffic { short: true, ..echo(50, 64) };

const ONE: Scenario = Scenario { name: "", title: "", kind: Kind::Memory, workers: 1, quick: true };

/// All of them, in the order of the report.
pub(crate) const SCENARIOS: [Scenario; 21] = [
    Scenario { name: "time-1", title: "1 connection, 64 B", kind: Kind::Time(echo(1, 64)), ..ONE },
    Scenario { name: "time-50", title: "50 connections, 64 B", kind: Kind::Time(echo(50, 64)), ..ONE },
    Scenario {
        name: "step-50",
        title: "50 connections in lockstep, 64 B",
        kind: Kind::Time(in_lockstep(echo(50, 64))),
        ..ONE
    },
    Scenario { name: "time-1000", title: "1,000 connections, 64 B", kind: Kind::Time(echo(1000, 64)), ..ONE },
    Scenario {
        name: "time-16k",
        title: "50 connections, 16 KiB",
        kind: Kind::Time(echo(50, 16 * 1024)),
        ..ONE
    },
    Scenario {
        name: "two-50",
        title: "two workers, 50 connections, 64 B",
        kind: Kind::Time(echo(50, 64)),
        workers: 2,
        ..ONE
    },
    Scenario {
        name: "two-1000",
        title: "two workers, 1,000 connections, 64 B",
        kind: Kind::Time(echo(1000, 64)),
        workers: 2,
        ..ONE
    },
    Scenario { name: "time-short", title: "short connections, 64 B", kind: Kind::Time(SHORT), ..ONE },
    Scenario { name: "calls-1", title: "1 connection", kind: Kind::Calls(echo(1, 64)), ..ONE },
    Scenario { name: "calls-50", title: "50 connections", kind: Kind::Calls(echo(50, 64)), ..ONE },
    Scenario {
        name: "calls-1000",
        title: "1,000 connections",
        kind: Kind::Calls(echo(1000, 64)),
        quick: false,
        ..ONE
    },
    Scenario { name: "calls-short", title: "short connections", kind: Kind::Calls(SHORT), ..ONE },
    Scenario {
        name: "instructions",
        title: "50 connections, 64 B",
        kind: Kind::Instructions(echo(50, 64)),
        ..ONE
    },
    Scenario {
        name: "deadlines",
        title: "a deadline before every read, 50 connections",
        kind: Kind::Deadlines(in_lockstep(echo(50, 64))),
        ..ONE
    },
    Scenario {
        name: "armed",
        title: "50 busy connections beside 9,000 idle ones",
        kind: Kind::Armed { busy: in_lockstep(echo(50, 64)), idle: 9000 },
        quick: false,
        ..ONE
    },
    Scenario {
        name: "churn",
        title: "connections that come and go with a deadline an hour away",
        kind: Kind::Churn(SHORT),
        quick: false,
        ..ONE
    },
    Scenario { name: "memory", title: "idle connections", kind: Kind::Memory, ..ONE },
    Scenario { name: "storm", title: "four threads break one poller", kind: Kind::Storm, ..ONE },
    Scenario {
        name: "push",
        title: "one large stream to the server",
        kind: Kind::Stream(Direction::Push),
        ..ONE
    },
    Scenario {
        name: "pull",
        title: "one large stream from the server",
        kind: Kind::Stream(Direction::Pull),
        ..ONE
    },
    Scenario {
        name: "instructions-deadlines",
        title: "a deadline before every read, 50 connections",
        kind: Kind::Instructions(echo(50, 64)),
        quick: false,
        ..ONE
    },
];

/// One server in one mode.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    /// The row's name.
    pub(crate) label: String,
    /// Who.
    pub(crate) peer: &'static Peer,
    /// How: a mode of the servers.
    pub(crate) mode: &'static str,
    /// Built with tracing compiled out.
    pub(crate) without_tracing: bool,
    /// The row that this one is paired with in each round.
    pub(crate) against: String,
}

impl Cell {
    fn new(peer: &'static Peer, mode: &'static str, against: &str) -> Cell {
        Cell { label: peer.name.to_owned(), peer, mode, without_tracing: false, against: against.to_owned() }
    }

    /// Whether its server sets deadlines where it is asked to.
    pub(crate) fn has_deadlines(&self) -> bool {
        matches!(self.mode, LATER | EARLIER)
    }
}

/// The mode in which a server sends back what it gets.
pub(crate) const ECHO: &str = "echo";
/// The mode with a deadline that only moves later.
pub(crate) const LATER: &str = "deadline-later";
/// The mode with a deadline that only moves earlier.
pub(crate) const EARLIER: &str = "deadline-earlier";
/// The memory program that waits without holding a buffer.
pub(crate) const READABLE: &str = "readable";

/// Those that have deadlines of their own kind.
const WITH_DEADLINES: [&str; 3] = [OURS, "tokio-current", GO];

impl Scenario {
    /// The rows of the table. The first is what others are paired with.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let able = |peer: &&Peer| peer.most_workers.is_none_or(|most| self.workers <= most);
        let servers = || PEERS.iter().filter(|peer| peer.name != BLOCKING).filter(able);
        let in_modes = |modes: &[&'static str]| {
            let mut cells = vec![];
            for name in WITH_DEADLINES {
                let peer = named(name).expect("the table names peers");
                for mode in modes {
                    let against = format!("{name} {}", modes[0]);
                    cells.push(Cell { label: format!("{name} {mode}"), ..Cell::new(peer, mode, &against) });
                }
            }
            cells
        };
        match self.kind {
            Kind::Time(_) | Kind::Calls(_) => servers().map(|peer| Cell::new(peer, ECHO, RAW)).collect(),
            Kind::Instructions(_) if self.name == "instructions-deadlines" => {
                // What Go's own threads do under valgrind is not what they do by themselves.
                let mut cells = in_modes(&[ECHO, LATER, EARLIER]);
                cells.retain(|cell| cell.peer.name != GO);
                cells
            }
            Kind::Instructions(_) => {
                let mut cells: Vec<_> = servers().map(|peer| Cell::new(peer, ECHO, RAW)).collect();
                let ours = cells.iter().position(|cell| cell.peer.name == OURS).expect("we are in the table");
                let bare = Cell {
                    label: format!("{OURS} without tracing"),
                    without_tracing: true,
                    ..cells[ours].clone()
                };
                cells.insert(ours + 1, bare);
                cells
            }
            Kind::Deadlines(_) => in_modes(&[ECHO, LATER, EARLIER]),
            Kind::Armed { .. } => in_modes(&[ECHO, LATER]),
            Kind::Churn(_) => in_modes(&[LATER]),
            Kind::Stream(direction) => {
                let mode = match direction {
                    Direction::Push => "sink",
                    Direction::Pull => "source",
                };
                let blocking = PEERS.iter().filter(|peer| peer.name == BLOCKING);
                blocking.chain(servers()).map(|peer| Cell::new(peer, mode, BLOCKING)).collect()
            }
            Kind::Storm => {
                let ours = PEERS.iter().filter(|peer| peer.name == OURS);
                ours.map(|peer| Cell::new(peer, "storm", OURS)).collect()
            }
            Kind::Memory => {
                // Both flavours of tokio keep a connection alike; the program is named after the library.
                let mut cells: Vec<_> = servers()
                    .filter(|peer| peer.name != "tokio-multi")
                    .map(|peer| Cell::new(peer, "idle", RAW))
                    .collect();
                let ours = cells.iter().position(|cell| cell.peer.name == OURS).expect("we are in the table");
                let readable =
                    Cell { label: format!("{OURS} {READABLE}"), mode: READABLE, ..cells[ours].clone() };
                cells.insert(ours + 1, readable);
                cells
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart_and_every_row_has_its_counterpart() {
        let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        for scenario in SCENARIOS {
            let cells = scenario.cells();
            let labels: BTreeSet<_> = cells.iter().map(|cell| cell.label.as_str()).collect();
            assert_eq!(labels.len(), cells.len(), "{}", scenario.name);
            for cell in &cells {
                assert!(labels.contains(cell.against.as_str()), "{}: {}", scenario.name, cell.label);
            }
            assert!(labels.iter().any(|label| label.starts_with(OURS)), "{}", scenario.name);
        }
    }

    #[test]
    fn a_server_of_one_worker_is_not_asked_for_two() {
        let two = SCENARIOS.iter().find(|scenario| scenario.name == "two-50").unwrap();
        assert!(two.cells().iter().all(|cell| cell.label != "tokio-current"));
        assert!(two.cells().iter().any(|cell| cell.label == "tokio-multi"));
    }
}
