//! The socket in other hands: waiting for it without a buffer, looking at what came, lending it, copying it, giving it away.
//!
//! Go: `poll.FD.RawRead`, `poll.FD.RawWrite`, `poll.FD.Dup`, `poll.FD.WaitWrite`

use std::future::poll_fn;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use super::{Fd, OpState, Reference, close};
use crate::attempt::Stop;
use crate::netpoll::poll_desc::Direction;
use crate::sys::Lent;
use crate::{Error, sys};

/// The socket, lent for as long as this lives.
///
/// A close waits for it. So a task that awaits one, [`Fd::close`] or [`Fd::release`], while it holds the guard itself never
/// comes to its end: drop the guard first.
#[derive(Debug)]
pub struct SocketGuard<'a> {
    reference: Reference<'a>,
}

impl AsFd for SocketGuard<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reference.socket()
    }
}

impl Fd {
    /// Waits until a read would not wait: there is data, the end, or an error. Data that is there already counts.
    ///
    /// Cancel-safe: it only looks. It takes its turn among the readers, and what it saw another may read first.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`].
    pub fn poll_readable(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<(), Error>> {
        op.poll(self, Direction::Read, cx, sys::is_readable)
    }

    /// [`Fd::poll_readable`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_readable`].
    pub async fn readable(&self) -> Result<(), Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_readable(cx, &mut op)).await
    }

    /// Waits until a write would not wait: there is room, or an error.
    ///
    /// Cancel-safe: it only looks. It takes its turn among the writers.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`].
    ///
    /// Go: `poll.FD.WaitWrite`
    #[doc(alias = "poll.FD.WaitWrite")]
    pub fn poll_writable(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<(), Error>> {
        op.poll(self, Direction::Write, cx, sys::is_writable)
    }

    /// [`Fd::poll_writable`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_writable`].
    pub async fn writable(&self) -> Result<(), Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_writable(cx, &mut op)).await
    }

    /// Reads what there is and leaves it there, waiting until there is something; 0 at the end of the stream.
    ///
    /// Cancel-safe: it only looks. An empty buffer returns 0 at once.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        op: &mut OpState,
        buf: &mut [u8],
    ) -> Poll<Result<usize, Error>> {
        if buf.is_empty() {
            return self.poll_read(cx, op, buf);
        }
        op.poll(self, Direction::Read, cx, |socket| sys::peek(socket, buf))
    }

    /// [`Fd::poll_peek`] as a future; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`Fd::poll_read`].
    pub async fn peek(&self, buf: &mut [u8]) -> Result<usize, Error> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_peek(cx, &mut op, buf)).await
    }

    /// Calls `call` with the socket until it says that it is done, waiting for something to read in between.
    ///
    /// As cancel-safe as `call`: what it has done is done.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`].
    ///
    /// Go: `poll.FD.RawRead`
    #[doc(alias = "poll.FD.RawRead")]
    pub async fn raw_read(&self, call: impl FnMut(Lent<'_>) -> bool) -> Result<(), Error> {
        self.raw(Direction::Read, call).await
    }

    /// Calls `call` with the socket until it says that it is done, waiting for room to write in between.
    ///
    /// As cancel-safe as `call`: what it has done is done.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`].
    ///
    /// Go: `poll.FD.RawWrite`
    #[doc(alias = "poll.FD.RawWrite")]
    pub async fn raw_write(&self, call: impl FnMut(Lent<'_>) -> bool) -> Result<(), Error> {
        self.raw(Direction::Write, call).await
    }

    async fn raw(&self, direction: Direction, mut call: impl FnMut(Lent<'_>) -> bool) -> Result<(), Error> {
        self.give_out();
        let mut op = OpState::new();
        poll_fn(|cx| {
            op.poll(self, direction, cx, |socket| if call(socket) { Ok(()) } else { Err(Stop::WouldBlock) })
        })
        .await
    }

    /// Lends the socket to code that wants something with [`AsFd`]. A close that comes meanwhile ends what waits at once,
    /// and the descriptor goes with the guard: a task that holds it must not await the close.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn borrow(&self) -> Result<SocketGuard<'_>, Error> {
        self.give_out();
        Ok(SocketGuard { reference: Reference::take(&self.0)? })
    }

    /// A duplicate of the socket, close-on-exec. It is non-blocking, for the two share their mode: to change it there
    /// changes it here, and then operations here hold up their thread.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `poll.FD.Dup`
    #[doc(alias = "poll.FD.Dup")]
    pub fn duplicate(&self) -> Result<OwnedFd, Error> {
        self.with_socket(sys::duplicate)
    }

    /// Takes the socket out of the poller and gives it away, in blocking mode as programs elsewhere expect it. For every
    /// other handle it is closed, and what waits ends with [`Error::Closed`].
    ///
    /// It is closed for everyone when this is called, and comes out with the last reference: a [`SocketGuard`] is waited for.
    /// Dropping the future closes the socket.
    ///
    /// # Errors
    /// [`Error::Closed`] if it was closed before, or what the kernel says when it refuses the mode.
    pub fn release(&self) -> impl Future<Output = Result<OwnedFd, Error>> + Send + use<> {
        let gone = self.0.close_for(true);
        let tells = self.0.full_reads.socket_tells();
        async move {
            let socket = gone?.await.expect("a socket that is wanted comes when it is gone from the poller");
            if tells {
                // It can only fail where the kernel refuses to tell, and then it does not tell.
                let _ = sys::tell_what_is_left(socket.as_fd(), false);
            }
            match sys::set_blocking(&socket) {
                Ok(()) => Ok(socket),
                Err(error) => {
                    close::let_go(socket);
                    Err(error)
                }
            }
        }
    }
}
