//! The list that a poll fills: the room in which the kernel writes its own form of events, read in ours.
//!
//! The list is kept by the caller, so that a thread that polls in a loop allocates once, and threads that poll at the
//! same time share nothing.

use crate::{Event, sys};

/// A list of events, filled by [`Poller::poll`](crate::Poller::poll).
///
/// Each poll empties it first. The poller's own breaks never show in it.
///
/// Go has no such type: its `netpoll` keeps 128 kernel events on its stack and returns a list of goroutines.
#[derive(Debug)]
pub struct Events {
    /// What the last poll found, in the kernel's own form.
    pub(crate) raw: sys::Raw,
    /// How many events one poll may bring. At least 1.
    capacity: usize,
}

impl Events {
    /// How many events one poll may bring where nobody chose: as many as Go's.
    const DEFAULT_CAPACITY: usize = 128;

    /// The most events that one poll may bring, however many are asked for: 65,536.
    pub const MAX_CAPACITY: usize = 1 << 16;

    /// An empty list with room for `capacity` events a poll; 0 counts as 1, and more than [`Events::MAX_CAPACITY`] as that.
    ///
    /// The room is made by the first poll. What does not fit in is not lost: the next poll brings it.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Events {
        let capacity = capacity.clamp(1, Events::MAX_CAPACITY);
        Events { raw: sys::Raw::with_capacity(capacity), capacity }
    }

    /// How many events the last poll brought.
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether the last poll brought none: its delay ran out, or a break ended it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.len() == 0
    }

    /// The most events that one poll may bring.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The events of the last poll, in the kernel's order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.raw.iter())
    }
}

impl Default for Events {
    /// Room for 128 events a poll, as in Go.
    fn default() -> Events {
        Events::with_capacity(Events::DEFAULT_CAPACITY)
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = Event;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The events of a poll, in the kernel's order.
#[derive(Debug)]
pub struct Iter<'a>(sys::Iter<'a>);

impl Iterator for Iter<'_> {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
