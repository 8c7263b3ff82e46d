//! Who is measured. Every one is a program with the same command line. Which of them is ours matters only where a row is one
//! that no other can have, and to the goals.
//!
//! ```text
//!   NAME 127.0.0.1:0 --workers N --mode MODE      prints `listening on 127.0.0.1:PORT`, serves until it is asked to end
//! ```

/// One server.
#[derive(Debug, PartialEq)]
pub(crate) struct Peer {
    /// What it is called in tables and on the command line.
    pub(crate) name: &'static str,
    /// The program's name.
    pub(crate) program: &'static str,
    /// What it is, for the report.
    pub(crate) what: &'static str,
    /// How many workers it can have at most. None: as many as one likes.
    pub(crate) most_workers: Option<usize>,
    /// The packages whose versions the report states.
    pub(crate) packages: &'static [&'static str],
    /// Which language it is built from.
    pub(crate) language: Language,
}

/// What builds a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Language {
    /// Cargo.
    Rust,
    /// Go's own toolchain.
    Go,
}

/// A server in Rust of any number of workers.
const RUST: Peer =
    Peer { name: "", program: "", what: "", most_workers: None, packages: &[], language: Language::Rust };

/// Everyone, in the order of the tables: the yardstick first.
pub(crate) const PEERS: [Peer; 9] = [
    Peer { name: RAW, program: "raw", what: "a hand-written epoll loop: the yardstick", ..RUST },
    Peer { name: OURS, program: "ours", what: "this project: `runtime` and `listener`", ..RUST },
    Peer {
        name: "tokio-current",
        program: "tokio-current",
        what: "tokio's current-thread runtime",
        most_workers: Some(1),
        packages: &["tokio"],
        ..RUST
    },
    Peer {
        name: "tokio-multi",
        program: "tokio-multi",
        what: "tokio's multi-thread runtime",
        packages: &["tokio"],
        ..RUST
    },
    Peer {
        name: "smol",
        program: "smol",
        what: "smol's executor and reactor",
        packages: &["smol", "async-io", "async-executor", "polling"],
        ..RUST
    },
    Peer { name: "may", program: "may", what: "may's coroutines", packages: &["may"], ..RUST },
    Peer {
        name: "monoio",
        program: "monoio",
        what: "monoio on epoll, a runtime a thread",
        packages: &["monoio"],
        ..RUST
    },
    Peer { name: GO, program: "go-echo", what: "Go's `net`", language: Language::Go, ..RUST },
    Peer {
        name: BLOCKING,
        program: "blocking",
        what: "a thread a connection, plain `read` and `write`",
        ..RUST
    },
];

/// The yardstick's name.
pub(crate) const RAW: &str = "raw";
/// Our own name.
pub(crate) const OURS: &str = "ours";
/// Go's name.
pub(crate) const GO: &str = "go";
/// The yardstick of one large stream.
pub(crate) const BLOCKING: &str = "blocking";

/// The peer of that name.
pub(crate) fn named(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for peer in &PEERS {
            assert_eq!(named(peer.name), Some(peer));
            assert!(!peer.what.is_empty());
        }
        assert_eq!(named("nobody"), None);
    }
}
