//! One operation between its polls: its place in the queue, its lock, its parked waker.
//!
//! Go: `poll.FD.readLock`, `poll.FD.readUnlock`, `poll.FD.writeLock`, `poll.FD.writeUnlock`
//!
//! ```text
//!            lock is free                    EAGAIN, or drained
//!   Idle ──────────────────► holds the lock ────────────────────► Parked
//!     │                       and a reference ◄──────────────────  keeps the lock, gives the reference back
//!     │ lock is held             ▲                 polled again
//!     └──► Queued ───────────────┘
//!                 granted
//! ```
//!
//! One that gives way is parked, too, with the readiness to go on already in its hands.
//!
//! [`Op`] borrows its descriptor: the futures that read and write a stream are made of it. [`OpState`](super::OpState) owns a
//! handle for as long as it waits: the `poll_…` functions take it, and all other futures are made of them.

use std::cell::Cell;
use std::marker::PhantomData;
use std::task::{Context, Poll, ready};

use super::{Fd, Inner, Reference, drained, turns};
use crate::attempt::{Attempt, Outcome, Stop};
use crate::driver::lookout;
use crate::fd_mutex::{Found, Ticket};
use crate::netpoll::poll_desc::{Direction, PollDesc, Reason};
use crate::sys::{self, Lent};

/// How far an operation is.
#[derive(Default)]
pub(super) enum Stage {
    /// It holds nothing.
    #[default]
    Idle,
    /// In the queue for the direction's lock.
    Queued(Ticket),
    /// Holds the lock, and waits for readiness without a reference.
    Parked,
}

/// A direction as a type, so that each operation is compiled for its own.
pub(super) trait Way {
    const DIRECTION: Direction;
}

/// What takes something in.
pub(super) struct Reading;

/// What gives something out.
pub(super) struct Writing;

impl Way for Reading {
    const DIRECTION: Direction = Direction::Read;
}

impl Way for Writing {
    const DIRECTION: Direction = Direction::Write;
}

/// An operation on a descriptor that outlives it. Dropped, it gives back what it holds: that is cancellation.
pub(super) struct Op<'a, W: Way> {
    fd: &'a Fd,
    pub(super) stage: Stage,
    way: PhantomData<W>,
}

impl<'a, W: Way> Op<'a, W> {
    /// An operation that has not begun.
    pub(super) fn new(fd: &'a Fd) -> Op<'a, W> {
        Op { fd, stage: Stage::Idle, way: PhantomData }
    }

    /// Whether a read is told what it leaves.
    #[inline]
    pub(super) fn is_told(&self) -> bool {
        self.fd.0.full_reads.are_told()
    }

    /// Goes on with an operation: lock, check, `call`, and wait as often as the kernel says so. One that is not `checked`
    /// looks at no deadline.
    ///
    /// Inlined into whoever waits, as are the futures of a read and a write: as calls of their own they cost 60 instructions a
    /// request more.
    #[inline(always)]
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        checked: bool,
        call: impl FnMut(Lent<'_>, &OpenFd<'_>) -> Attempt<T>,
    ) -> Poll<Outcome<T>> {
        let inner = &*self.fd.0;
        let open = OpenFd { inner, desc: inner.desc(), drained: Cell::new(false) };
        let begun = match self.stage {
            Stage::Parked => self.resume(inner).map(|()| Begun::Resumed)?,
            Stage::Idle | Stage::Queued(_) => ready!(self.lock(inner, cx))?,
        };
        let held = Held::<W>::new(inner);
        if let Begun::Fresh(Found { drained: false }) = begun
            && checked
            && let Err(reason) = open.desc.check(W::DIRECTION)
        {
            held.leave(Found::default());
            return fail_at_once(reason, cx);
        }
        let polled = open.poll(W::DIRECTION, cx, checked, begun, call);
        match &polled {
            Poll::Ready(Ok(_)) => held.leave(Found { drained: open.drained.get() }),
            Poll::Ready(Err(_)) => held.leave(Found::default()),
            Poll::Pending => {
                self.stage = Stage::Parked;
                held.park();
            }
        }
        polled
    }

