//! The socket in other hands: imported, lent, copied, given away.
//!
//! Go: `net.TCPConn.SyscallConn`, `net.TCPConn.File`, `net.FileConn`

use std::os::fd::{BorrowedFd, OwnedFd};

use netfd::{Error, NetFd, Netpoll, OpError, SocketGuard};

use super::Conn;

impl Conn {
    /// A connection over a socket that somebody else has connected, such as a `std::net::TcpStream`. It is put into
    /// non-blocking mode, which a duplicate of it shares; a TCP connection gets the options of every connection.
    ///
    /// ```
    /// let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    /// let conn = conn::Conn::from_socket(ours)?;
    /// futures::executor::block_on(async {
    ///     conn.write(b"hello").await?;
    ///     // And back: blocking again, as the standard library expects it.
    ///     let socket = conn.into_socket().await?;
    ///     std::os::unix::net::UnixStream::from(socket).shutdown(std::net::Shutdown::Both)?;
    ///     std::io::Result::Ok(())
    /// })?;
    /// # drop(theirs);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// An [`OpError`] of `file` if it is no stream socket, is not connected, or the kernel refuses it.
    ///
    /// Go: `net.FileConn`
    ///
    /// Differs: the socket is given away, where Go makes a duplicate. A connection that the peer has reset is not connected any
    /// more; Go takes it.
    #[doc(alias = "net.FileConn")]
    pub fn from_socket(socket: impl Into<OwnedFd>) -> Result<Conn, OpError> {
        let failed = |cause| OpError::new("file", "file+net", cause);
        let netpoll = Netpoll::global().map_err(|error| failed(Error::no_poller(error)))?;
        let fd = NetFd::import(socket.into(), &netpoll).map_err(failed)?;
        if !fd.is_connected() {
            return Err(failed(Error::InvalidInput("the socket is not connected")));
        }
        Ok(Conn::new(fd))
    }

    /// Gives the socket away, out of the poller and in blocking mode, as programs elsewhere expect it. For every other
    /// handle the connection is closed, and what waits ends with the closed error.
    ///
    /// It is closed for everyone when this is called, and comes out with the last reference: a [`SocketGuard`] is waited for.
    /// Dropping the future closes the socket.
    ///
    /// # Errors
    /// An [`OpError`] of `file` if it was closed before, or what the kernel says when it refuses the mode.
    pub fn into_socket(self) -> impl Future<Output = Result<OwnedFd, OpError>> + Send + use<> {
        let released = self.0.fd().release();
        async move { released.await.map_err(|cause| self.0.op_error("file", cause)) }
    }

    /// A duplicate of the socket, for somebody else. It is non-blocking as ours is, for the two share their mode: to
    /// change it there makes operations here hold up their thread.
    ///
    /// # Errors
    /// An [`OpError`] of `file`.
    ///
    /// Go: `net.TCPConn.File`, `net.UnixConn.File`
    #[doc(alias = "net.TCPConn.File")]
    #[doc(alias = "net.UnixConn.File")]
    pub fn duplicate(&self) -> Result<OwnedFd, OpError> {
        self.in_words_of("file", self.0.fd().duplicate())
    }

    /// Lends the socket for a call that does not block; it is not closed meanwhile.
    ///
    /// # Errors
    /// An [`OpError`] of `raw-control` if the connection is closed.
    ///
    /// Go: `net.TCPConn.SyscallConn`, `net.rawConn.Control`
    #[doc(alias = "net.TCPConn.SyscallConn")]
    #[doc(alias = "net.rawConn.Control")]
    pub fn control<T>(&self, call: impl FnOnce(BorrowedFd<'_>) -> T) -> Result<T, OpError> {
        self.in_words_of_this_end("raw-control", self.0.fd().with_socket(|socket| Ok(call(socket))))
    }

    /// Lends the socket to code that wants something with `AsFd`, for as long as the guard lives. A close that comes
    /// meanwhile ends what waits at once, and the descriptor goes with the guard: a task that holds it must not await the
    /// close.
    ///
    /// # Errors
    /// An [`OpError`] of `raw-control` if the connection is closed.
    pub fn borrow(&self) -> Result<SocketGuard<'_>, OpError> {
        self.in_words_of_this_end("raw-control", self.0.fd().borrow())
    }

    /// Calls `call` with the socket until it says that it is done, waiting for something to read in between. The call
    /// must not block.
    ///
    /// As cancel-safe as `call`: what it has done is done.
    ///
    /// # Errors
    /// An [`OpError`] of `raw-read`: closed, or past the read deadline.
    ///
    /// Go: `net.rawConn.Read`
    #[doc(alias = "net.rawConn.Read")]
    pub async fn raw_read(&self, call: impl FnMut(BorrowedFd<'_>) -> bool) -> Result<(), OpError> {
        let done = self.0.fd().raw_read(call).await;
        self.in_words_of("raw-read", done)
    }

    /// Calls `call` with the socket until it says that it is done, waiting for room to write in between. The call must not
    /// block.
    ///
    /// As cancel-safe as `call`: what it has done is done.
    ///
    /// # Errors
    /// An [`OpError`] of `raw-write`: closed, or past the write deadline.
    ///
    /// Go: `net.rawConn.Write`
    #[doc(alias = "net.rawConn.Write")]
    pub async fn raw_write(&self, call: impl FnMut(BorrowedFd<'_>) -> bool) -> Result<(), OpError> {
        let done = self.0.fd().raw_write(call).await;
        self.in_words_of("raw-write", done)
    }
}
