//! [`Conn`]: one stream connection, shared by as many tasks as hold a handle.
//!
//! Go: `net.TCPConn`, `net.UnixConn`

mod buffers;
mod copy;
mod options;
mod raw;
mod transfer;
mod unix;

use std::time::Instant;

use foreign::event;
use netfd::{Addr, Error, Mode, NetFd, OpError};

use self::transfer::{Read, Write};

/// A stream connection; a cheap handle. The last one to go closes it, without waiting.
///
/// Every method takes `&self`, so one task can read, another write, a third move the deadlines or close. Readers go in
/// the order in which they came, and so do writers. A read or write that is pending and not polled holds up those
/// behind it, past their deadlines too, but never [`Conn::close`].
///
/// Go: `net.TCPConn`, `net.UnixConn`
///
/// Differs: Go has a type for each network; here one type serves all, and what a socket has not is the kernel's error.
#[doc(alias = "net.TCPConn")]
#[doc(alias = "net.UnixConn")]
#[derive(Clone)]
pub struct Conn(NetFd);

pub use buffers::Buffers;
pub use copy::CopySource;
pub use unix::{PeerCredentials, Received};

impl Conn {
    /// A connection over a socket that is connected.
    pub fn new(fd: NetFd) -> Conn {
        Conn(fd)
    }

