//! What streams do: read and write.
//!
//! Go: `poll.FD.Read`, `poll.FD.Write`

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::{Fd, OpState};
use crate::attempt::Attempt;
use crate::netpoll::poll_desc::Direction;
use crate::{Error, sys};

impl Fd {
    /// Reads what there is, waiting until there is something; 0 at the end of the stream.
    ///
    /// Cancel-safe: either nothing was read, or it was returned. An empty buffer returns 0 at once, past deadline or not.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], or what the kernel says.
    ///
    /// Go: `poll.FD.Read`
    #[doc(alias = "poll.FD.Read")]
    pub fn poll_read(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut [u8],
    ) -> Poll<Result<usize, Error>> {
        let checked = !buf.is_empty();
        let asked = buf.len().min(sys::MAX_TRANSFER);
        op.poll(self, Direction::Read, checked, cx, |socket| {
            if !checked {
                return Ok(Attempt::Done(0));
            }
            let read = sys::read(socket, buf)?;
            if matches!(read, Attempt::Done(read) if 0 < read && read < asked) {
                self.0.mark_drained();
            }
            Ok(read)
        })
    }

    /// [`Fd::poll_read`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub async fn read(&self, buf: &mut [u8]) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_read(cx, &mut op, buf)).await
    }

    /// Writes what the socket takes at once, waiting until it takes something.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], or what the kernel says.
    pub fn poll_write_some(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &[u8],
    ) -> Poll<Result<usize, Error>> {
        op.poll(self, Direction::Write, true, cx, |socket| match buf.is_empty() {
            true => Ok(Attempt::Done(0)),
            false => sys::write(socket, buf),
        })
    }

    /// [`Fd::poll_write_some`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`].
    pub async fn write_some(&self, buf: &[u8]) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_write_some(cx, &mut op, buf)).await
    }

    /// Writes all of `buf`; nobody else's write comes in between. `written` tells how far it is, also beside an error.
    ///
    /// Not cancel-safe by itself: `written` must be kept with the `op` and the buffer.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], [`Error::UnexpectedEof`], or what the kernel says.
    ///
    /// Go: `poll.FD.Write`
    #[doc(alias = "poll.FD.Write")]
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &[u8],
        written: &mut usize,
    ) -> Poll<Result<(), Error>> {
        op.poll(self, Direction::Write, true, cx, |socket| {
            while *written < buf.len() {
                match sys::write(socket, &buf[*written..])? {
                    Attempt::Done(0) => return Err(Error::UnexpectedEof),
                    Attempt::Done(more) => *written += more,
                    Attempt::WouldBlock => return Ok(Attempt::WouldBlock),
                }
            }
            Ok(Attempt::Done(()))
        })
    }

    /// [`Fd::poll_write`] as a future. `written` counts from where it stands, and tells how far it is also beside an error
    /// or when the future is dropped; as long as the caller keeps it, nothing is unknown.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write`].
    pub async fn write(&self, buf: &[u8], written: &mut usize) -> Result<(), Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_write(cx, &mut op, buf, written)).await
    }
}
