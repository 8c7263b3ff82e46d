//! How a socket comes to its peers and leaves them: accept, connect, shutdown.
//!
//! Go: `poll.FD.Accept`, `poll.FD.Shutdown`

use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use poller::Mode;
use rustix::net::Shutdown;

use super::{Fd, OpState};
use crate::attempt::Stop;
use crate::netpoll::poll_desc::Direction;
use crate::{Addr, Error, sys};

impl Fd {
    /// Accepts a connection, waiting until there is one; and its peer's address, if it is one of the Internet or of Unix.
    ///
    /// Cancel-safe: either none was accepted, or it was returned.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], or what the kernel says.
    ///
    /// Go: `poll.FD.Accept`
    #[doc(alias = "poll.FD.Accept")]
    pub fn poll_accept(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
    ) -> Poll<Result<(OwnedFd, Option<Addr>), Error>> {
        op.poll(self, Direction::Read, cx, sys::accept)
    }

    /// [`Fd::poll_accept`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_accept`].
    pub async fn accept(&self) -> Result<(OwnedFd, Option<Addr>), Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_accept(cx, &mut op)).await
    }

    /// Waits for a connection under way to stand or to fail; the peer's address. The socket's connect(2) has been
    /// called by then, as in Go, before the poller knows it.
    ///
    /// Cancel-safe: it only looks.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], why the connection failed, or [`Error::InvalidInput`] for a socket
    /// that is neither of the Internet nor of Unix.
    ///
    /// Go: `net.netFD.connect`
    #[doc(alias = "net.netFD.connect")]
    pub fn poll_connected(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<Addr, Error>> {
        op.poll(self, Direction::Write, cx, |socket| sys::connected(socket)?.ok_or(Stop::WouldBlock))
    }

    /// [`Fd::poll_connected`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_connected`].
    pub async fn connected(&self) -> Result<Addr, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_connected(cx, &mut op)).await
    }

    /// Ends one direction or both of the connection, as shutdown(2).
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `poll.FD.Shutdown`
    #[doc(alias = "poll.FD.Shutdown")]
    pub fn shutdown(&self, mode: Mode) -> Result<(), Error> {
        let how = match mode {
            Mode::Read => Shutdown::Read,
            Mode::Write => Shutdown::Write,
            Mode::Both => Shutdown::Both,
        };
        self.lend(|socket| sys::shutdown(socket, how))
    }
}
