//! [`Fd`]: a socket in the poller, whose operations wait, queue, expire and are ended by close.
//!
//! Go: `poll.FD`
//!
//! ```text
//!   poll_read ──► fdMutex: the read lock, a reference ──► recv ──► done: unlock
//!                    │ held: queue                          │ EAGAIN
//!                    ▼                                      ▼
//!                 Pending                       pollDesc: park, give the reference back ──► Pending
//! ```
//!
//! An operation holds a reference only during a poll. Parked it keeps its direction's lock and its waker in the poller,
//! so that close never waits for a future that nobody polls.

mod close;
mod op;

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Instant;

use poller::{Mode, Token};

pub use op::OpState;

use crate::cell::GuardedCell;
use crate::fd_mutex::FdMutex;
use crate::netpoll::poll_desc::{Direction, PollDesc};
use crate::netpoll::shared::Shared;
use crate::sync::{Arc, AtomicBool};
use crate::sys::{self, Attempt};
use crate::{Addr, Error, Netpoll};

/// A socket in the poller; a cheap handle. The last one to go closes it.
///
/// Each operation comes as `poll_…`, whose [`OpState`] the caller keeps between polls, and as a future built on it.
/// Users of one direction go in the order in which they came. An operation that is pending and not polled holds up those
/// behind it.
///
/// Go: `poll.FD`
#[doc(alias = "poll.FD")]
#[derive(Clone)]
pub struct Fd(Arc<Inner>);

struct Inner {
    mutex: FdMutex,
    /// Borrowed under a reference of the mutex; taken out when the last one of a closed mutex is gone.
    socket: GuardedCell<Option<OwnedFd>>,
    netpoll: Netpoll,
    token: Token,
    /// close(2) may block, for a linger time was set.
    lingers: AtomicBool,
    closers: close::Closers,
}

impl Fd {
    /// Registers a non-blocking socket with a poller. On an error the socket is closed.
    ///
    /// # Errors
    /// What the kernel says when it refuses the registration.
    ///
    /// Go: `poll.FD.Init`
    #[doc(alias = "poll.FD.Init")]
    pub fn new(socket: OwnedFd, netpoll: &Netpoll) -> io::Result<Fd> {
        let shared = netpoll.shared();
        let token = shared.alloc();
        if let Err(error) = shared.poller.open(socket.as_fd(), token) {
            let desc = shared.cache.slot(token.slot());
            desc.evict(token, shared);
            desc.retire(token.sequence());
            shared.cache.free(token.slot());
            return Err(error);
        }
        tracing::trace!(target: "netfd::fd", slot = token.slot(), sequence = token.sequence(), "open");
        Ok(Fd(Arc::new(Inner {
            mutex: FdMutex::new(),
            socket: GuardedCell::new(Some(socket)),
            netpoll: netpoll.clone(),
            token,
            lingers: AtomicBool::new(false),
            closers: close::Closers::new(),
        })))
    }

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
        op.poll(self, Direction::Read, checked, cx, |socket| match checked {
            true => sys::read(socket, buf),
            false => Ok(Attempt::Done(0)),
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

    /// Accepts a connection, waiting until there is one.
    ///
    /// Cancel-safe: either none was accepted, or it was returned.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], or what the kernel says.
    ///
    /// Go: `poll.FD.Accept`
    #[doc(alias = "poll.FD.Accept")]
    pub fn poll_accept(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<OwnedFd, Error>> {
        op.poll(self, Direction::Read, true, cx, sys::accept)
    }

    /// Waits for a connection under way to stand or to fail; the peer's address.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], or why the connection failed.
    ///
    /// Go: `net.netFD.connect`
    pub fn poll_connected(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<Addr, Error>> {
        op.poll(self, Direction::Write, true, cx, |socket| {
            Ok(sys::connected(socket)?.map_or(Attempt::WouldBlock, Attempt::Done))
        })
    }

    /// Sets, moves or clears (`None`) the deadline of one direction or both, also of what waits at this moment.
    /// One that has passed ends it at once.
    ///
    /// # Errors
    /// [`Error::Closed`].
    ///
    /// Go: `poll.FD.SetDeadline`, `poll.FD.SetReadDeadline`, `poll.FD.SetWriteDeadline`
    #[doc(alias = "SetDeadline")]
    pub fn set_deadline(&self, mode: Mode, when: Option<Instant>) -> Result<(), Error> {
        self.with_socket(|_| {
            let shared = self.0.shared();
            let when = when.map(|instant| shared.clock.at(instant));
            tracing::trace!(target: "netfd::fd", slot = self.0.token.slot(), ?mode, ?when, "set deadline");
            self.0.desc().set_deadline(self.0.token, mode, when, shared);
            Ok(())
        })
    }

    /// Ends one direction or both of the connection, as shutdown(2).
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `poll.FD.Shutdown`
    #[doc(alias = "poll.FD.Shutdown")]
    pub fn shutdown(&self, mode: Mode) -> Result<(), Error> {
        use rustix::net::Shutdown;
        let how = match mode {
            Mode::Read => Shutdown::Read,
            Mode::Write => Shutdown::Write,
            Mode::Both => Shutdown::Both,
        };
        self.with_socket(|socket| sys::shutdown(socket, how))
    }

    /// Lends the socket for a call that does not block; it is not closed meanwhile.
    ///
    /// # Errors
    /// [`Error::Closed`], or what `call` returns.
    ///
    /// Go: `poll.FD.RawControl`
    #[doc(alias = "poll.FD.RawControl")]
    pub fn with_socket<T>(&self, call: impl FnOnce(BorrowedFd<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let _reference = Reference::take(&self.0)?;
        self.0.with_socket(call)
    }

    /// Says that close(2) may block from now on, so that it is left to a thread of its own.
    pub(crate) fn set_lingers(&self, lingers: bool) {
        // Relaxed: whoever destroys the socket has seen this setter's reference given back.
        self.0.lingers.store(lingers, Relaxed);
    }

    /// The poller that the socket is in.
    pub fn netpoll(&self) -> &Netpoll {
        &self.0.netpoll
    }
}

impl Inner {
    fn shared(&self) -> &Shared {
        self.netpoll.shared()
    }

    fn desc(&self) -> &PollDesc {
        self.shared().cache.slot(self.token.slot())
    }

    /// Lends the socket to a caller that holds a reference of the mutex.
    fn with_socket<T>(&self, call: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        // SAFETY: the caller holds a reference, and the socket is taken out only when there is none left.
        unsafe {
            self.socket.with(|socket| {
                let socket = socket.as_ref().expect("a referenced descriptor has its socket");
                call(socket.as_fd())
            })
        }
    }
}

/// A reference of the mutex, given back however the call ends.
struct Reference<'a>(&'a Inner);

impl Reference<'_> {
    fn take(inner: &Inner) -> Result<Reference<'_>, Error> {
        inner.mutex.incref()?;
        Ok(Reference(inner))
    }
}

impl Drop for Reference<'_> {
    fn drop(&mut self) {
        if self.0.mutex.decref() {
            self.0.destroy();
        }
    }
}

impl std::fmt::Debug for Fd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fd")
            .field("slot", &self.0.token.slot())
            .field("closed", &self.0.mutex.is_closed())
            .finish_non_exhaustive()
    }
}
