//! Descriptors that travel with data, over Unix sockets.
//!
//! Go: `poll.FD.ReadMsg`, `poll.FD.WriteMsg`

use std::future::poll_fn;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use super::{Fd, OpState};
use crate::netpoll::poll_desc::Direction;
use crate::{Error, sys};

/// What [`Fd::receive_descriptors`] read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Received {
    /// How many bytes; 0 at the end of the stream.
    pub read: usize,
    /// The descriptors that came with them, close-on-exec.
    pub descriptors: Vec<OwnedFd>,
    /// Some descriptors are lost: the process may have no more, or too much came at once.
    pub truncated: bool,
}

impl Fd {
    /// Writes what the socket takes at once, with duplicates of `descriptors` attached to its first byte.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned and the descriptors are on their way.
    ///
    /// # Errors
    /// Those of [`Fd::poll_write_some`]; [`Error::InvalidInput`] for no bytes or more than 253 descriptors.
    ///
    /// Go: `poll.FD.WriteMsg`
    #[doc(alias = "poll.FD.WriteMsg")]
    pub fn poll_send_descriptors(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> Poll<Result<usize, Error>> {
        op.poll(self, Direction::Write, cx, |socket| sys::send_descriptors(socket, buf, descriptors))
    }

    /// [`Fd::poll_send_descriptors`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_send_descriptors`].
    pub async fn send_descriptors(&self, buf: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_send_descriptors(cx, &mut op, buf, descriptors)).await
    }

    /// Reads what there is, with the descriptors that are attached to it, waiting until there is something.
    ///
    /// Cancel-safe: either nothing was read, or it was returned.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`]; [`Error::InvalidInput`] for an empty buffer.
    ///
    /// Go: `poll.FD.ReadMsg`
    #[doc(alias = "poll.FD.ReadMsg")]
    pub fn poll_receive_descriptors(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut [u8],
    ) -> Poll<Result<Received, Error>> {
        let received = op.poll(self, Direction::Read, cx, |socket| sys::receive_descriptors(socket, buf));
        received.map_ok(|(read, descriptors, truncated)| Received { read, descriptors, truncated })
    }

    /// [`Fd::poll_receive_descriptors`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_receive_descriptors`].
    pub async fn receive_descriptors(&self, buf: &mut [u8]) -> Result<Received, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_receive_descriptors(cx, &mut op, buf)).await
    }
}
