//! Deadlines that cost the server no clock read: one at the connection's start, then sums.
//!
//! A message asks for the one before the next read. So times with and without them can take turns on the same connections: two
//! processes, and two sets of connections, differ by more than a deadline costs.

use std::time::{Duration, Instant};

/// The bit by which a message asks for a deadline.
const MARK: u8 = 1 << 7;

/// Whether there is to be a deadline before the read that follows this message.
#[must_use]
pub(crate) fn asks_for_deadline(message: &[u8]) -> bool {
    message.first().is_some_and(|byte| byte & MARK != 0)
}

/// Which way the deadlines of a connection move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Each a microsecond after the one before.
    Later,
    /// Each a microsecond before the one before.
    Earlier,
}

/// The deadlines of one connection, an hour away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    next: Instant,
    direction: Direction,
}

impl Deadlines {
    const AWAY: Duration = Duration::from_secs(3600);
    const STEP: Duration = Duration::from_micros(1);

    /// Those of a connection that begins now: the one read of the clock.
    #[must_use]
    pub(crate) fn new(direction: Direction) -> Deadlines {
        Deadlines { next: Instant::now() + Deadlines::AWAY, direction }
    }

    /// The deadline of the next read.
    #[must_use]
    pub(crate) fn advance(&mut self) -> Instant {
        match self.direction {
            Direction::Later => self.next += Deadlines::STEP,
            Direction::Earlier => self.next -= Deadlines::STEP,
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ones_move_later_and_earlier_ones_earlier() {
        for (direction, order) in
            [(Direction::Later, std::cmp::Ordering::Greater), (Direction::Earlier, std::cmp::Ordering::Less)]
        {
            let mut deadlines = Deadlines::new(direction);
            let first = deadlines.advance();
            assert_eq!(deadlines.advance().cmp(&first), order, "{direction:?}");
            assert!(first > Instant::now() + Duration::from_secs(3000), "{direction:?}");
        }
    }
}
