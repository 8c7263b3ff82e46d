//! One event: which source, which direction, what is known about it, and what became of an operation.

use crate::{Facts, Token};

/// Which direction of a source is meant: reading, writing, or both.
///
/// Where Go adds up the letters `'r'` and `'w'`, the three sums have names here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A read, an accept, or whatever else takes something in. Go's `'r'`.
    Read,
    /// A write, a connect, or whatever else gives something out. Go's `'w'`.
    Write,
    /// Both of them. Go's `'r' + 'w'`.
    Both,
}

impl Mode {
    /// Whether reading is meant.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Mode::Read | Mode::Both)
    }

    /// Whether writing is meant.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Mode::Write | Mode::Both)
    }
}

/// One thing that the kernel reported about one source.
///
/// An event is a hint to try again, not a promise that trying will succeed: see the
/// [contract](crate::contract#events) for what may be assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The source, by the name that [`Poller::open`](crate::Poller::open) was given.
    pub token: Token,
    /// The directions in which it is worth trying again.
    pub mode: Mode,
    /// What else the kernel said.
    pub facts: Facts,
    /// The outcome of an operation, from a backend that completes operations
    /// ([`Trigger::Completion`](crate::Trigger::Completion)); `None` from every other.
    pub completion: Option<Completion>,
}

/// What became of an operation that was handed to the kernel, on a backend that completes operations.
///
/// Go: `runtime.net_op`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "net_op")]
pub struct Completion {
    /// How many bytes went through.
    pub bytes: u32,
    /// The platform's error number, or 0 for success.
    pub error: i32,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Mode;

    #[test]
    fn each_mode_names_its_directions() {
        let directions = [Mode::Read, Mode::Write, Mode::Both].map(|mode| (mode.reads(), mode.writes()));
        assert_eq!(directions, [(true, false), (false, true), (true, true)]);
    }
}
