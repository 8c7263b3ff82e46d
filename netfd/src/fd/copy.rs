//! From a socket or a file to a socket without a buffer of ours: splice(2) through a pipe, and sendfile(2).
//!
//! Go: `poll.Splice`, `poll.SendFile`
//!
//! ```text
//!   source ──splice──► pipe ──splice──► socket         file ──sendfile──► socket
//! ```
//!
//! Both calls raise SIGPIPE where the peer is gone, which no flag of theirs turns off. Rust's runtime ignores that signal;
//! a program that has undone this can be ended by a peer.

use std::future::poll_fn;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};

use super::{Fd, OpState};
use crate::attempt::Stop;
use crate::netpoll::poll_desc::Direction;
use crate::sys::pipe::Pipe;
use crate::{Error, sys};

/// The most that one step moves: as much as a pipe holds.
///
/// Go: `poll.maxSpliceSize`
#[doc(alias = "maxSpliceSize")]
const STEP: usize = 1 << 20;
/// After so many steps a copy lets others run.
const STEPS_IN_A_ROW: u32 = 4;

impl Fd {
    /// Moves bytes from `source` to this socket, until `most` were `moved`; how many. `None` if the kernel cannot do it
    /// between these two, or at the source's end, which it says at urgent data too: what was not moved yet is for read and
    /// write, and a read tells the end.
    ///
    /// Dropped or failed, up to 1 MiB that was taken out of the source and not yet written is lost. Each step takes its turn among the
    /// readers of the source and the writers of this socket; the end of either ends it, also while it waits for the other.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`] on the source and of [`Fd::poll_write`] here. `moved` tells how much was written before.
    ///
    /// Go: `poll.Splice`
    #[doc(alias = "poll.Splice")]
    pub async fn splice_from(&self, source: &Fd, most: u64, moved: &mut u64) -> Result<Option<u64>, Error> {
        let Some(mut pipe) = Pipe::take() else { return Ok(None) };
        let mut steps = 0_u32;
        while *moved < most {
            give_way(&mut steps).await;
            let step = usize::try_from(most - *moved).unwrap_or(STEP).min(STEP);
            let mut op = OpState::new();
            match self.while_open(poll_fn(|cx| source.poll_fill(cx, &mut op, &mut pipe, step))).await?? {
                // splice says "the end" at urgent data too: a read knows better.
                None | Some(0) => {
                    pipe.give_back();
                    return Ok(None);
                }
                Some(_) => {}
            }
            while pipe.holds() > 0 {
                let mut op = OpState::new();
                match poll_fn(|cx| self.poll_drain(cx, &mut op, &mut pipe)).await? {
                    0 => return Err(Error::UnexpectedEof),
                    written => *moved += written as u64,
                }
            }
        }
        pipe.give_back();
        Ok(Some(*moved))
    }

    /// Socket → pipe. 0 at the end, nothing if the kernel cannot.
    fn poll_fill(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        pipe: &mut Pipe,
        most: usize,
    ) -> Poll<Result<Option<usize>, Error>> {
        op.poll(self, Direction::Read, cx, |socket| match pipe.fill(socket, most) {
            // At urgent data it says that there is nothing, for ever.
            Err(Stop::WouldBlock) if self.0.desc().is_troubled() => Ok(None),
            filled => filled,
        })
    }

    /// Pipe → socket.
    fn poll_drain(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        pipe: &mut Pipe,
    ) -> Poll<Result<usize, Error>> {
        op.poll(self, Direction::Write, cx, |socket| pipe.drain(socket))
    }

    /// Sends a file from where its cursor stands, which moves on, until it ends or `most` bytes were `sent`; how many.
    /// `None` if the kernel cannot do it with this file: what was not sent yet is for read and write. A file that is not
    /// in memory holds up the thread while it is read.
    ///
    /// Dropped, the file's cursor tells how much was sent.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write`]. `sent` tells how much was sent before.
    ///
    /// Go: `poll.SendFile`
    #[doc(alias = "poll.SendFile")]
    pub async fn send_file(
        &self,
        file: BorrowedFd<'_>,
        most: u64,
        sent: &mut u64,
    ) -> Result<Option<u64>, Error> {
        let mut steps = 0_u32;
        while *sent < most {
            give_way(&mut steps).await;
            let step = usize::try_from(most - *sent).unwrap_or(STEP).min(STEP);
            let mut op = OpState::new();
            let step = |cx: &mut Context<'_>| {
                op.poll(self, Direction::Write, cx, |socket| match sys::send_file(socket, file, step) {
                    Ok(Some(0) | None) if *sent == 0 => Ok(None),
                    other => other,
                })
            };
            match poll_fn(step).await? {
                // A file that says that it has nothing may be one of those that only read(2) can read.
                None => return Ok(None),
                Some(0) => break,
                Some(more) => *sent += more as u64,
            }
        }
        Ok(Some(*sent))
    }
}

/// Lets others run once in a while: where both ends are always ready a copy would never wait.
async fn give_way(steps: &mut u32) {
    *steps += 1;
    let mut given = !steps.is_multiple_of(STEPS_IN_A_ROW);
    poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
