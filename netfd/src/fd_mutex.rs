//! Who may use a descriptor: references, a lock for each direction, and the end.
//!
//! Go: `poll.fdMutex`
//!
//! ```text
//!     63    62            43 42            23 22             3    2       1       0
//!  ┌───────┬────────────────┬────────────────┬────────────────┬───────┬───────┬────────┐
//!  │drained│ write waiters  │ read waiters   │ references     │ write │ read  │ closed │
//!  └───────┴────────────────┴────────────────┴────────────────┴───────┴───────┴────────┘
//! ```
//!
//! Drained is a note that one holder of the read lock leaves for the next: `fd/drained.rs` says what for. It stands here because it
//! then costs no step of its own.
//!
//! | who | does |
//! | --- | --- |
//! | a setter, for its call | `incref` … `decref` |
//! | an operation, at its first poll | `try_lock`: its direction's lock and a reference; in vain, `poll_lock`: a place in the queue |
//! | the same, when it parks | `decref`: it keeps the lock and no reference, so close never waits for it |
//! | the same, polled again | `incref`: fails once the descriptor is closed |
//! | the same, at its end | `unlock`, which hands the lock to the first in the queue |
//! | who waits for others on its behalf | `poll_closed`: a place among those who are told of the end |
//! | close | `incref_and_close`: marks it closed, wakes the queues; then `decref` |
//!
//! Whose `decref` or `unlock` gives back the last reference of a closed mutex is told so, once: it destroys the
//! descriptor. Counts of waiters and queues change together under the queues' lock; the fast paths see from the word
//! alone that nobody queues.
//!
//! Differs: Go's unlock lets the woken waiter compete again; here the lock is handed to the first in the queue, so
//! users of one direction go in order. A waiter counts as holding the lock from the moment it is granted.

#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::VecDeque;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::task::{Context, Poll, Waker};

use crate::netpoll::poll_desc::{Direction, Reason};
use crate::sync::{AtomicU64, Mutex, lock};
use crate::wake::wake;

const CLOSED: u64 = 1;
const READ_LOCK: u64 = 1 << 1;
const WRITE_LOCK: u64 = 1 << 2;
const REFERENCE: u64 = 1 << 3;
const COUNT: u64 = (1 << 20) - 1;
/// The highest bit of the references: set where one was given back that was not there, and from 2^19 of them on. Then the slow path of
/// an unlock tells which.
const MANY: u64 = 1 << 22;
const READ_WAITER: u64 = 1 << 23;
const WRITE_WAITER: u64 = 1 << 43;
const DRAINED: u64 = 1 << 63;

/// What Go panics with, in the same case.
///
/// Go: `poll.overflowMsg`
#[doc(alias = "overflowMsg")]
const OVERFLOW: &str = "too many concurrent operations on a single file or socket (max 1048575)";

/// Serializes the readers and the writers of one descriptor, and says when it may be destroyed.
///
/// Go: `poll.fdMutex`
#[doc(alias = "fdMutex")]
pub(crate) struct FdMutex {
    word: AtomicU64,
    /// Made when somebody has to wait first: most descriptors never need one.
    queues: Mutex<Option<Box<Queues>>>,
}

/// One for each direction's lock, and one of those who wait for the end alone.
type Queues = [Queue; 3];

/// Those who wait for the end.
const WATCHERS: usize = 2;

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// Those who wait for one direction's lock, first come first; or for the end.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Ticket, Waker)>,
    next: u64,
    /// The ticket that was handed the lock last.
    granted: Option<Ticket>,
}

/// What a new holder of a lock finds in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// The last reader has left nothing behind. Told once.
    pub(crate) drained: bool,
}

struct Bits {
    lock: u64,
    waiter: u64,
    /// What is taken out with the lock.
    note: u64,
}

