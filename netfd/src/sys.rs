//! The system calls of sockets, each under the name that errors print.

pub(crate) mod pipe;

use std::ffi::OsStr;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use bytes::BufMut;
use rustix::event::{self, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::addr::SocketAddrStorage;
use rustix::net::{
    self, AddressFamily, Protocol, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType,
    sockopt,
};

use crate::attempt::Attempt;
use crate::sync::{Arc, Mutex, lock, thread};
use crate::{Addr, Error, UnixAddr};

/// A socket of ours; it is closed when it is dropped.
pub(crate) type Socket = OwnedFd;

/// A socket as it is lent for a call.
pub(crate) type Lent<'a> = BorrowedFd<'a>;

/// The largest single transfer: 1 GiB, as in Go, since some kernels refuse more.
pub(crate) const MAX_TRANSFER: usize = 1 << 30;

/// Lends a socket.
pub(crate) fn lend(socket: &Socket) -> Lent<'_> {
    socket.as_fd()
}

/// A socket's name for the poller.
pub(crate) fn source(socket: Lent<'_>) -> poller::Source<'_> {
    socket
}

/// A socket's number, for traces.
pub(crate) fn number(socket: Lent<'_>) -> i32 {
    socket.as_raw_fd()
}

/// Whether close(2) of this socket may sleep.
pub(crate) fn lingers(socket: Lent<'_>) -> bool {
    sockopt::socket_linger(socket).is_ok_and(|linger| linger.is_some_and(|time| !time.is_zero()))
}

/// Closes a socket whose close(2) may sleep for the whole linger time, even though the socket is non-blocking: on a
/// thread of its own, and then calls `then`. A pool would be shut to others by as many peers that do not read.
pub(crate) fn close_slowly(socket: Socket, then: impl FnOnce() + Send + 'static) {
    let slow = Arc::new(Mutex::new(Some((socket, then))));
    let close = move || {
        if let Some((socket, then)) = lock(&slow).take() {
            drop(socket);
            then();
        }
    };
    if let Err(error) = thread::Builder::new().name("linger".into()).spawn(close.clone()) {
        tracing::error!(target: "netfd::fd", %error, "no thread for a close that may block");
        close();
    }
}

fn attempt<T>(
    syscall: &'static str,
    mut call: impl FnMut() -> Result<T, Errno>,
) -> Result<Attempt<T>, Error> {
    loop {
        return match call() {
            Ok(value) => Ok(Attempt::Done(value)),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(Attempt::WouldBlock),
            Err(errno) => Err(os(syscall, errno)),
        };
    }
}

fn os(syscall: &'static str, errno: Errno) -> Error {
    Error::os(syscall, errno.raw_os_error())
}

pub(crate) fn read(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Result<Attempt<usize>, Error> {
    let end = buf.len().min(MAX_TRANSFER);
    attempt("read", || net::recv(fd, &mut buf[..end], RecvFlags::empty()).map(|(read, _)| read))
}

/// Without SIGPIPE: a peer's reset is an error, not a signal.
pub(crate) fn write(fd: BorrowedFd<'_>, buf: &[u8]) -> Result<Attempt<usize>, Error> {
    let end = buf.len().min(MAX_TRANSFER);
    attempt("write", || net::send(fd, &buf[..end], SendFlags::NOSIGNAL))
}

/// The most pieces that one write takes; the kernel would take 1024.
pub(crate) const MAX_PIECES: usize = 64;

/// [`write()`] of several pieces, of at most [`MAX_PIECES`] and [`MAX_TRANSFER`] bytes.
pub(crate) fn write_vectored(fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> Result<Attempt<usize>, Error> {
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
        [] => pieces.first().map_or(Ok(Attempt::Done(0)), |piece| write(fd, piece)),
        whole => attempt("writev", || {
            net::sendmsg(fd, whole, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
        }),
    }
}

/// [`read`] into the room that `buf` has.
pub(crate) fn read_buf(fd: BorrowedFd<'_>, buf: &mut impl BufMut) -> Result<Attempt<usize>, Error> {
    let chunk = buf.chunk_mut();
    let end = chunk.len().min(MAX_TRANSFER);
    // SAFETY: nothing but the kernel writes to it, which initializes what it writes and undoes nothing.
    let room = unsafe { chunk.as_uninit_slice_mut() };
    let read = attempt("read", || {
        net::recv(fd, &mut room[..end], RecvFlags::empty()).map(|((read, _), _)| read.len())
    })?;
    if let Attempt::Done(read) = read {
        // SAFETY: the kernel has written so many bytes at the beginning of the room.
        unsafe { buf.advance_mut(read) };
    }
    Ok(read)
}

/// [`read`] into several buffers, of at most [`MAX_PIECES`].
pub(crate) fn read_vectored(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
) -> Result<Attempt<usize>, Error> {
    let most = bufs.len().min(MAX_PIECES);
    attempt("readv", || {
        let mut control = RecvAncillaryBuffer::default();
        net::recvmsg(fd, &mut bufs[..most], &mut control, RecvFlags::empty()).map(|message| message.bytes)
    })
}

/// [`read`] that leaves what it has read where it is.
pub(crate) fn peek(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Result<Attempt<usize>, Error> {
    let end = buf.len().min(MAX_TRANSFER);
    attempt("read", || net::recv(fd, &mut buf[..end], RecvFlags::PEEK).map(|(read, _)| read))
}

/// Whether a read would not wait.
pub(crate) fn is_readable(fd: BorrowedFd<'_>) -> Result<Attempt<()>, Error> {
    is_ready(fd, PollFlags::IN | PollFlags::RDHUP)
}

/// Whether a write would not wait.
pub(crate) fn is_writable(fd: BorrowedFd<'_>) -> Result<Attempt<()>, Error> {
    is_ready(fd, PollFlags::OUT)
}

fn is_ready(fd: BorrowedFd<'_>, flags: PollFlags) -> Result<Attempt<()>, Error> {
    let ready = attempt("poll", || {
        event::poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&Timespec::default()))
    })?;
    Ok(match ready {
        Attempt::Done(1..) => Attempt::Done(()),
        Attempt::Done(0) | Attempt::WouldBlock => Attempt::WouldBlock,
    })
}

/// A duplicate of a socket, close-on-exec.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    rustix::io::fcntl_dupfd_cloexec(fd, 0).map_err(|errno| os("dup", errno))
}

/// Puts a socket into the mode that programs expect who know of no poller.
pub(crate) fn set_blocking(socket: &Socket) -> Result<(), Error> {
    rustix::io::ioctl_fionbio(socket, false).map_err(|errno| os("ioctl", errno))
}

/// The most descriptors that the kernel takes with one write.
const MAX_DESCRIPTORS: usize = 253;

/// [`write()`] with descriptors attached to the first byte.
pub(crate) fn send_descriptors(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> Result<Attempt<usize>, Error> {
    if buf.is_empty() {
        return Err(Error::InvalidInput("descriptors need a byte to go with"));
    }
    if descriptors.len() > MAX_DESCRIPTORS {
        return Err(Error::InvalidInput("more than 253 descriptors at once"));
    }
    let end = buf.len().min(MAX_TRANSFER);
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(descriptors.len()))];
    attempt("sendmsg", || {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        net::sendmsg(fd, &[IoSlice::new(&buf[..end])], &mut control, SendFlags::NOSIGNAL)
    })
}

