//! [`Listener`]: a socket that accepts connections, shared by as many tasks as hold a handle.
//!
//! Go: `net.TCPListener`, `net.UnixListener`

use std::future::poll_fn;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use conn::Conn;
use foreign::event;
use netfd::{Addr, Error, Mode, NetFd, Netpoll, OpError, OpState, UnixAddr};

use crate::Incoming;

/// A socket that accepts connections; a cheap handle. The last one to go closes it, without waiting.
///
/// A Unix listener that was given a path removes the file when it is closed, by [`Listener::close`] or by its last handle;
/// see [`Listener::set_unlink_on_close`].
///
/// Go: `net.TCPListener`, `net.UnixListener`
#[doc(alias = "net.TCPListener")]
#[doc(alias = "net.UnixListener")]
#[derive(Clone)]
pub struct Listener(Arc<Inner>);

struct Inner {
    fd: NetFd,
    /// The file of a Unix listener that made it, as long as it is to be removed.
    path: Option<PathBuf>,
    unlink: AtomicBool,
    /// The first close has seen to the file: a later one would see another's.
    closed: AtomicBool,
}

impl Inner {
    /// Removes the file, once.
    fn unlink(&self) {
        let first = !self.closed.swap(true, Relaxed);
        if let Some(path) = &self.path
            && first
            && self.unlink.load(Relaxed)
        {
            // Somebody else may have removed it.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.unlink();
    }
}

impl Listener {
    /// A listener over a socket that listens, for instance one that [`NetFd::import`] put into a poller of its own. It
    /// removes the file of its name when it is closed.
    #[must_use]
    pub fn new(fd: NetFd) -> Listener {
        let path = match fd.local_addr() {
            Some(Addr::Unix(UnixAddr::Path(path)) | Addr::UnixPacket(UnixAddr::Path(path))) => Some(path),
            _ => None,
        };
        Listener(Arc::new(Inner { fd, path, unlink: AtomicBool::new(true), closed: AtomicBool::new(false) }))
    }

    /// A listener over a socket that listens already, such as one that a service manager passes on. It is put into
    /// non-blocking mode, which a duplicate of it shares, and its file, if it has one, is left when it is closed.
    ///
    /// # Errors
    /// An [`OpError`] of `file` if it is no stream socket, does not listen, or the kernel refuses it.
    ///
    /// Go: `net.FileListener`
    ///
    /// Differs: the socket is given away, where Go makes a duplicate.
    #[doc(alias = "net.FileListener")]
    pub fn from_socket(socket: impl Into<OwnedFd>) -> Result<Listener, OpError> {
        let failed = |cause| OpError::new("file", "file+net", cause);
        let netpoll = Netpoll::global().map_err(|error| failed(Error::no_poller(error)))?;
        let fd = NetFd::import(socket.into(), &netpoll).map_err(failed)?;
        if !fd.is_listening() {
            return Err(failed(Error::InvalidInput("the socket does not listen")));
        }
        let listener = Listener::new(fd);
        listener.set_unlink_on_close(false);
        Ok(listener)
    }

    /// Whether the file of a Unix listener is removed when it is closed: true, unless it was made by somebody else.
    ///
    /// Go: `net.UnixListener.SetUnlinkOnClose`
    #[doc(alias = "SetUnlinkOnClose")]
    pub fn set_unlink_on_close(&self, unlink: bool) {
        self.0.unlink.store(unlink, Relaxed);
    }

    /// The connections as a stream, which rests while there is no descriptor for the next one. A close that comes while it
    /// rests is seen at the end of that, within a second.
    #[must_use]
    pub fn incoming(&self) -> Incoming {
        Incoming::new(self.clone())
    }