fn bits(direction: Direction) -> Bits {
    match direction {
        Direction::Read => Bits { lock: READ_LOCK, waiter: READ_WAITER, note: DRAINED },
        Direction::Write => Bits { lock: WRITE_LOCK, waiter: WRITE_WAITER, note: 0 },
    }
}

impl Bits {
    fn waiters(&self, word: u64) -> u64 {
        (word / self.waiter) & COUNT
    }
}

fn references(word: u64) -> u64 {
    (word / REFERENCE) & COUNT
}

impl FdMutex {
    /// An open descriptor that nobody uses.
    pub(crate) fn new() -> FdMutex {
        FdMutex { word: AtomicU64::new(0), queues: Mutex::new(None) }
    }

    /// Takes a reference; an error if the descriptor is closed.
    ///
    /// Go: `poll.fdMutex.incref`
    #[doc(alias = "fdMutex.incref")]
    #[inline]
    pub(crate) fn incref(&self) -> Result<(), Reason> {
        self.change(Relaxed, |word| (word & CLOSED == 0).then(|| with_reference(word)))
            .map(drop)
            .map_err(|_| Reason::Closed)
    }

    /// Marks the descriptor closed, takes a reference and wakes everyone in the queues; an error if it was closed.
    ///
    /// Go: `poll.fdMutex.increfAndClose`
    #[doc(alias = "fdMutex.increfAndClose")]
    pub(crate) fn incref_and_close(&self) -> Result<(), Reason> {
        let waiting: Vec<Waker> = {
            let mut queues = lock(&self.queues);
            self.change(Relaxed, |word| {
                let waiters = (COUNT * READ_WAITER) | (COUNT * WRITE_WAITER);
                (word & CLOSED == 0).then(|| with_reference(word | CLOSED) & !waiters)
            })
            .map_err(|_| Reason::Closed)?;
            let queues = queues.iter_mut().flat_map(|queues| queues.iter_mut());
            queues.flat_map(|queue| queue.waiting.drain(..)).map(|(_, waker)| waker).collect()
        };
        waiting.into_iter().for_each(wake);
        Ok(())
    }

    /// Waits until the descriptor is closed, without a reference. `ticket` keeps the place between polls.
    #[cold]
    pub(crate) fn poll_closed(&self, ticket: &mut Option<Ticket>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut queues = lock(&self.queues);
        // Under the lock, under which close takes everyone out.
        if self.is_closed() {
            *ticket = None;
            return Poll::Ready(());
        }
        let watchers = &mut queues.get_or_insert_default()[WATCHERS];
        let old = match ticket.and_then(|mine| watchers.place(mine)) {
            Some(place) => Some(std::mem::replace(&mut watchers.waiting[place].1, waker)),
            None => {
                *ticket = Some(watchers.push(waker));
                None
            }
        };
        drop(queues);
        drop(old);
        Poll::Pending
    }

    /// Gives up a place of [`FdMutex::poll_closed`].
    #[cold]
    pub(crate) fn unwatch(&self, ticket: Ticket) {
        let mut queues = lock(&self.queues);
        let watchers = &mut queues.as_mut().expect("whoever has a ticket has made the queues")[WATCHERS];
        let old = watchers.place(ticket).and_then(|place| watchers.waiting.remove(place));
        drop(queues);
        drop(old);
    }

    /// Gives a reference back; true if the caller has to destroy the descriptor.
    ///
    /// Go: `poll.fdMutex.decref`
    #[doc(alias = "fdMutex.decref")]
    #[must_use]
    #[inline]
    pub(crate) fn decref(&self) -> bool {
        // Release: what this user did with the socket is done. Acquire: the last one sees that of all others.
        let before = self.word.fetch_sub(REFERENCE, AcqRel);
        if references(before) == 0 {
            self.take_back(before);
        }
        ended(before - REFERENCE)
    }

    /// Ends a [`FdMutex::decref`] for which there was no reference.
    #[cold]
    fn take_back(&self, before: u64) -> ! {
        // So that whoever survives the panic finds the mutex as it was.
        self.word.fetch_add(REFERENCE, Relaxed);
        panic!("inconsistent fdMutex: no reference to give back in {before:#x}");
    }

