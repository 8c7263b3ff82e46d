//! What streams do: read and write.
//!
//! Go: `poll.FD.Read`, `poll.FD.Write`

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::op::{Op, Reading, Writing};
use super::{Fd, OpState};
use crate::attempt::Outcome;
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
        if buf.is_empty() && op.is_pending() && !self.0.mutex.is_closed() {
            // What is pending stays so.
            return Poll::Ready(Ok(0));
        }
        op.step(self, |op: &mut Op<'_, Reading>| op.poll_read(cx, buf))
    }

    /// [`Fd::poll_read`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub fn read<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = Result<usize, Error>> + Send + Unpin + 'a {
        Read { op: Op::new(self), buf }
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
        op.step(self, |op: &mut Op<'_, Writing>| op.poll_write_some(cx, buf))
    }

    /// [`Fd::poll_write_some`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`].
    pub fn write_some<'a>(
        &'a self,
        buf: &'a [u8],
    ) -> impl Future<Output = Result<usize, Error>> + Send + Unpin + 'a {
        let mut op = Op::new(self);
        poll_fn(move |cx| op.poll_write_some(cx, buf).map_err(|error| *error))
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
        op.step(self, |op: &mut Op<'_, Writing>| op.poll_write(cx, buf, written))
    }

    /// [`Fd::poll_write`] as a future. `written` counts from where it stands, and tells how far it is also beside an error
    /// or when the future is dropped; as long as the caller keeps it, nothing is unknown.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write`].
    pub fn write<'a>(
        &'a self,
        buf: &'a [u8],
        written: &'a mut usize,
    ) -> impl Future<Output = Result<(), Error>> + Send + Unpin + 'a {
        let mut op = Op::new(self);
        poll_fn(move |cx| op.poll_write(cx, buf, written).map_err(|error| *error))
    }

    /// Writes all of `buf`, and tells how much that was also beside an error. Dropped, the count is unknown.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write`], beside the count.
    ///
    /// Go: `poll.FD.Write`
    #[doc(alias = "poll.FD.Write")]
    pub fn write_all<'a>(
        &'a self,
        buf: &'a [u8],
    ) -> impl Future<Output = (usize, Result<(), Error>)> + Send + Unpin + 'a {
        WriteAll { op: Op::new(self), buf, written: 0 }
    }
}

/// [`Fd::read`].
struct Read<'a> {
    op: Op<'a, Reading>,
    buf: &'a mut [u8],
}

impl Future for Read<'_> {
    type Output = Result<usize, Error>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.op.poll_read(cx, this.buf).map_err(|error| *error)
    }
}

/// [`Fd::write_all`].
struct WriteAll<'a> {
    op: Op<'a, Writing>,
    buf: &'a [u8],
    written: usize,
}

impl Future for WriteAll<'_> {
    type Output = (usize, Result<(), Error>);

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = this.op.poll_write(cx, this.buf, &mut this.written);
        polled.map(|done| (this.written, done.map_err(|error| *error)))
    }
}

impl Op<'_, Reading> {
    #[inline(always)]
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Outcome<usize>> {
        if buf.is_empty() || self.is_told() {
            return self.poll_unusual_read(cx, buf);
        }
        self.poll(cx, true, |socket, fd| {
            let read = sys::read(socket, buf)?;
            fd.note_read(read, buf.len());
            if read == buf.len() {
                fd.note_full_read(read);
            }
            Ok(read)
        })
    }

    /// A read into no room, which no deadline ends, or one that is told what it leaves. In a function of its own, so that others do
    /// not pay for it.
    #[cold]
    #[inline(never)]
    fn poll_unusual_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Outcome<usize>> {
        let checked = !buf.is_empty();
        self.poll(cx, checked, |socket, fd| {
            if !checked {
                return Ok(0);
            }
            let (read, left) = sys::read_told(socket, buf)?;
            fd.note_told_read(read, buf.len(), left);
            Ok(read)
        })
    }
}

impl Op<'_, Writing> {
    #[inline]
    fn poll_write_some(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Outcome<usize>> {
        self.poll(cx, true, |socket, _| match buf.is_empty() {
            true => Ok(0),
            false => sys::write(socket, buf),
        })
    }

    #[inline(always)]
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8], written: &mut usize) -> Poll<Outcome<()>> {
        self.poll(cx, true, |socket, _| {
            while *written < buf.len() {
                let rest = &buf[*written..];
                match sys::write(socket, rest)? {
                    all if all == rest.len() => {
                        *written += all;
                        break;
                    }
                    0 => return Err(Error::UnexpectedEof.into()),
                    part => *written += part,
                }
            }
            Ok(())
        })
    }
}