/// [`read`] with the descriptors that come along.
pub(crate) fn receive_descriptors(
    fd: BorrowedFd<'_>,
    buf: &mut [u8],
) -> Result<Attempt<(usize, Vec<OwnedFd>)>, Error> {
    if buf.is_empty() {
        return Err(Error::InvalidInput("descriptors come with a byte, and the buffer has no room for it"));
    }
    let end = buf.len().min(MAX_TRANSFER);
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    attempt("recvmsg", || {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let pieces = &mut [IoSliceMut::new(&mut buf[..end])];
        let read = net::recvmsg(fd, pieces, &mut control, RecvFlags::CMSG_CLOEXEC)?.bytes;
        let received = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        Ok((read, received.flatten().collect()))
    })
}

/// File → socket, from where the file's cursor stands: 0 at its end, nothing if the kernel cannot.
pub(crate) fn send_file(
    fd: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    most: usize,
) -> Result<Attempt<Option<usize>>, Error> {
    attempt("sendfile", || match rustix::fs::sendfile(fd, file, None, most) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => Ok(None),
        other => other.map(Some),
    })
}

/// Who the peer of a Unix socket was when it connected or listened: process, user, group.
pub(crate) fn peer_credentials(fd: BorrowedFd<'_>) -> Result<libc::ucred, Error> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the option is of this type, whose every field may have any value; the length says how large it is.
    let got = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    match got {
        0 => Ok(credentials),
        _ => Err(Error::os("getsockopt", std::io::Error::last_os_error().raw_os_error().unwrap_or_default())),
    }
}

