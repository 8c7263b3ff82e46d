//! An operation that owns a handle for as long as it waits: what a `poll_…` function is given each time.

use std::task::{Context, Poll};

use super::Fd;
use super::op::{Op, Reading, Stage, Way, Writing, give_back};
use crate::Error;
use crate::attempt::{Attempt, Outcome};
use crate::netpoll::poll_desc::Direction;
use crate::sys::Lent;

/// What an operation keeps between polls. Dropped, it gives all of it back: that is cancellation.
///
/// It belongs to one operation from its first poll to its end: polled for another descriptor or direction meanwhile, every
/// `poll_…` function panics.
#[derive(Default)]
pub struct OpState(Option<Waiting>);

/// An operation that returned `Pending`, with the descriptor that it waits for.
struct Waiting {
    fd: Fd,
    direction: Direction,
    stage: Stage,
}

impl OpState {
    /// An operation that has not begun.
    pub const fn new() -> OpState {
        OpState(None)
    }

    /// Whether an operation is pending.
    pub(super) fn is_pending(&self) -> bool {
        self.0.is_some()
    }

    /// Takes the operation one step further.
    #[inline]
    pub(super) fn step<W: Way, T>(
        &mut self,
        fd: &Fd,
        step: impl FnOnce(&mut Op<'_, W>) -> Poll<Outcome<T>>,
    ) -> Poll<Result<T, Error>> {
        let direction = W::DIRECTION;
        assert!(
            self.0.as_ref().is_none_or(|waiting| waiting.fd.is(fd) && waiting.direction == direction),
            "an operation's state was polled for another descriptor or direction"
        );
        let mut op = Op::new(fd);
        // A step that panics leaves nothing behind: its buffer is somebody else's code.
        let mut waiting = self.0.take();
        if let Some(waiting) = &mut waiting {
            op.stage = std::mem::take(&mut waiting.stage);
        }
        let stepped = step(&mut op);
        match std::mem::take(&mut op.stage) {
            Stage::Idle => {}
            stage => {
                let mut waits = waiting.take().unwrap_or_else(|| Waiting {
                    fd: fd.clone(),
                    direction,
                    stage: Stage::Idle,
                });
                waits.stage = stage;
                self.0 = Some(waits);
            }
        }
        stepped.map_err(|error| *error)
    }

    /// [`Op::poll`] of the operation.
    pub(super) fn poll<T>(
        &mut self,
        fd: &Fd,
        direction: Direction,
        cx: &mut Context<'_>,
        mut call: impl FnMut(Lent<'_>) -> Attempt<T>,
    ) -> Poll<Result<T, Error>> {
        match direction {
            Direction::Read => {
                self.step(fd, |op: &mut Op<'_, Reading>| op.poll(cx, true, |socket, _| call(socket)))
            }
            Direction::Write => {
                self.step(fd, |op: &mut Op<'_, Writing>| op.poll(cx, true, |socket, _| call(socket)))
            }
        }
    }
}

impl std::fmt::Debug for OpState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = match self.0.as_ref().map(|waiting| &waiting.stage) {
            None | Some(Stage::Idle) => "idle",
            Some(Stage::Queued(_)) => "queued",
            Some(Stage::Parked) => "parked",
        };
        f.debug_tuple("OpState").field(&stage).finish()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        give_back(&self.fd.0, self.direction, &mut self.stage);
    }
}
