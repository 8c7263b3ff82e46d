//! Bytes into sockets and out of them.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::BorrowedFd;

use bytes::BufMut;
use rustix::event::{self, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{self, RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};

use super::attempt;
use crate::attempt::{Attempt, Stop};

/// The largest single transfer: 1 GiB, as in Go, since some kernels refuse more.
///
/// Go: `poll.maxRW`
#[doc(alias = "maxRW")]
pub(crate) const MAX_TRANSFER: usize = 1 << 30;

/// The most pieces that one read or write takes: the kernel's own limit.
pub(crate) const MAX_PIECES: usize = 1024;

pub(crate) fn read(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Attempt<usize> {
    let end = buf.len().min(MAX_TRANSFER);
    attempt("read", || net::recv(fd, &mut buf[..end], RecvFlags::empty()).map(|(read, _)| read))
}

/// [`read`] into the room that `buf` has.
pub(crate) fn read_buf(fd: BorrowedFd<'_>, buf: &mut impl BufMut) -> Attempt<usize> {
    let chunk = buf.chunk_mut();
    let end = chunk.len().min(MAX_TRANSFER);
    // SAFETY: nothing but the kernel writes to it, which initializes what it writes and undoes nothing.
    let room = unsafe { chunk.as_uninit_slice_mut() };
    let read = attempt("read", || {
        net::recv(fd, &mut room[..end], RecvFlags::empty()).map(|((read, _), _)| read.len())
    })?;
    // SAFETY: the kernel has written so many bytes at the beginning of the room.
    unsafe { buf.advance_mut(read) };
    Ok(read)
}

/// [`read`] into several buffers, of at most [`MAX_PIECES`].
pub(crate) fn read_vectored(fd: BorrowedFd<'_>, bufs: &mut [IoSliceMut<'_>]) -> Attempt<usize> {
    let most = bufs.len().min(MAX_PIECES);
    attempt("readv", || {
        let mut control = RecvAncillaryBuffer::default();
        net::recvmsg(fd, &mut bufs[..most], &mut control, RecvFlags::empty()).map(|message| message.bytes)
    })
}

/// [`read`] that leaves what it has read where it is.
pub(crate) fn peek(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Attempt<usize> {
    let end = buf.len().min(MAX_TRANSFER);
    attempt("read", || net::recv(fd, &mut buf[..end], RecvFlags::PEEK).map(|(read, _)| read))
}

/// Without SIGPIPE: a peer's reset is an error, not a signal.
pub(crate) fn write(fd: BorrowedFd<'_>, buf: &[u8]) -> Attempt<usize> {
    let end = buf.len().min(MAX_TRANSFER);
    attempt("write", || net::send(fd, &buf[..end], SendFlags::NOSIGNAL))
}

/// [`write()`] of several pieces, of at most [`MAX_PIECES`] and [`MAX_TRANSFER`] bytes.
pub(crate) fn write_vectored(fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> Attempt<usize> {
    let first = pieces.iter().position(|piece| !piece.is_empty()).unwrap_or(pieces.len());
    let pieces = &pieces[first..];
    let mut room = MAX_TRANSFER;
    let whole = pieces.iter().take(MAX_PIECES).take_while(|piece| {
        let fits = piece.len() <= room;
        room -= piece.len().min(room);
        fits
    });
    let whole = whole.count();
    match &pieces[..whole] {
        // The first one alone is too long.
        [] => pieces.first().map_or(Ok(0), |piece| write(fd, piece)),
        whole => attempt("writev", || {
            net::sendmsg(fd, whole, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
        }),
    }
}

/// File → socket, from where the file's cursor stands: 0 at its end, nothing if the kernel cannot.
pub(crate) fn send_file(fd: BorrowedFd<'_>, file: BorrowedFd<'_>, most: usize) -> Attempt<Option<usize>> {
    attempt("sendfile", || match rustix::fs::sendfile(fd, file, None, most) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => Ok(None),
        other => other.map(Some),
    })
}

/// Whether a read would not wait.
pub(crate) fn is_readable(fd: BorrowedFd<'_>) -> Attempt<()> {
    is_ready(fd, PollFlags::IN | PollFlags::RDHUP)
}

/// Whether a write would not wait.
pub(crate) fn is_writable(fd: BorrowedFd<'_>) -> Attempt<()> {
    is_ready(fd, PollFlags::OUT)
}

fn is_ready(fd: BorrowedFd<'_>, flags: PollFlags) -> Attempt<()> {
    let ready = attempt("poll", || {
        event::poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&Timespec::default()))
    })?;
    if ready == 0 { Err(Stop::WouldBlock) } else { Ok(()) }
}