/// Accepts one connection, non-blocking and close-on-exec from birth, with its peer's address: a peer that has gone since
/// could not be asked for it later. One that was aborted in the queue is passed over.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> Result<Attempt<(OwnedFd, Option<Addr>)>, Error> {
    let accept = || net::acceptfrom_with(fd, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
    attempt("accept4", || pass_over_aborted(accept).map(|(socket, peer)| (socket, peer.and_then(addr))))
}

/// The first that `accept` gives which was not aborted before.
fn pass_over_aborted<T>(mut accept: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match accept() {
            Err(Errno::CONNABORTED) => continue,
            other => return other,
        }
    }
}

/// Starts connecting; true if that was all.
pub(crate) fn connect(fd: BorrowedFd<'_>, addr: &Addr) -> Result<bool, Error> {
    match kernel_addr(addr).and_then(|addr| net::connect(fd, &addr)) {
        Ok(()) | Err(Errno::ISCONN) => Ok(true),
        Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR) => Ok(false),
        Err(errno) => Err(os("connect", errno)),
    }
}

/// How a connection that was under way has fared: the peer's address once it stands.
pub(crate) fn connected(fd: BorrowedFd<'_>) -> Result<Option<Addr>, Error> {
    match sockopt::socket_error(fd).map_err(|errno| os("getsockopt", errno))? {
        Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR) => Ok(None),
        // The poller may wake us early: only a socket that has a peer is connected.
        Ok(()) | Err(Errno::ISCONN) => match net::getpeername(fd) {
            Ok(peer) => match peer.and_then(addr) {
                Some(peer) => Ok(Some(peer)),
                None => Err(Error::InvalidInput("the socket is neither an Internet nor a Unix one")),
            },
            Err(Errno::NOTCONN) => Ok(None),
            Err(errno) => Err(os("getpeername", errno)),
        },
        Err(errno) => Err(os("connect", errno)),
    }
}

/// A new socket, non-blocking and close-on-exec from birth.
pub(crate) fn socket(
    family: AddressFamily,
    kind: SocketType,
    protocol: Option<Protocol>,
) -> Result<OwnedFd, Error> {
    net::socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, protocol)
        .map_err(|errno| os("socket", errno))
}

/// Multipath TCP, which rustix has no name for.
pub(crate) fn multipath() -> Option<Protocol> {
    u32::try_from(libc::IPPROTO_MPTCP).ok().and_then(std::num::NonZeroU32::new).map(Protocol::from_raw)
}

pub(crate) fn bind(fd: impl AsFd, addr: &Addr) -> Result<(), Error> {
    kernel_addr(addr).and_then(|addr| net::bind(fd, &addr)).map_err(|errno| os("bind", errno))
}

pub(crate) fn listen(fd: impl AsFd, backlog: i32) -> Result<(), Error> {
    net::listen(fd, backlog).map_err(|errno| os("listen", errno))
}

pub(crate) fn shutdown(fd: BorrowedFd<'_>, how: Shutdown) -> Result<(), Error> {
    net::shutdown(fd, how).map_err(|errno| os("shutdown", errno))
}

pub(crate) fn local_addr(fd: impl AsFd) -> Option<Addr> {
    net::getsockname(fd).ok().and_then(addr)
}

pub(crate) fn peer_addr(fd: impl AsFd) -> Option<Addr> {
    net::getpeername(fd).ok().flatten().and_then(addr)
}

/// An address of the kernel's, if it is of a family that is known here.
fn addr(addr: SocketAddrAny) -> Option<Addr> {
    if addr.address_family() != AddressFamily::UNIX {
        return SocketAddr::try_from(addr).ok().map(Addr::from_kernel);
    }
    // rustix's own reading of it takes no name for an empty one, and panics at a path as long as the kernel allows.
    let length = (addr.addr_len() as usize).min(size_of::<SocketAddrStorage>());
    // SAFETY: the kernel has written so many bytes of the address, which lie within its storage, and it lives on here.
    let bytes = unsafe { std::slice::from_raw_parts(addr.as_ptr().cast::<u8>(), length) };
    Some(Addr::Unix(unix_addr(bytes.get(size_of::<libc::sa_family_t>()..).unwrap_or_default())))
}

