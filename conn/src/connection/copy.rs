//! Copies between connections, and from files, that the kernel makes by itself where it can.
//!
//! Go: `net.TCPConn.ReadFrom`, `net.TCPConn.WriteTo`

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::fd::AsFd;

use netfd::{Error, OpError, SocketType};

use super::Conn;

/// How much a copy through a buffer of ours moves at once.
const PIECE: usize = 32 << 10;

/// The largest packet that is copied whole.
const PACKET: usize = 1 << 20;

/// What [`Conn::copy_from`] can copy from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CopySource<'a> {
    /// A connection, until its peer ends it.
    Conn(&'a Conn),
    /// A file, from where its cursor stands; or what else can be read as one.
    File(&'a File),
}

impl<'a> From<&'a Conn> for CopySource<'a> {
    fn from(conn: &'a Conn) -> CopySource<'a> {
        CopySource::Conn(conn)
    }
}

impl<'a> From<&'a File> for CopySource<'a> {
    fn from(file: &'a File) -> CopySource<'a> {
        CopySource::File(file)
    }
}

impl Conn {
    /// Writes all that comes from `source` until it ends, or `most` bytes of it; how many. Between sockets the kernel
    /// moves them by splice(2), from a file by sendfile(2), and where it cannot they go through a buffer. Reading a file
    /// that is not in memory holds up the thread.
    ///
    /// Packets of a `unixpacket` connection keep their bounds, up to 1 MiB; `most` cuts the last one short.
    ///
    /// Each piece takes its turn among the readers of the source and the writers of this connection. The close of either
    /// connection ends it; a deadline does where the copy waits for that side: the source's read deadline, this one's write deadline.
    ///
    /// While it goes on, a copy from a connection has a pipe of its own, which takes two descriptors; up to 16 pipes are kept for
    /// later copies.
    ///
    /// Dropped or failed, a copy from a connection loses what it had taken out of the source and not yet written, up to
    /// 1 MiB; a copy from a file that has a cursor loses nothing: that stands behind what was written. A pipe, which has
    /// none, loses up to 32 KiB. While it is empty it holds up the thread, or if it does not block ends the copy with EAGAIN, which
    /// counts as a time-out.
    ///
    /// Both calls raise SIGPIPE where the peer is gone. Rust programs ignore that signal, unless they undo it.
    ///
    /// # Errors
    /// An [`OpError`] of `readfrom` for either side's error; [`OpError::written`] tells how many bytes went out before. As Go's it
    /// names this connection, whichever of the two has failed: the next operation of `source` tells what became of that one.
    ///
    /// Go: `net.TCPConn.ReadFrom`
    ///
    /// Differs: Go's copy between sockets learns of the close of the one that it writes to only with the next piece of the other; and
    /// a file's holds the write lock until all of it is sent, so that other writers wait.
    #[doc(alias = "net.TCPConn.ReadFrom")]
    pub async fn copy_from<'a>(
        &self,
        source: impl Into<CopySource<'a>>,
        most: Option<u64>,
    ) -> Result<u64, OpError> {
        let (most, mut moved) = (most.unwrap_or(u64::MAX), 0);
        let copied = match source.into() {
            CopySource::Conn(source) => self.take_from_conn(source, most, &mut moved).await,
            CopySource::File(file) => self.take_from_file(file, most, &mut moved).await,
        };
        let written = usize::try_from(moved).unwrap_or(usize::MAX);
        copied.map(|()| moved).map_err(|cause| self.0.op_error("readfrom", cause).with_written(written))
    }

    /// [`Conn::copy_from`] the other way round: from this connection to `target`.
    ///
    /// # Errors
    /// An [`OpError`] of `writeto`, as [`Conn::copy_from`] has it of `readfrom`.
    ///
    /// Go: `net.TCPConn.WriteTo`
    #[doc(alias = "net.TCPConn.WriteTo")]
    pub async fn copy_to(&self, target: &Conn, most: Option<u64>) -> Result<u64, OpError> {
        let mut moved = 0;
        let copied = target.take_from_conn(self, most.unwrap_or(u64::MAX), &mut moved).await;
        let written = usize::try_from(moved).unwrap_or(usize::MAX);
        copied.map(|()| moved).map_err(|cause| self.0.op_error("writeto", cause).with_written(written))
    }

    async fn take_from_conn(&self, source: &Conn, most: u64, moved: &mut u64) -> Result<(), Error> {
        let packets = [&self.0, &source.0].iter().any(|end| end.kind() != SocketType::STREAM);
        if !packets && self.0.fd().splice_from(source.0.fd(), most, moved).await?.is_some() {
            return Ok(());
        }
        let size = if packets { PACKET } else { PIECE };
        let mut buf = vec![0; size];
        while *moved < most {
            let room = usize::try_from(most - *moved).unwrap_or(size).min(size);
            match self.0.fd().while_open(source.0.fd().read(&mut buf[..room])).await?? {
                0 => break,
                read => self.pass_on(&buf[..read], moved).await?,
            }
        }
        Ok(())
    }

    async fn take_from_file(&self, mut file: &File, most: u64, moved: &mut u64) -> Result<(), Error> {
        if self.0.fd().send_file(file.as_fd(), most, moved).await?.is_some() {
            return Ok(());
        }
        let mut buf = vec![0; PIECE];
        while *moved < most {
            let room = piece(most - *moved);
            let read = match file.read(&mut buf[..room]) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::os("read", error.raw_os_error().unwrap_or_default())),
            };
            // If this ends here, the cursor goes back to what was not written.
            let mut taken = Taken { file, read, written: 0 };
            let passed = self.0.fd().write(&buf[..read], &mut taken.written).await;
            *moved += taken.written as u64;
            passed?;
        }
        Ok(())
    }

    async fn pass_on(&self, buf: &[u8], moved: &mut u64) -> Result<(), Error> {
        let mut written = 0;
        let passed = self.0.fd().write(buf, &mut written).await;
        *moved += written as u64;
        passed
    }
}

/// Bytes that were read from a file: dropped, the file's cursor goes back before those that were not written, if it can.
struct Taken<'a> {
    file: &'a File,
    read: usize,
    written: usize,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.written < self.read {
            // A file without a cursor cannot be given anything back.
            let _ = self.file.seek(SeekFrom::Current(-((self.read - self.written) as i64)));
        }
    }
}

fn piece(left: u64) -> usize {
    usize::try_from(left).unwrap_or(PIECE).min(PIECE)
}
