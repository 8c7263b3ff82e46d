//! Reads and writes of several pieces at once, and writes of buffers that keep their own progress.
//!
//! Go: `poll.FD.Writev`

use std::future::poll_fn;
use std::io::{IoSlice, IoSliceMut};
use std::task::{Context, Poll, ready};

use bytes::Buf;

use super::op::{Op, Reading};
use super::{Fd, OpState};
use crate::attempt::Attempt;
use crate::netpoll::poll_desc::Direction;
use crate::{Error, sys};

impl Fd {
    /// Reads what there is into several buffers, one behind the other, waiting until there is something; 0 at the end of
    /// the stream, or if there is no room.
    ///
    /// Cancel-safe: either nothing was read, or its length was returned.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<Result<usize, Error>> {
        // Empty ones at the head would use up what one call takes.
        let first = bufs.iter().position(|buf| !buf.is_empty()).unwrap_or(bufs.len());
        let bufs = &mut bufs[first..];
        let asked: usize = bufs.iter().take(sys::MAX_PIECES).map(|buf| buf.len()).sum();
        if asked == 0 {
            return self.poll_read(cx, op, &mut []);
        }
        op.step(self, |op: &mut Op<'_, Reading>| {
            op.poll(cx, true, |socket, fd| {
                let read = sys::read_vectored(socket, bufs)?;
                fd.note_read(read, asked);
                Ok(read)
            })
        })
    }

    /// [`Fd::poll_read_vectored`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub async fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_read_vectored(cx, &mut op, bufs)).await
    }

    /// Writes what the socket takes at once of several pieces, waiting until it takes something.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`].
    pub fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        if pieces.iter().all(|piece| piece.is_empty()) {
            return self.poll_write_some(cx, op, &[]);
        }
        op.poll(self, Direction::Write, cx, |socket| sys::write_vectored(socket, pieces))
    }

    /// [`Fd::poll_write_vectored`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`].
    pub async fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_write_vectored(cx, &mut op, pieces)).await
    }

    /// Writes all of `buf`, which advances as it goes; nobody else's write comes in between.
    ///
    /// Cancel-safe as far as the count goes: what `buf` has left has not been written. Others may write once the
    /// operation is dropped.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write`].
    ///
    /// Go: `poll.FD.Writev`
    #[doc(alias = "poll.FD.Writev")]
    pub fn poll_write_all_from(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut impl Buf,
    ) -> Poll<Result<(), Error>> {
        op.poll(self, Direction::Write, cx, |socket| {
            while buf.has_remaining() {
                match write_once(socket, buf)? {
                    0 => return Err(Error::UnexpectedEof.into()),
                    more => buf.advance(more),
                }
            }
            Ok(())
        })
    }

    /// [`Fd::poll_write_all_from`] that ends once something was written; how much.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned, and `buf` tells.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`].
    pub fn poll_write_buf(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut impl Buf,
    ) -> Poll<Result<usize, Error>> {
        if !buf.has_remaining() {
            return self.poll_write_some(cx, op, &[]);
        }
        let written = ready!(op.poll(self, Direction::Write, cx, |socket| write_once(socket, buf)))?;
        buf.advance(written);
        Poll::Ready(Ok(written))
    }

    /// [`Fd::poll_write_all_from`] as a future; `buf` keeps the progress.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write`].
    pub async fn write_all_from(&self, buf: &mut impl Buf) -> Result<(), Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_write_all_from(cx, &mut op, buf)).await
    }

    /// [`Fd::poll_write_buf`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`].
    pub async fn write_buf(&self, buf: &mut impl Buf) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_write_buf(cx, &mut op, buf)).await
    }
}

/// So many pieces of a [`Buf`] are listed without an allocation.
const FEW: usize = 64;

/// Writes of the first pieces of `buf`, without advancing it: as many as one call takes, for where packets keep their bounds each
/// call is one.
fn write_once(socket: sys::Lent<'_>, buf: &impl Buf) -> Attempt<usize> {
    let mut few = [IoSlice::new(&[]); FEW];
    let mut many = Vec::new();
    let mut filled = buf.chunks_vectored(&mut few);
    let pieces = if filled < FEW {
        &few[..filled]
    } else {
        many.resize(sys::MAX_PIECES, IoSlice::new(&[]));
        filled = buf.chunks_vectored(&mut many);
        &many[..filled]
    };
    match pieces {
        [] => sys::write(socket, buf.chunk()),
        [only] => sys::write(socket, only),
        pieces => sys::write_vectored(socket, pieces),
    }
}