/// A Unix socket's name, as it stands behind the family.
fn unix_addr(name: &[u8]) -> UnixAddr {
    match name {
        [] => UnixAddr::Unnamed,
        [0, name @ ..] => UnixAddr::Abstract(name.to_vec()),
        path => {
            // The longest path has no room for its NUL.
            let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            UnixAddr::Path(OsStr::from_bytes(&path[..end]).into())
        }
    }
}

/// An address as the kernel takes it. A name too long for it is an invalid argument, as Go says.
fn kernel_addr(addr: &Addr) -> Result<SocketAddrAny, Errno> {
    let unix = match addr {
        Addr::Tcp(addr) => return Ok((*addr).into()),
        // Whoever makes a socket has chosen a family by now.
        Addr::TcpPort(_) => return Err(Errno::AFNOSUPPORT),
        Addr::Unix(name) | Addr::UnixPacket(name) => match name {
            UnixAddr::Path(path) => SocketAddrUnix::new(path),
            UnixAddr::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
            UnixAddr::Unnamed => Ok(SocketAddrUnix::new_unnamed()),
        },
    };
    unix.map(SocketAddrAny::from).map_err(|_| Errno::INVAL)
}

/// The longest queue of connections not yet accepted that the kernel grants; its old constant where it does not say.
///
/// Go: `net.maxListenerBacklog`, `net.maxAckBacklog`
///
/// Differs: Go cuts the number to 16 bits before Linux 4.1, which kept no more; no kernel that old is provided for here.
#[doc(alias = "net.maxListenerBacklog")]
#[doc(alias = "net.maxAckBacklog")]
pub(crate) fn max_backlog() -> i32 {
    let stated = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
    stated.and_then(|text| backlog(&text)).unwrap_or(128)
}

/// The number that the kernel states, if it is one that listen(2) takes.
fn backlog(somaxconn: &str) -> Option<i32> {
    somaxconn.split_whitespace().next()?.parse().ok().filter(|backlog| *backlog > 0)
}

/// Runs `start` with every signal blocked on this thread. A thread that it starts inherits that: signals are for threads
/// that the program made.
pub(crate) fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is ours and `sigfillset` only writes it.
    let filled = unsafe { libc::sigfillset(all.as_mut_ptr()) };
    let mut old = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let blocked = filled == 0 && {
        // SAFETY: the set was filled just now, and the old mask is written to a set of ours.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr()) == 0 }
    };
    // SAFETY: the call above has succeeded, and so has written the old mask.
    let _restore = blocked.then(|| Mask(unsafe { old.assume_init() }));
    start()
}

/// A thread's signal mask, put back when this is dropped.
struct Mask(libc::sigset_t);

impl Drop for Mask {
    fn drop(&mut self) {
        // SAFETY: the mask is one that this thread had, and the null pointer asks for no copy of the present one.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go: `net.TestAcceptIgnoreAbortedConnRequest`
    #[test]
    fn accept_ignore_aborted_conn_request() {
        // The kernel has none of these to give on loopback, so that they are made up.
        let mut queue = vec![Ok("a connection"), Err(Errno::CONNABORTED), Err(Errno::CONNABORTED)];
        assert_eq!(pass_over_aborted(|| queue.pop().expect("a call too many")), Ok("a connection"));
        // Nothing else is passed over.
        for errno in [Errno::AGAIN, Errno::MFILE, Errno::INVAL, Errno::CONNRESET] {
            let mut queue = vec![Ok("a connection"), Err(errno)];
            assert_eq!(pass_over_aborted(|| queue.pop().expect("a call too many")), Err(errno));
        }
    }

    /// Go: `net.TestMaxAckBacklog`
    #[test]
    fn max_ack_backlog() {
        // More than 16 bits is what it says.
        for (stated, taken) in [("4096\n", 4096), ("65535\n", 65535), ("196602\n", 196_602)] {
            assert_eq!(backlog(stated), Some(taken));
        }
        for nonsense in ["", "\n", "0\n", "-1\n", "many\n", "4294967296\n"] {
            assert_eq!(backlog(nonsense), None, "{nonsense:?}");
        }
        assert!(max_backlog() > 0);
    }
}