    /// The lock and a reference, and what was found with them.
    ///
    /// Go: `poll.FD.readLock`, `poll.FD.writeLock`
    #[doc(alias = "poll.FD.readLock")]
    #[doc(alias = "poll.FD.writeLock")]
    #[inline]
    fn lock(&mut self, inner: &Inner, cx: &mut Context<'_>) -> Poll<Result<Begun, Reason>> {
        if matches!(self.stage, Stage::Idle)
            && let Some(found) = inner.mutex.try_lock(W::DIRECTION)
        {
            return Poll::Ready(Ok(Begun::Fresh(found)));
        }
        self.wait_for_lock(cx).map_ok(|()| Begun::Fresh(Found::default()))
    }

    #[cold]
    fn wait_for_lock(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        let mut ticket = match self.stage {
            Stage::Queued(ticket) => Some(ticket),
            Stage::Idle | Stage::Parked => None,
        };
        let locked = self.fd.0.mutex.poll_lock(W::DIRECTION, &mut ticket, cx);
        self.stage = ticket.map_or(Stage::Idle, Stage::Queued);
        locked
    }

    /// A reference again, to the lock that a parked operation has.
    #[inline]
    fn resume(&mut self, inner: &Inner) -> Result<(), Reason> {
        let resumed = inner.mutex.incref();
        match resumed {
            // What the operation owned, `Held` owns now.
            Ok(()) => self.stage = Stage::Idle,
            Err(_) => give_back(inner, W::DIRECTION, &mut self.stage),
        }
        resumed
    }
}

impl<W: Way> Drop for Op<'_, W> {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Idle) {
            give_back(&self.fd.0, W::DIRECTION, &mut self.stage);
        }
    }
}

/// How a poll has come to its lock and reference.
#[derive(Clone, Copy)]
enum Begun {
    /// By the lock, in which this was found.
    Fresh(Found),
    /// The operation had parked with the lock.
    Resumed,
}

/// A descriptor under a reference, with its side of the poller looked up.
pub(super) struct OpenFd<'a> {
    inner: &'a Inner,
    desc: &'a PollDesc,
    /// Whether the call has found all that there was.
    drained: Cell<bool>,
}

