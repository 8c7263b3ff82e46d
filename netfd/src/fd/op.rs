//! One operation's state between its polls: its place in the queue, its lock, its parked waker.
//!
//! Go: `poll.FD.readLock`, `poll.FD.readUnlock`

use std::task::{Context, Poll, ready};

use super::{Fd, Inner, Reference};
use crate::Error;
use crate::attempt::Attempt;
use crate::fd_mutex::Ticket;
use crate::netpoll::poll_desc::Direction;
use crate::sync::Arc;
use crate::sys::Lent;

/// What an operation keeps between polls. Dropped, it gives all of it back: that is cancellation.
///
/// It belongs to one operation from its first poll to its end: polled for another descriptor or direction meanwhile, every
/// `poll_…` function panics.
#[derive(Default)]
pub struct OpState(Option<Waiting>);

impl std::fmt::Debug for OpState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = self.0.as_ref().map(|waiting| match waiting.stage {
            Stage::Queued(_) => "queued",
            Stage::Parked => "parked",
            Stage::Over => "over",
        });
        f.debug_tuple("OpState").field(&stage.unwrap_or("idle")).finish()
    }
}

/// An operation that returned `Pending`.
struct Waiting {
    inner: Arc<Inner>,
    direction: Direction,
    stage: Stage,
}

enum Stage {
    /// In the queue for the direction's lock.
    Queued(Ticket),
    /// Holds the lock, and waits for readiness without a reference.
    Parked,
    /// Whoever polls has taken the lock over.
    Over,
}

impl OpState {
    /// An operation that has not begun.
    pub const fn new() -> OpState {
        OpState(None)
    }

    /// Goes on with an operation: lock, check, `call`, and wait as often as the kernel says so.
    pub(super) fn poll<T>(
        &mut self,
        fd: &Fd,
        direction: Direction,
        checked: bool,
        cx: &mut Context<'_>,
        mut call: impl FnMut(Lent<'_>) -> Result<Attempt<T>, Error>,
    ) -> Poll<Result<T, Error>> {
        let inner = &fd.0;
        let sequence = inner.token.sequence();
        let (held, parked) = ready!(self.hold(inner, direction, cx))?;
        let (mut waits, mut resumed) = (parked, parked);
        if checked && !parked {
            if direction == Direction::Read && inner.drained.take() {
                // There was nothing when the last read ended. The word is not reset: what came since made it ready.
                waits = true;
            } else {
                inner.desc().reset(sequence, direction)?;
            }
        }
        loop {
            if waits {
                let desc = inner.desc();
                let waited = match std::mem::take(&mut resumed) {
                    true => desc.poll_resumed(sequence, direction, cx, inner.shared()),
                    false => desc.poll_wait(sequence, direction, cx, inner.shared()),
                };
                match waited {
                    Poll::Pending => {
                        held.park();
                        self.0 = Some(Waiting { inner: inner.clone(), direction, stage: Stage::Parked });
                        return Poll::Pending;
                    }
                    Poll::Ready(waited) => waited?,
                }
            }
            match inner.with_socket(&mut call)? {
                Attempt::Done(value) => return Poll::Ready(Ok(value)),
                Attempt::WouldBlock => waits = true,
            }
        }
    }

    /// The lock and a reference, and whether the operation was parked.
    fn hold<'a>(
        &mut self,
        inner: &'a Arc<Inner>,
        direction: Direction,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Held<'a>, bool), Error>> {
        let mut ticket = None;
        if let Some(waiting) = self.0.as_ref() {
            assert!(
                Arc::ptr_eq(&waiting.inner, inner) && waiting.direction == direction,
                "an operation's state was polled for another descriptor or direction"
            );
            match waiting.stage {
                Stage::Queued(mine) => ticket = Some(mine),
                Stage::Over => {}
                Stage::Parked => {
                    // Closed meanwhile: the state, dropped, takes back what it left behind.
                    inner.mutex.incref().inspect_err(|_| self.0 = None)?;
                    // What the state owned, `Held` owns now.
                    self.disown();
                    return Poll::Ready(Ok((Held { inner, direction }, true)));
                }
            }
        }
        let locked = inner.mutex.poll_lock(direction, &mut ticket, cx);
        match (locked, ticket) {
            (Poll::Pending, Some(mine)) => {
                if self.0.is_none() {
                    self.0 = Some(Waiting { inner: inner.clone(), direction, stage: Stage::Queued(mine) });
                }
                Poll::Pending
            }
            (Poll::Pending, None) => unreachable!("who waits for a lock has a ticket"),
            (Poll::Ready(locked), _) => {
                self.disown();
                Poll::Ready(locked.map(|()| (Held { inner, direction }, false)))
            }
        }
    }

    /// Forgets the state without giving anything back.
    fn disown(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.stage = Stage::Over;
            self.0 = None;
        }
    }
}

/// A direction's lock and a reference, during a poll. Given back however the poll ends, but for [`Held::park`].
struct Held<'a> {
    inner: &'a Arc<Inner>,
    direction: Direction,
}

impl Held<'_> {
    /// Gives the reference back and keeps the lock.
    fn park(self) {
        let inner = self.inner;
        std::mem::forget(self);
        if inner.mutex.decref() {
            inner.destroy();
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.inner.mutex.unlock(self.direction) {
            self.inner.destroy();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        match self.stage {
            Stage::Over => {}
            Stage::Queued(ticket) => self.inner.mutex.cancel(self.direction, ticket),
            Stage::Parked => {
                // Also if dropping the waker panics, which is somebody else's code.
                let _released = Lock { inner: &self.inner, direction: self.direction };
                // Under a reference, so that the slot is not given back meanwhile. Without one the descriptor is closed, and
                // the close takes the waker out.
                if let Ok(_reference) = Reference::take(&self.inner) {
                    let sequence = self.inner.token.sequence();
                    self.inner.desc().cancel(sequence, self.direction, self.inner.shared());
                }
            }
        }
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
