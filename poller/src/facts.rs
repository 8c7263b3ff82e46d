//! What an event says beyond "ready": the bits of the kernel's report that the floor above decides by.
//!
//! | fact            | epoll                | what the floor above does with it                             |
//! | --------------- | -------------------- | ------------------------------------------------------------- |
//! | `ERROR_ALONE`   | `EPOLLERR`, no other | marks the source not pollable: a wait would never end         |
//! | `PEER_SHUTDOWN` | `EPOLLRDHUP`         | trusts no short read to have drained the source               |
//! | `HANG_UP`       | `EPOLLHUP`           | likewise                                                      |
//! | `ERROR`         | `EPOLLERR`           | likewise                                                      |
//! | `URGENT`        | `EPOLLPRI`           | likewise: a read stops short at the mark with bytes behind it |

use std::{fmt, ops::BitOr};

/// A set of facts about a source, as one event reports them.
///
/// ```
/// use poller::Facts;
///
/// let facts = Facts::HANG_UP | Facts::PEER_SHUTDOWN;
/// assert!(facts.contains(Facts::HANG_UP));
/// assert!(!facts.contains(Facts::ERROR));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Facts(u8);

impl Facts {
    /// No fact: the source is ready and nothing more.
    pub const EMPTY: Facts = Facts(0);
    /// The kernel reported an error and no readiness at all. [`ERROR`](Facts::ERROR) is then set too.
    pub const ERROR_ALONE: Facts = Facts(1 << 0);
    /// The peer will send no more.
    pub const PEER_SHUTDOWN: Facts = Facts(1 << 1);
    /// Both directions are finished.
    pub const HANG_UP: Facts = Facts(1 << 2);
    /// An error waits to be fetched, by the next operation or by `SO_ERROR`.
    pub const ERROR: Facts = Facts(1 << 3);
    /// Urgent data is there.
    pub const URGENT: Facts = Facts(1 << 4);

    const NAMES: [(Facts, &'static str); 5] = [
        (Facts::ERROR_ALONE, "ERROR_ALONE"),
        (Facts::PEER_SHUTDOWN, "PEER_SHUTDOWN"),
        (Facts::HANG_UP, "HANG_UP"),
        (Facts::ERROR, "ERROR"),
        (Facts::URGENT, "URGENT"),
    ];

    /// Whether every fact of `other` is in this set. The empty set is in every set.
    #[must_use]
    pub const fn contains(self, other: Facts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no fact here.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The facts of both sets.
    #[must_use]
    pub const fn union(self, other: Facts) -> Facts {
        Facts(self.0 | other.0)
    }

    /// The set as bits, to be stored beside other bits. Their meaning is this crate's own, not the kernel's.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set that [`bits`](Facts::bits) gave; bits that stand for no fact are dropped.
    #[must_use]
    pub const fn from_bits_truncate(bits: u8) -> Facts {
        Facts(bits & 0b1_1111)
    }
}

impl BitOr for Facts {
    type Output = Facts;

    fn bitor(self, other: Facts) -> Facts {
        self.union(other)
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names =
            Facts::NAMES.iter().filter(|(fact, _)| self.contains(*fact)).map(|(_, name)| name).peekable();
        if names.peek().is_none() {
            return formatter.write_str("EMPTY");
        }
        while let Some(name) = names.next() {
            formatter.write_str(name)?;
            if names.peek().is_some() {
                formatter.write_str(" | ")?;
            }
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Facts;

    #[test]
    fn every_bit_pattern_survives_the_round_trip_or_is_dropped() {
        for bits in 0..=u8::MAX {
            let facts = Facts::from_bits_truncate(bits);
            assert_eq!(facts.bits(), bits & 0b1_1111);
            let named = Facts::NAMES.iter().filter(|(fact, _)| facts.contains(*fact));
            assert_eq!(named.fold(Facts::EMPTY, |all, (fact, _)| all | *fact), facts);
        }
    }

    #[test]
    fn a_set_contains_what_was_put_in_and_nothing_else() {
        for (one, _) in Facts::NAMES {
            for (other, _) in Facts::NAMES {
                assert_eq!(one.contains(other), one == other);
                assert!((one | other).contains(one) && one.union(other).contains(other));
            }
            assert!(one.contains(Facts::EMPTY) && !Facts::EMPTY.contains(one) && !one.is_empty());
        }
        assert!(Facts::EMPTY.is_empty());
    }

    #[test]
    fn a_set_prints_the_names_of_its_facts() {
        assert_eq!(format!("{:?}", Facts::EMPTY), "EMPTY");
        assert_eq!(format!("{:?}", Facts::ERROR | Facts::ERROR_ALONE), "ERROR_ALONE | ERROR");
    }
}