    /// Reads what there is, waiting until there is something; 0 at the end of the stream.
    ///
    /// Differs: Go tells the end by an error, `io.EOF`.
    ///
    /// Cancel-safe: either nothing was read, or it was returned. An empty buffer returns 0 at once, past deadline or not.
    ///
    /// After 128 operations of this thread that did not wait, on whatever connection, one lets other tasks run first, though it could
    /// go on: it is pending, and its task is woken at once. If it is dropped, so do the next ones, eight in all: `now_or_never` is no
    /// test for data. That goes for all operations.
    ///
    /// # Errors
    /// An [`OpError`] of `read`: closed, past the read deadline, or what the kernel says.
    ///
    /// Go: `net.TCPConn.Read`
    #[doc(alias = "net.TCPConn.Read")]
    pub fn read<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = Result<usize, OpError>> + Send + Unpin + 'a {
        Read { conn: self, read: self.0.fd().read(buf) }
    }

    /// Writes all of `buf`, with no other write in between; its length.
    ///
    /// Not cancel-safe: dropped, an unknown part of `buf` has been written. [`Conn::write_some`] is cancel-safe.
    ///
    /// # Errors
    /// An [`OpError`] of `write`: closed, past the write deadline, or what the kernel says. [`OpError::written`] tells
    /// how many bytes went out before it.
    ///
    /// Go: `net.TCPConn.Write`
    #[doc(alias = "net.TCPConn.Write")]
    pub fn write<'a>(
        &'a self,
        buf: &'a [u8],
    ) -> impl Future<Output = Result<usize, OpError>> + Send + Unpin + 'a {
        Write { conn: self, write: self.0.fd().write_all(buf) }
    }

    /// Writes as much of `buf` as the socket takes at once, waiting until it takes something; how much that was.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned.
    ///
    /// # Errors
    /// Those of [`Conn::write`].
    pub async fn write_some(&self, buf: &[u8]) -> Result<usize, OpError> {
        let written = self.0.fd().write_some(buf).await;
        event!("conn", TRACE, remote = self.remote(), ?written, "write some");
        self.in_words_of("write", written)
    }

    /// Waits until a read would not wait: there is data, the end, or an error. Data that is there already counts, so a
    /// buffer is needed only once there is something to put into it.
    ///
    /// Cancel-safe: it only looks. It takes its turn among the readers, and what it saw another may read first.
    ///
    /// # Errors
    /// An [`OpError`] of `read`: closed, or past the read deadline.
    pub async fn readable(&self) -> Result<(), OpError> {
        let readable = self.0.fd().readable().await;
        self.in_words_of("read", readable)
    }

    /// Waits until a write would not wait: there is room, or an error.
    ///
    /// Cancel-safe: it only looks. It takes its turn among the writers.
    ///
    /// # Errors
    /// An [`OpError`] of `write`: closed, or past the write deadline.
    pub async fn writable(&self) -> Result<(), OpError> {
        let writable = self.0.fd().writable().await;
        self.in_words_of("write", writable)
    }

    /// [`Conn::read`] that leaves what it has read where it is.
    ///
    /// Cancel-safe: it only looks.
    ///
    /// # Errors
    /// Those of [`Conn::read`].
    pub async fn peek(&self, buf: &mut [u8]) -> Result<usize, OpError> {
        let read = self.0.fd().peek(buf).await;
        self.in_words_of("read", read)
    }

    /// Closes the connection and waits until its descriptor is gone. Whatever is pending on it, in any task, ends with
    /// the closed error; an operation that nobody polls is not waited for.
    ///
    /// It is closed when this is called, also if the future is never polled.
    ///
    /// What has been written goes out, unless there is input that nobody has read: then the kernel resets the connection, and
    /// what the peer has not read yet may be lost. To be sure that it is read, end the writing side with [`Conn::close_write`],
    /// read to the end, and close then.
    ///
    /// Differs: Go waits for operations that are under way; an operation of ours that waits holds no reference, for it may
    /// never be polled again.
    ///
    /// # Errors
    /// An [`OpError`] of `close` if it was closed before. Where another task may have done so that is no failure:
    ///
    /// ```
    /// # async fn end(conn: conn::Conn) -> Result<(), conn::OpError> {
    /// match conn.close().await {
    ///     Err(error) if error.is_closed() => Ok(()),
    ///     closed => closed,
    /// }
    /// # }
    /// ```
    ///
    /// Go: `net.TCPConn.Close`
    #[doc(alias = "net.TCPConn.Close")]
    pub fn close(&self) -> impl Future<Output = Result<(), OpError>> + Send + use<> {
        event!("conn", TRACE, remote = self.remote(), "close");
        let closed = self.0.fd().close();
        let conn = self.0.clone();
        async move { closed.await.map_err(|cause| conn.op_error("close", cause)) }
    }

    /// Ends the reading side: a read that waits ends, and one that finds nothing returns 0. The peer is not told, and what
    /// it still sends may be read.
    ///
    /// # Errors
    /// An [`OpError`] of `close`.
    ///
    /// Go: `net.TCPConn.CloseRead`
    #[doc(alias = "net.TCPConn.CloseRead")]
    pub fn close_read(&self) -> Result<(), OpError> {
        self.in_words_of("close", self.0.fd().shutdown(Mode::Read))
    }

    /// Ends the writing side: the peer reads the end of the stream once it has read what was written.
    ///
    /// # Errors
    /// An [`OpError`] of `close`.
    ///
    /// Go: `net.TCPConn.CloseWrite`
    #[doc(alias = "net.TCPConn.CloseWrite")]
    pub fn close_write(&self) -> Result<(), OpError> {
        self.in_words_of("close", self.0.fd().shutdown(Mode::Write))
    }

    /// This end's address; none if the kernel did not tell it. Known after close, too.
    ///
    /// Go: `net.TCPConn.LocalAddr`
    #[doc(alias = "net.TCPConn.LocalAddr")]
    pub fn local_addr(&self) -> Option<Addr> {
        self.0.local_addr()
    }

    /// The other end's address; none if the kernel did not tell it. Known after close, too.
    ///
    /// Go: `net.TCPConn.RemoteAddr`
    #[doc(alias = "net.TCPConn.RemoteAddr")]
    pub fn remote_addr(&self) -> Option<Addr> {
        self.0.remote_addr()
    }

    /// Sets, moves or clears (`None`) the deadline of reads and writes, also of those that wait at this moment.
    ///
    /// An instant that has passed ends them at once. Operations fail from a deadline on until it is moved or cleared. One
    /// too far for the clock never comes. Data that is there when the woken task is polled is returned, however late that is.
    ///
    /// An operation that is queued behind a pending one of its direction ends after that one: if nobody polls the first, or
    /// drops it, the deadline does not end the second, as [`Conn::close`] does.
    ///
    /// Differs: Go's goroutines always run on, so the first ends and the second after it.
    ///
    /// # Errors
    /// An [`OpError`] of `set` if the connection is closed.
    ///
    /// Go: `net.TCPConn.SetDeadline`
    #[doc(alias = "net.TCPConn.SetDeadline")]
    pub fn set_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        self.move_deadline(Mode::Both, when)
    }

    /// [`Conn::set_deadline`] for reads alone.
    ///
    /// # Errors
    /// An [`OpError`] of `set` if the connection is closed.
    ///
    /// Go: `net.TCPConn.SetReadDeadline`
    #[doc(alias = "net.TCPConn.SetReadDeadline")]
    pub fn set_read_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        self.move_deadline(Mode::Read, when)
    }

    /// [`Conn::set_deadline`] for writes alone.
    ///
    /// # Errors
    /// An [`OpError`] of `set` if the connection is closed.
    ///
    /// Go: `net.TCPConn.SetWriteDeadline`
    #[doc(alias = "net.TCPConn.SetWriteDeadline")]
    pub fn set_write_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        self.move_deadline(Mode::Write, when)
    }

    fn move_deadline(&self, mode: Mode, when: Option<Instant>) -> Result<(), OpError> {
        self.in_words_of_this_end("set", self.0.fd().set_deadline(mode, when))
    }

    /// An error that names this end alone, as Go's do of what concerns no peer.
    fn in_words_of_this_end<T>(&self, op: &'static str, result: Result<T, Error>) -> Result<T, OpError> {
        result.map_err(|cause| OpError::new(op, self.0.net(), cause).with_addr(self.0.local_addr()))
    }

    /// The other end, for traces.
    pub(crate) fn remote(&self) -> Option<foreign::tracing::field::DisplayValue<Addr>> {
        self.remote_addr().map(foreign::tracing::field::display)
    }

    pub(crate) fn net_fd(&self) -> &NetFd {
        &self.0
    }

    #[inline]
    pub(crate) fn in_words_of<T>(&self, op: &'static str, result: Result<T, Error>) -> Result<T, OpError> {
        result.map_err(|cause| self.0.op_error(op, cause))
    }
}

/// `Conn(tcp 127.0.0.1:1->127.0.0.1:2, fd 6)`.
impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Conn({})", self.0)
    }
}
