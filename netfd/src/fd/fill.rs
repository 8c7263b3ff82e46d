//! Reads into buffers that keep their own progress.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::op::{Op, Reading};
use super::{Fd, OpState};
use crate::attempt::Stop;
use crate::{Error, sys};

impl Fd {
    /// Reads what there is into the room that `buf` has, waiting until there is something; 0 at the end of the stream, or
    /// if there is no room.
    ///
    /// Cancel-safe: what was read is in `buf`.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub fn poll_read_buf(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut impl BufMut,
    ) -> Poll<Result<usize, Error>> {
        if !buf.has_remaining_mut() {
            return self.poll_read(cx, op, &mut []);
        }
        op.step(self, |op: &mut Op<'_, Reading>| {
            op.poll(cx, true, |socket, fd| {
                let asked = buf.chunk_mut().len();
                let read = sys::read_buf(socket, buf)?;
                fd.note_read(read, asked);
                Ok(read)
            })
        })
    }

    /// [`Fd::poll_read_buf`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub async fn read_buf(&self, buf: &mut impl BufMut) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_read_buf(cx, &mut op, buf)).await
    }

    /// Fills the room that `buf` has, which for one that grows is without end; nobody else's read comes in between. `read` counts how
    /// much that was, and must be kept with the `op`. If the stream ends before the first byte it stays 0.
    ///
    /// Cancel-safe as far as the data goes: what was read is in `buf`, also beside an error. Others may read once the operation
    /// is dropped.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`]; [`Error::UnexpectedEof`] if the stream ends in the midst of it.
    ///
    /// Go: `io.ReadFull`
    #[doc(alias = "io.ReadFull")]
    pub fn poll_read_full(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut impl BufMut,
        read: &mut usize,
    ) -> Poll<Result<(), Error>> {
        if !buf.has_remaining_mut() {
            return self.poll_read(cx, op, &mut []).map_ok(drop);
        }
        // A sender that is as fast keeps such a read from ever having to wait.
        let mut turn = 0;
        op.step(self, |op: &mut Op<'_, Reading>| {
            op.poll(cx, true, |socket, fd| {
                while buf.has_remaining_mut() {
                    if turn >= TURN {
                        return Err(Stop::GivesWay);
                    }
                    let asked = buf.chunk_mut().len();
                    match sys::read_buf(socket, buf)? {
                        0 if *read == 0 => break,
                        0 => return Err(Error::UnexpectedEof.into()),
                        more => {
                            *read += more;
                            turn += more.max(LEAST);
                            fd.note_read(more, asked);
                        }
                    }
                }
                Ok(())
            })
        })
    }

    /// [`Fd::poll_read_full`] as a future; how much was read. `buf` keeps the progress.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read_full`].
    ///
    /// Go: `io.ReadFull`
    #[doc(alias = "io.ReadFull")]
    pub async fn read_full(&self, buf: &mut impl BufMut) -> Result<usize, Error> {
        let (mut op, mut read) = (OpState::new(), 0);
        poll_fn(|cx| self.poll_read_full(cx, &mut op, buf, &mut read)).await?;
        Ok(read)
    }
}

/// A read that fills a buffer lets others run after so many bytes, however much there is, and sees whether its deadline has passed or
/// it was closed.
const TURN: usize = 4 << 20;
/// The least that one of its calls counts for.
const LEAST: usize = 32 << 10;