    /// Takes a direction's lock with a reference, or queues. `ticket` keeps the place between polls. What the last holder
    /// has noted is lost.
    ///
    /// Go: `poll.fdMutex.rwlock`
    #[doc(alias = "fdMutex.rwlock")]
    #[inline]
    pub(crate) fn poll_lock(
        &self,
        direction: Direction,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Reason>> {
        if ticket.is_none() && self.try_lock(direction).is_some() {
            return Poll::Ready(Ok(()));
        }
        match *ticket {
            None => self.queue_up(direction, ticket, cx),
            Some(mine) => self.poll_queued(direction, mine, ticket, cx),
        }
    }

    /// The lock with a reference, if nobody is in the way.
    ///
    /// Go: `poll.fdMutex.rwlock`
    #[doc(alias = "fdMutex.rwlock")]
    #[inline]
    pub(crate) fn try_lock(&self, direction: Direction) -> Option<Found> {
        let bits = bits(direction);
        let word = self.word.load(Relaxed);
        // Acquire: what the last holder did under the lock is seen.
        let locked = word & (CLOSED | bits.lock) == 0
            && self.swap(word, with_reference(word & !bits.note | bits.lock), Acquire);
        locked.then_some(Found { drained: word & bits.note != 0 })
    }

    #[cold]
    fn queue_up(
        &self,
        direction: Direction,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Reason>> {
        let bits = bits(direction);
        // Cloning is somebody else's code: not under the lock.
        let waker = cx.waker().clone();
        let mut queues = lock(&self.queues);
        // Acquire: as in `try_lock`.
        let before = self.change(Acquire, |word| {
            if word & CLOSED != 0 {
                None
            } else if word & bits.lock == 0 {
                Some(with_reference(word & !bits.note | bits.lock))
            } else {
                assert!(bits.waiters(word) < COUNT, "{OVERFLOW}");
                Some(word + bits.waiter)
            }
        });
        match before {
            Err(_) => Poll::Ready(Err(Reason::Closed)),
            Ok(word) if word & bits.lock == 0 => Poll::Ready(Ok(())),
            Ok(_) => {
                *ticket = Some(queues.get_or_insert_default()[direction as usize].push(waker));
                Poll::Pending
            }
        }
    }

    #[cold]
    fn poll_queued(
        &self,
        direction: Direction,
        mine: Ticket,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Reason>> {
        let waker = cx.waker().clone();
        let granted = {
            let mut queues = lock(&self.queues);
            let queue = queue(&mut queues, direction);
            if let Some(place) = queue.place(mine) {
                let old = std::mem::replace(&mut queue.waiting[place].1, waker);
                drop(queues);
                drop(old);
                return Poll::Pending;
            }
            queue.granted == Some(mine)
        };
        *ticket = None;
        if !granted {
            return Poll::Ready(Err(Reason::Closed));
        }
        // The lock is ours; a close may have come between the grant and this poll.
        let bits = bits(direction);
        let before =
            self.change(Relaxed, |word| (word & CLOSED == 0).then(|| with_reference(word & !bits.note)));
        Poll::Ready(before.map(drop).map_err(|_| {
            self.release_lock(direction);
            Reason::Closed
        }))
    }

    /// Gives up a place in the queue; a lock that was granted to it goes on to the next.
    pub(crate) fn cancel(&self, direction: Direction, ticket: Ticket) {
        let mut queues = lock(&self.queues);
        let queue = queue(&mut queues, direction);
        if let Some(place) = queue.place(ticket) {
            let old = queue.waiting.remove(place);
            self.word.fetch_sub(bits(direction).waiter, Relaxed);
            drop(queues);
            drop(old);
        } else if queue.granted == Some(ticket) {
            drop(queues);
            self.release_lock(direction);
        }
    }

    /// Gives a lock and a reference back, with what the next holder will find; true if the caller has to destroy the
    /// descriptor.
    ///
    /// Go: `poll.fdMutex.rwunlock`
    #[doc(alias = "fdMutex.rwunlock")]
    #[must_use]
    #[inline]
    pub(crate) fn unlock(&self, direction: Direction, Found { drained }: Found) -> bool {
        let bits = bits(direction);
        let note = if drained { bits.note } else { 0 };
        let word = self.word.load(Relaxed);
        // All in one step where nobody queues and nobody has closed. A lock or a reference that is not there leaves its bit
        // or `MANY` behind: what is to be said then is said more slowly.
        let next = word.wrapping_sub(bits.lock | REFERENCE);
        let alone = next & (CLOSED | bits.lock | MANY | (COUNT * bits.waiter)) == 0;
        // Release: what was done with the socket and under the lock is done.
        if alone && self.swap(word, next | note, Release) {
            return false;
        }
        self.unlock_slowly(direction, note)
    }

    #[cold]
    fn unlock_slowly(&self, direction: Direction, note: u64) -> bool {
        if note != 0 {
            // Relaxed: whoever gets the lock learns of it by the same word.
            self.word.fetch_or(note, Relaxed);
        }
        self.release_lock(direction);
        self.decref()
    }

    /// Hands a lock on to the first in the queue, or frees it. The holder's reference is its own affair.
    #[cold]
    pub(crate) fn release_lock(&self, direction: Direction) {
        let bits = bits(direction);
        // Release: what was done under the lock is seen by the next holder.
        let free = |word: u64| {
            assert!(word & bits.lock != 0, "inconsistent fdMutex: {direction:?} is not locked in {word:#x}");
            (bits.waiters(word) == 0).then_some(word & !bits.lock)
        };
        if self.change(Release, free).is_ok() {
            return;
        }
        let next = {
            let mut queues = lock(&self.queues);
            // Under the lock the count and the queue agree: it may have emptied since we looked.
            if self.change(Release, free).is_ok() {
                return;
            }
            // Relaxed: the next holder learns of its grant under the queues' lock.
            self.word.fetch_sub(bits.waiter, Relaxed);
            let queue = queue(&mut queues, direction);
            let (ticket, waker) = queue.waiting.pop_front().expect("a counted waiter stands in the queue");
            queue.granted = Some(ticket);
            waker
        };
        wake(next);
    }

    /// Whether close has begun.
    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Relaxed) & CLOSED != 0
    }

    fn swap(&self, from: u64, to: u64, success: std::sync::atomic::Ordering) -> bool {
        self.word.compare_exchange(from, to, success, Relaxed).is_ok()
    }

    fn change(
        &self,
        success: std::sync::atomic::Ordering,
        step: impl FnMut(u64) -> Option<u64>,
    ) -> Result<u64, u64> {
        self.word.fetch_update(success, Relaxed, step)
    }
}

/// A direction's queue, which somebody has stood in.
fn queue(queues: &mut Option<Box<Queues>>, direction: Direction) -> &mut Queue {
    let queues = queues.as_mut().expect("whoever has a ticket or was counted has made the queues");
    &mut queues[direction as usize]
}

impl Queue {
    /// A place at the end.
    fn push(&mut self, waker: Waker) -> Ticket {
        let mine = Ticket(self.next);
        self.next += 1;
        self.waiting.push_back((mine, waker));
        mine
    }

    /// Where a ticket stands: tickets only grow along the queue.
    fn place(&self, ticket: Ticket) -> Option<usize> {
        self.waiting.binary_search_by_key(&ticket.0, |(ticket, _)| ticket.0).ok()
    }
}

fn with_reference(word: u64) -> u64 {
    let next = word + REFERENCE;
    assert!(references(next) != 0, "{OVERFLOW}");
    next
}

fn ended(word: u64) -> bool {
    word & CLOSED != 0 && references(word) == 0
}