    /// Accepts a connection, waiting until there is one.
    ///
    /// Cancel-safe: either none was accepted, or it was returned. Several tasks that accept are served in turn.
    ///
    /// # Errors
    /// An [`OpError`] of `accept`: closed, past the deadline, or what the kernel says. After one that
    /// [is temporary](OpError::is_temporary), such as too many open files, the listener goes on working.
    ///
    /// Go: `net.TCPListener.Accept`, `net.UnixListener.Accept`
    #[doc(alias = "net.TCPListener.Accept")]
    #[doc(alias = "net.UnixListener.Accept")]
    pub async fn accept(&self) -> Result<Conn, OpError> {
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_accept(cx, &mut op)).await
    }

    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<Conn, OpError>> {
        let accepted = ready!(self.0.fd.poll_accept(cx, op));
        let accepted = accepted.map_err(|cause| self.0.fd.op_error("accept", cause))?;
        let remote = accepted.remote_addr().map(foreign::tracing::field::display);
        event!("listener", DEBUG, remote, "accepted");
        Poll::Ready(Ok(Conn::new(accepted)))
    }

    /// A duplicate of the socket, for somebody else: non-blocking as ours is, for the two share their mode.
    ///
    /// # Errors
    /// An [`OpError`] of `file`.
    ///
    /// Go: `net.TCPListener.File`, `net.UnixListener.File`
    #[doc(alias = "net.TCPListener.File")]
    #[doc(alias = "net.UnixListener.File")]
    pub fn duplicate(&self) -> Result<OwnedFd, OpError> {
        self.0.fd.fd().duplicate().map_err(|cause| self.0.fd.op_error("file", cause))
    }

    /// Lends the socket for a call that does not block; it is not closed meanwhile.
    ///
    /// # Errors
    /// An [`OpError`] of `raw-control` if the listener is closed.
    ///
    /// Go: `net.TCPListener.SyscallConn`, `net.rawListener`
    #[doc(alias = "SyscallConn")]
    #[doc(alias = "net.rawListener")]
    pub fn control<T>(&self, call: impl FnOnce(BorrowedFd<'_>) -> T) -> Result<T, OpError> {
        let called = self.0.fd.fd().with_socket(|socket| Ok(call(socket)));
        called.map_err(|cause| self.0.fd.op_error("raw-control", cause))
    }

    /// The poller that the listener is in.
    pub fn netpoll(&self) -> &Netpoll {
        self.0.fd.fd().netpoll()
    }

    /// The address that is listened on, with the port that the kernel chose; none if the kernel did not tell it.
    ///
    /// Go: `net.TCPListener.Addr`
    #[doc(alias = "net.TCPListener.Addr")]
    pub fn addr(&self) -> Option<Addr> {
        self.0.fd.local_addr()
    }

    /// Sets, moves or clears (`None`) the deadline of accepts, also of those that wait at this moment. One that has passed
    /// ends them at once; one too far for the clock never comes.
    ///
    /// An accept that is queued behind a pending one ends after that one: if nobody polls the first, or drops it, the deadline
    /// does not end the second, as [`Listener::close`] does. An [`Incoming`] that is pending is such a first.
    ///
    /// # Errors
    /// An [`OpError`] of `set` if the listener is closed.
    ///
    /// Go: `net.TCPListener.SetDeadline`
    #[doc(alias = "net.TCPListener.SetDeadline")]
    pub fn set_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        let set = self.0.fd.fd().set_deadline(Mode::Both, when);
        set.map_err(|cause| self.0.fd.op_error("set", cause))
    }

    /// Stops listening and waits until the descriptor is gone. Accepts that wait end with the closed error; connections
    /// that were accepted go on.
    ///
    /// It is closed when this is called, also if the future is never polled.
    ///
    /// # Errors
    /// An [`OpError`] of `close` if it was closed before. Where another task may have done so that is no failure:
    ///
    /// ```
    /// # async fn end(listener: listener::Listener) -> Result<(), listener::OpError> {
    /// match listener.close().await {
    ///     Err(error) if error.is_closed() => Ok(()),
    ///     closed => closed,
    /// }
    /// # }
    /// ```
    ///
    /// Go: `net.TCPListener.Close`
    #[doc(alias = "net.TCPListener.Close")]
    pub fn close(&self) -> impl Future<Output = Result<(), OpError>> + Send + use<> {
        // Before the socket goes: a name that is free again may be somebody else's by then.
        self.0.unlink();
        let closed = self.0.fd.fd().close();
        let listener = self.0.clone();
        async move { closed.await.map_err(|cause| listener.fd.op_error("close", cause)) }
    }
}

/// `Listener(tcp 127.0.0.1:1, fd 5)`.
impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({})", self.0.fd)
    }
}
