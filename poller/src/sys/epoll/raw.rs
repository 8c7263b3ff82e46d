//! The room in which the kernel writes its events, and how they are read from it.
//!
//! ```text
//!   wait ──► [ bits, token │ bits, token │ break │ … ] ── take_break ──► [ bits, token │ … ] ── iter ──► Event
//! ```
//!
//! Events are decoded as they are read, so that none is copied on the way.

use super::decode;
use crate::{Event, Token};
use std::{fmt, io, slice};

/// Room for the kernel's events, and how much of it the last wait filled.
pub(crate) struct Raw {
    /// Made by the first wait, for many a list is never used.
    room: Box<[libc::epoll_event]>,
    capacity: usize,
    filled: usize,
}

impl Raw {
    pub(crate) fn with_capacity(capacity: usize) -> Raw {
        Raw { room: Box::default(), capacity, filled: 0 }
    }

    #[cold]
    fn make_room(&mut self) {
        let empty = libc::epoll_event { events: 0, u64: 0 };
        self.room = vec![empty; self.capacity].into();
    }

    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// How many events the last wait brought.
    pub(crate) fn len(&self) -> usize {
        self.filled
    }

    /// The events that the last wait brought.
    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter(self.room[..self.filled].iter())
    }

    /// Lets `call` write into the room; it says how many events it wrote.
    #[inline]
    pub(super) fn fill(
        &mut self,
        call: impl FnOnce(&mut [libc::epoll_event]) -> io::Result<usize>,
    ) -> io::Result<()> {
        if self.room.is_empty() {
            self.make_room();
        }
        self.filled = 0;
        self.filled = call(&mut self.room)?;
        Ok(())
    }

    /// Takes the break out, if it is there, and whatever else is no event; says whether the break was.
    pub(super) fn take_break(&mut self) -> bool {
        let is_event = |raw: &libc::epoll_event| !is_break(raw) && decode::concerns_anyone(raw.events);
        if self.room[..self.filled].iter().all(is_event) {
            return false;
        }
        let (mut kept, mut broken) = (0, false);
        for index in 0..self.filled {
            let raw = self.room[index];
            if is_event(&raw) {
                self.room[kept] = raw;
                kept += 1;
            } else if is_break(&raw) {
                let bits = raw.events;
                // The eventfd can do nothing but become readable.
                assert_eq!(bits, libc::EPOLLIN as u32, "the eventfd for breaks reported {bits:#x}");
                broken = true;
            }
        }
        self.filled = kept;
        broken
    }
}

fn is_break(raw: &libc::epoll_event) -> bool {
    raw.u64 == u64::from(Token::BREAK)
}

impl fmt::Debug for Raw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Raw({} of {})", self.filled, self.capacity)
    }
}

/// The events that a wait brought, decoded one by one.
#[derive(Debug)]
pub(crate) struct Iter<'a>(slice::Iter<'a, libc::epoll_event>);

impl Iterator for Iter<'_> {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.0.next().map(|raw| decode::event(raw.events, Token::from(raw.u64)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::Raw;
    use crate::{Mode, Token};
    use libc::{EPOLLIN, EPOLLMSG, EPOLLOUT};
    use std::io;

    /// A room of `capacity` in which the kernel has written `events`.
    fn filled(capacity: usize, events: &[(i32, Token)]) -> Raw {
        let mut raw = Raw::with_capacity(capacity);
        raw.make_room();
        for (room, (bits, token)) in raw.room.iter_mut().zip(events) {
            *room = libc::epoll_event { events: *bits as u32, u64: u64::from(*token) };
        }
        raw.fill(|_| Ok(events.len())).unwrap();
        raw
    }

    #[test]
    fn a_failed_wait_leaves_nothing_of_an_earlier_one() {
        let mut raw = filled(2, &[(EPOLLIN, Token::new(1, 1)), (EPOLLIN, Token::new(2, 1))]);
        assert_eq!(raw.len(), 2);
        raw.fill(|_| Err(io::ErrorKind::Interrupted.into())).unwrap_err();
        assert_eq!((raw.len(), raw.iter().count()), (0, 0));
    }

    #[test]
    fn the_break_is_taken_out_wherever_it_stands_and_the_order_stays() {
        let (one, two) = ((EPOLLIN, Token::new(1, 1)), (EPOLLOUT, Token::new(2, 1)));
        let stop = (EPOLLIN, Token::BREAK);
        for events in [[stop, one, two], [one, stop, two], [one, two, stop]] {
            let mut raw = filled(3, &events);
            assert!(raw.take_break());
            let left: Vec<_> = raw.iter().map(|event| (event.token.slot(), event.mode)).collect();
            assert_eq!(left, [(1, Mode::Read), (2, Mode::Write)]);
            assert!(!raw.take_break(), "it was there once");
        }
    }

    #[test]
    fn bits_that_concern_no_direction_are_no_event() {
        let mut raw = filled(2, &[(EPOLLMSG, Token::new(1, 1)), (EPOLLIN, Token::new(2, 1))]);
        assert!(!raw.take_break());
        assert_eq!(raw.iter().map(|event| event.token.slot()).collect::<Vec<_>>(), [2]);
    }
}
