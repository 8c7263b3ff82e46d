//! What only Unix sockets can: say who the peer is, and pass descriptors.
//!
//! Go: `net.UnixConn.ReadMsgUnix`, `net.UnixConn.WriteMsgUnix`

use std::os::fd::BorrowedFd;

use netfd::{AddressFamily, Error, OpError};
pub use netfd::{PeerCredentials, Received};

use super::Conn;

impl Conn {
    /// Which process the peer was, and of which user, when it connected or listened.
    ///
    /// # Errors
    /// An [`OpError`] of `get`: closed, or no Unix socket.
    pub fn peer_credentials(&self) -> Result<PeerCredentials, OpError> {
        self.in_words_of("get", self.0.peer_credentials())
    }

    /// Writes as much of `buf` as the socket takes at once, with duplicates of `descriptors` attached to its first byte;
    /// how much that was. There must be at least one byte for them to go with.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned and the descriptors are on their way.
    ///
    /// # Errors
    /// Those of [`Conn::write`]; no Unix socket, no byte, or more descriptors than the kernel takes at once (253).
    ///
    /// Go: `net.UnixConn.WriteMsgUnix`
    #[doc(alias = "WriteMsgUnix")]
    pub async fn send_descriptors(
        &self,
        buf: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<usize, OpError> {
        self.unix_only("write", "sendmsg")?;
        let written = self.0.fd().send_descriptors(buf, descriptors).await;
        self.in_words_of("write", written)
    }

    /// Reads what there is, and the descriptors that are attached to it. A stream's read ends at a byte that has
    /// descriptors attached. [`Received::truncated`] tells that some were lost, for instance since this process has no more
    /// to give.
    ///
    /// A [`Conn::read`] of the same bytes closes their descriptors, as the kernel does with what nobody asked for.
    ///
    /// Cancel-safe: either nothing was read, or it was returned.
    ///
    /// # Errors
    /// Those of [`Conn::read`]; no Unix socket, or an empty buffer, into which no byte fits that brings descriptors.
    ///
    /// Go: `net.UnixConn.ReadMsgUnix`
    #[doc(alias = "ReadMsgUnix")]
    pub async fn receive_descriptors(&self, buf: &mut [u8]) -> Result<Received, OpError> {
        self.unix_only("read", "recvmsg")?;
        let received = self.0.fd().receive_descriptors(buf).await;
        self.in_words_of("read", received)
    }

    /// Descriptors would be lost on another socket without a word.
    fn unix_only(&self, op: &'static str, syscall: &'static str) -> Result<(), OpError> {
        let is_unix = self.0.family() == AddressFamily::UNIX;
        self.in_words_of(op, is_unix.then_some(()).ok_or(Error::os(syscall, libc::EOPNOTSUPP)))
    }
}
