//! Reads and writes with buffers that keep their own progress, and of several pieces at once.
//!
//! Go: `net.Buffers`

use std::collections::VecDeque;
use std::io::{IoSlice, IoSliceMut, Read};

use bytes::{Buf, BufMut, Bytes};
use netfd::OpError;

use super::Conn;

impl Conn {
    /// Reads what there is into the room that `buf` has, waiting until there is something; 0 at the end of the stream, or
    /// if there is no room.
    ///
    /// Cancel-safe: what was read is in `buf`.
    ///
    /// # Errors
    /// Those of [`Conn::read`].
    pub async fn read_buf(&self, buf: &mut impl BufMut) -> Result<usize, OpError> {
        let read = self.0.fd().read_buf(buf).await;
        self.in_words_of("read", read)
    }

    /// Fills the room that `buf` has, with no other read in between; how much that was. It is 0 if the stream ends before the first
    /// byte, or if there is no room.
    ///
    /// A buffer that grows, such as a `Vec`, always has room: it needs a `limit`. Of something that is read in several parts, 0 for
    /// another than the first is an end in the midst, too.
    ///
    /// Cancel-safe: what was read is in `buf`, also beside an error; how much that was, the room tells that it has left. Another
    /// task's read may come in between then.
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    ///
    /// /// A message behind its length; none at the end.
    /// async fn message(conn: &conn::Conn) -> std::io::Result<Option<Vec<u8>>> {
    ///     let mut length = [0; 4];
    ///     if conn.read_full(&mut length.as_mut_slice()).await? == 0 {
    ///         return Ok(None);
    ///     }
    ///     let length = u32::from_be_bytes(length) as usize;
    ///     if length > 1 << 20 {
    ///         return Err(Error::new(ErrorKind::InvalidData, format!("a message of {length} bytes")));
    ///     }
    ///     let mut message = vec![0; length];
    ///     match conn.read_full(&mut message.as_mut_slice()).await? {
    ///         read if read == length => Ok(Some(message)),
    ///         _ => Err(ErrorKind::UnexpectedEof.into()),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`Conn::read`]; [`Error::UnexpectedEof`](crate::Error::UnexpectedEof) if the stream ends in the midst of it.
    ///
    /// Go: `io.ReadFull`
    ///
    /// Differs: Go tells an end before the first byte by an error, `io.EOF`, and lets other reads in between.
    #[doc(alias = "io.ReadFull")]
    #[doc(alias = "read_exact")]
    pub async fn read_full(&self, buf: &mut impl BufMut) -> Result<usize, OpError> {
        let read = self.0.fd().read_full(buf).await;
        self.in_words_of("read", read)
    }

    /// [`Conn::read`] into several buffers, one behind the other.
    ///
    /// Cancel-safe: either nothing was read, or its length was returned.
    ///
    /// # Errors
    /// Those of [`Conn::read`].
    pub async fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize, OpError> {
        let read = self.0.fd().read_vectored(bufs).await;
        self.in_words_of("read", read)
    }

    /// Writes as much of `buf` as the socket takes at once, several of its pieces in one call, waiting until it takes
    /// something; `buf` advances by what went out, which is returned.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned.
    ///
    /// # Errors
    /// Those of [`Conn::write`].
    pub async fn write_buf(&self, buf: &mut impl Buf) -> Result<usize, OpError> {
        let written = self.0.fd().write_buf(buf).await;
        self.in_words_of("write", written)
    }

    /// Writes all of `buf`, which advances as it goes, with no other write in between; how much that was.
    ///
    /// Dropped, `buf` tells how far it was: what it has left was not written, and may be written later. Another task's
    /// write may come in between then.
    ///
    /// ```
    /// # async fn example(conn: conn::Conn) -> Result<(), conn::OpError> {
    /// let mut cursor = std::io::Cursor::new(b"all of this");
    /// conn.write_all_from(&mut cursor).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of [`Conn::write`].
    ///
    /// Go: `net.Buffers.WriteTo`, `net.TCPConn.writeBuffers`
    #[doc(alias = "net.Buffers.WriteTo")]
    #[doc(alias = "writeBuffers")]
    pub async fn write_all_from(&self, buf: &mut impl Buf) -> Result<usize, OpError> {
        let before = buf.remaining();
        let all = self.0.fd().write_all_from(buf).await;
        let written = before - buf.remaining();
        match all {
            Ok(()) => Ok(written),
            Err(cause) => Err(self.0.op_error("write", cause).with_written(written)),
        }
    }

    /// Writes as much of several pieces as the socket takes at once, waiting until it takes something; how much that was.
    ///
    /// Cancel-safe: either nothing was written, or its length was returned.
    ///
    /// # Errors
    /// Those of [`Conn::write`].
    pub async fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> Result<usize, OpError> {
        let written = self.0.fd().write_vectored(pieces).await;
        self.in_words_of("write", written)
    }
}

/// Pieces of data that are written one behind the other, without being put together first.
///
/// [`Conn::write_all_from`] writes them with as few calls as the kernel allows. What was written is taken out, so that
/// what is left can be written later.
///
/// ```
/// use bytes::Buf;
///
/// let mut buffers = conn::Buffers::from_iter(["head: ", "body"]);
/// buffers.advance(7);
/// assert_eq!(buffers.copy_to_bytes(buffers.remaining()), "ody");
/// ```
///
/// Go: `net.Buffers`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "net.Buffers")]
pub struct Buffers(VecDeque<Bytes>);

impl Buffers {
    /// No pieces.
    #[must_use]
    pub fn new() -> Buffers {
        Buffers::default()
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, piece: impl Into<Bytes>) {
        self.0.push_back(piece.into());
    }

    /// The pieces that are left, the first of them perhaps in part.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        self.0.iter()
    }
}

impl<T: Into<Bytes>> FromIterator<T> for Buffers {
    fn from_iter<I: IntoIterator<Item = T>>(pieces: I) -> Buffers {
        Buffers(pieces.into_iter().map(Into::into).collect())
    }
}

impl Buf for Buffers {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.iter().find(|piece| !piece.is_empty()).map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.0.iter().filter(|piece| !piece.is_empty());
        let filled = slices.iter_mut().zip(pieces).map(|(slice, piece)| *slice = IoSlice::new(piece));
        filled.count()
    }

    /// Go: `net.Buffers.consume`
    #[doc(alias = "net.Buffers.consume")]
    fn advance(&mut self, mut count: usize) {
        while let Some(first) = self.0.front_mut() {
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.0.pop_front();
        }
        assert!(count == 0, "advanced {count} bytes past the end of the buffers");
    }
}

/// Reads from the pieces instead of writing them.
///
/// Go: `net.Buffers.Read`
impl Read for Buffers {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let read = self.remaining().min(buf.len());
        self.copy_to_slice(&mut buf[..read]);
        Ok(read)
    }
}