impl OpenFd<'_> {
    /// Notes whether a read that was `asked` for so much has left nothing behind: it was short, and the kernel has told of
    /// nothing but data. A large one is taken for a piece of a stream, behind which more is coming: a look-out is called for.
    /// What the last read of an operation says counts.
    #[inline]
    pub(super) fn note_read(&self, read: usize, asked: usize) {
        let mut drained = false;
        if drained::is_of_stream(read) {
            lookout::call_for();
        } else if drained::is_short(read, asked) {
            drained = !self.desc.is_troubled();
        }
        self.drained.set(drained);
    }

    /// Counts a read that has filled its buffer, of the kind that can be told what it leaves. After many such the socket is asked to
    /// tell.
    #[cold]
    #[inline(never)]
    pub(super) fn note_full_read(&self, read: usize) {
        let OpenFd { inner, .. } = *self;
        if !drained::is_of_stream(read) && inner.short_reads.are_proven() && inner.full_reads.are_many() {
            let asked = inner.borrow_socket(|socket| sys::tell_what_is_left(socket, true));
            inner.full_reads.tell(asked.is_err());
        }
    }

    /// The same of a read that was told how much it has `left`.
    pub(super) fn note_told_read(&self, read: usize, asked: usize, left: Option<usize>) {
        if read == asked && left == Some(0) && !drained::is_of_stream(read) {
            self.drained.set(!self.desc.is_troubled());
            self.inner.full_reads.told_of_nothing();
        } else {
            self.inner.full_reads.tell_no_longer();
            self.note_read(read, asked);
        }
    }

    /// What an operation does under its lock and a reference. It has parked where it is pending.
    #[inline(always)]
    fn poll<T>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        checked: bool,
        begun: Begun,
        mut call: impl FnMut(Lent<'_>, &OpenFd<'_>) -> Attempt<T>,
    ) -> Poll<Outcome<T>> {
        let OpenFd { inner, desc, .. } = *self;
        match begun {
            Begun::Resumed => {
                // Readiness that came first counts first: no deadline is looked at.
                if !desc.was_handed_readiness(direction) {
                    ready!(desc.poll_wait_on(direction, cx, inner.shared()))?;
                }
                turns::begin_anew();
            }
            Begun::Fresh(_) if !checked => {}
            Begun::Fresh(found) => {
                if found.drained && inner.short_reads.are_proven() {
                    // There is nothing unless the word is ready.
                    ready!(desc.poll_wait(direction, cx, inner.shared()))?;
                } else if found.drained {
                    desc.check(direction)?;
                }
                if turns::is_over() {
                    desc.give_way(direction, cx);
                    return Poll::Pending;
                }
            }
        }
        loop {
            match inner.borrow_socket(|socket| call(socket, self)) {
                Ok(value) => return Poll::Ready(Ok(value)),
                Err(Stop::WouldBlock) => ready!(wait_after(inner, desc, direction, cx))?,
                Err(Stop::GivesWay) => {
                    // It has been at it for a while, and would not look when it goes on.
                    desc.check(direction)?;
                    desc.give_way(direction, cx);
                    return Poll::Pending;
                }
                Err(Stop::Failed(error)) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// An operation fails before it has tried. One that is past its deadline gives way once in a while, as one that succeeds does:
/// whoever tries again until somebody moves the deadline would keep that somebody from running. It holds nothing meanwhile, for it
/// may be dropped, and those that queue behind it are past the deadline, too.
#[cold]
fn fail_at_once<T>(reason: Reason, cx: &Context<'_>) -> Poll<Outcome<T>> {
    if reason == Reason::DeadlineExceeded && turns::is_over() {
        turns::begin_anew();
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(Err(reason.into()))
}

/// Waits after a system call that found nothing to do. It is given what it needs one by one, so that what the call notes stays in
/// registers.
#[inline(never)]
fn wait_after(
    inner: &Inner,
    desc: &PollDesc,
    direction: Direction,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Reason>> {
    desc.poll_wait(direction, cx, inner.shared())
}

/// Gives back what an operation holds between polls.
#[cold]
pub(super) fn give_back(inner: &Inner, direction: Direction, stage: &mut Stage) {
    match std::mem::take(stage) {
        Stage::Idle => {}
        Stage::Queued(ticket) => inner.mutex.cancel(direction, ticket),
        Stage::Parked => {
            // Also if dropping the waker panics, which is somebody else's code.
            let _released = Lock { inner, direction };
            // Under a reference, so that the slot is not given back meanwhile. Without one the descriptor is closed, and
            // the close takes the waker out.
            if let Ok(_reference) = Reference::take(inner) {
                inner.desc().cancel(direction, inner.shared());
            }
        }
    }
}

/// A direction's lock and a reference, during a poll. Given back also if the poll panics.
struct Held<'a, W: Way> {
    inner: &'a Inner,
    way: PhantomData<W>,
}

impl<'a, W: Way> Held<'a, W> {
    fn new(inner: &'a Inner) -> Held<'a, W> {
        Held { inner, way: PhantomData }
    }

    /// Gives both back, and leaves something for the next holder to find.
    ///
    /// Go: `poll.FD.readUnlock`, `poll.FD.writeUnlock`
    #[doc(alias = "poll.FD.readUnlock")]
    #[doc(alias = "poll.FD.writeUnlock")]
    #[inline(always)]
    fn leave(self, found: Found) {
        let inner = self.inner;
        std::mem::forget(self);
        if inner.mutex.unlock(W::DIRECTION, found) {
            inner.destroy();
        }
    }

    /// Gives the reference back and keeps the lock, for others of this direction came later.
    #[inline(always)]
    fn park(self) {
        let inner = self.inner;
        std::mem::forget(self);
        if inner.mutex.decref() {
            inner.destroy();
        }
    }
}

impl<W: Way> Drop for Held<'_, W> {
    fn drop(&mut self) {
        Held::<W>::new(self.inner).leave(Found::default());
    }
}

/// A direction's lock without a reference. Dropped, it goes to the next in the queue.
struct Lock<'a> {
    inner: &'a Inner,
    direction: Direction,
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.inner.mutex.release_lock(self.direction);
    }
}
