//! Connections as the traits of `futures-io`: [`Stream`] and its halves.
//!
//! ```text
//!   Conn ──into_stream──► Stream                       reads and writes
//!        ──into_split───► ReadHalf, WriteHalf          each with a handle of its own
//!        ──split────────► ReadHalf, WriteHalf          that borrow the connection
//! ```
//!
//! A poll that returns `Pending` keeps its place in line until it is polled again or its half is dropped: users of one
//! direction, through however many halves, go in the order in which they came.

use std::borrow::Borrow;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use foreign::event;
use futures_io::{AsyncRead, AsyncWrite};
use netfd::OpState;

use crate::Conn;

/// The reading side of a connection, as an [`AsyncRead`].
///
/// Errors carry their [`OpError`](crate::OpError), and its kind. Deadlines are the connection's.
///
/// A poll that is pending keeps its place in line in this half, not in a future: a `read` of the adapters that is dropped, as
/// `select!` drops one, is not given up. Until the half is polled to an end or dropped, reads by other handles wait behind it,
/// past their deadline too; only a close ends them.
///
/// [`AsyncRead`]: https://docs.rs/futures-io/0.3/futures_io/trait.AsyncRead.html
#[derive(Debug)]
pub struct ReadHalf<C: Borrow<Conn> = Conn> {
    conn: C,
    op: OpState,
}

/// The writing side of a connection, as an [`AsyncWrite`]. Its close ends the writing side, and leaves the connection open.
///
/// Errors carry their [`OpError`](crate::OpError), and its kind. Deadlines are the connection's.
///
/// A poll that is pending keeps its place in line in this half, not in a future: a `write` of the adapters that is dropped, as
/// `select!` drops one, is not given up. Until the half is polled to an end or dropped, writes by other handles wait behind it,
/// past their deadline too; only a close ends them.
///
/// [`AsyncWrite`]: https://docs.rs/futures-io/0.3/futures_io/trait.AsyncWrite.html
#[derive(Debug)]
pub struct WriteHalf<C: Borrow<Conn> = Conn> {
    conn: C,
    op: OpState,
}

/// A connection as an [`AsyncRead`] and [`AsyncWrite`], for the ecosystem's adapters: tokio-util's `compat`, TLS, HTTP. Its close,
/// which is tokio's `shutdown`, ends the writing side and leaves the connection open; [`Conn::close`] ends it, or dropping
/// its last handle.
///
/// ```
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
///
/// let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
/// let mut ours = conn::Conn::from_socket(ours)?.into_stream();
/// let (mut reader, _writer) = conn::Conn::from_socket(theirs)?.into_split();
/// futures::executor::block_on(async {
///     ours.write_all(b"hello").await?;
///     ours.close().await?;
///     let mut text = String::new();
///     reader.read_to_string(&mut text).await?;
///     assert_eq!(text, "hello");
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A poll that is pending keeps its place in line in the stream, not in a future: a `read` of the adapters that is dropped, as
/// `select!` drops one, is not given up. Until the stream is polled to an end in that direction, dropped, or
/// [taken apart](Stream::into_conn), operations of that direction by other handles wait behind it, past their deadline too;
/// only a close ends them. [`Conn::read`] keeps nothing when it is dropped.
///
/// [`AsyncRead`]: https://docs.rs/futures-io/0.3/futures_io/trait.AsyncRead.html
/// [`AsyncWrite`]: https://docs.rs/futures-io/0.3/futures_io/trait.AsyncWrite.html
#[derive(Debug)]
pub struct Stream {
    read: ReadHalf,
    write: WriteHalf,
}

impl Conn {
    /// The connection as a stream for the traits of `futures-io`. Other handles go on working beside it.
    #[must_use]
    pub fn into_stream(self) -> Stream {
        let (read, write) = self.into_split();
        Stream { read, write }
    }

    /// Both directions as halves that own a handle each. A half that is dropped ends nothing as long as the other is there: to tell the
    /// peer of the end, close the write half (`AsyncWrite::poll_close`) or call [`Conn::close_write`].
    #[must_use]
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        (ReadHalf::new(self.clone()), WriteHalf::new(self))
    }

    /// Both directions as halves that borrow the connection.
    #[must_use]
    pub fn split(&self) -> (ReadHalf<&Conn>, WriteHalf<&Conn>) {
        (ReadHalf::new(self), WriteHalf::new(self))
    }
}

impl Stream {
    /// The connection, for what the traits do not have: deadlines, options, close.
    #[must_use]
    pub fn conn(&self) -> &Conn {
        &self.read.conn
    }

    /// The connection back. An operation that was pending is given up.
    #[must_use]
    pub fn into_conn(self) -> Conn {
        self.read.conn
    }
}

impl<C: Borrow<Conn>> ReadHalf<C> {
    fn new(conn: C) -> ReadHalf<C> {
        ReadHalf { conn, op: OpState::new() }
    }

    /// The connection, for what the trait does not have.
    #[must_use]
    pub fn conn(&self) -> &Conn {
        self.conn.borrow()
    }
}

impl<C: Borrow<Conn>> WriteHalf<C> {
    fn new(conn: C) -> WriteHalf<C> {
        WriteHalf { conn, op: OpState::new() }
    }

    /// The connection, for what the trait does not have.
    #[must_use]
    pub fn conn(&self) -> &Conn {
        self.conn.borrow()
    }
}

impl<C: Borrow<Conn> + Unpin> AsyncRead for ReadHalf<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let conn = this.conn.borrow();
        let read = ready!(conn.net_fd().fd().poll_read(cx, &mut this.op, buf));
        event!("conn", TRACE, remote = conn.remote(), ?read, "read");
        Poll::Ready(Ok(conn.in_words_of("read", read)?))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let conn = this.conn.borrow();
        let read = ready!(conn.net_fd().fd().poll_read_vectored(cx, &mut this.op, bufs));
        event!("conn", TRACE, remote = conn.remote(), ?read, "read");
        Poll::Ready(Ok(conn.in_words_of("read", read)?))
    }
}

impl<C: Borrow<Conn> + Unpin> AsyncWrite for WriteHalf<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let conn = this.conn.borrow();
        let written = ready!(conn.net_fd().fd().poll_write_some(cx, &mut this.op, buf));
        event!("conn", TRACE, remote = conn.remote(), ?written, "write some");
        Poll::Ready(Ok(conn.in_words_of("write", written)?))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let conn = this.conn.borrow();
        let written = ready!(conn.net_fd().fd().poll_write_vectored(cx, &mut this.op, bufs));
        event!("conn", TRACE, remote = conn.remote(), ?written, "write some");
        Poll::Ready(Ok(conn.in_words_of("write", written)?))
    }

    /// What was written is the kernel's: there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends the writing side; a connection that the peer has ended already needs no end.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A write that was given up does not hold up others.
        self.op = OpState::new();
        Poll::Ready(match self.conn.borrow().close_write() {
            Err(error) if error.raw_os_error() != Some(libc::ENOTCONN) => Err(error.into()),
            _ => Ok(()),
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.read).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.read).poll_read_vectored(cx, bufs)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_close(cx)
    }
}
