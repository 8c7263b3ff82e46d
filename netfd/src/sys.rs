//! The system calls of sockets, each under the name that errors print.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, sockopt};

use crate::attempt::Attempt;
use crate::{Addr, Error};

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

/// Closes a socket whose close(2) may sleep for the whole linger time, even though the socket is non-blocking: on a
/// thread that may, and then calls `then`.
pub(crate) fn close_slowly(socket: Socket, then: impl FnOnce() + Send + 'static) {
    blocking::unblock(move || {
        drop(socket);
        then();
    })
    .detach();
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

/// Accepts one connection, non-blocking and close-on-exec from birth. One that was aborted in the queue is passed over.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> Result<Attempt<OwnedFd>, Error> {
    attempt("accept4", || {
        loop {
            match net::accept_with(fd, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Err(Errno::CONNABORTED) => continue,
                other => return other,
            }
        }
    })
}

/// Starts connecting; true if that was all.
pub(crate) fn connect(fd: BorrowedFd<'_>, addr: SocketAddr) -> Result<bool, Error> {
    match net::connect(fd, &addr) {
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
        Ok(()) | Err(Errno::ISCONN) => Ok(peer_addr(fd)),
        Err(errno) => Err(os("connect", errno)),
    }
}

pub(crate) fn socket(family: AddressFamily) -> Result<OwnedFd, Error> {
    net::socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)
        .map_err(|errno| os("socket", errno))
}

pub(crate) fn bind(fd: impl AsFd, addr: SocketAddr) -> Result<(), Error> {
    net::bind(fd, &addr).map_err(|errno| os("bind", errno))
}

pub(crate) fn listen(fd: impl AsFd, backlog: i32) -> Result<(), Error> {
    net::listen(fd, backlog).map_err(|errno| os("listen", errno))
}

pub(crate) fn shutdown(fd: BorrowedFd<'_>, how: Shutdown) -> Result<(), Error> {
    net::shutdown(fd, how).map_err(|errno| os("shutdown", errno))
}

pub(crate) fn local_addr(fd: impl AsFd) -> Option<Addr> {
    SocketAddr::try_from(net::getsockname(fd).ok()?).ok().map(Addr::from_kernel)
}

pub(crate) fn peer_addr(fd: impl AsFd) -> Option<Addr> {
    SocketAddr::try_from(net::getpeername(fd).ok()??).ok().map(Addr::from_kernel)
}

/// The longest queue of connections not yet accepted that the kernel grants; its old constant where it does not say.
///
/// Go: `net.maxListenerBacklog`
#[doc(alias = "net.maxListenerBacklog")]
pub(crate) fn max_backlog() -> i32 {
    std::fs::read_to_string("/proc/sys/net/core/somaxconn")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .filter(|backlog| *backlog > 0)
        .unwrap_or(128)
}

/// Blocks every signal on this thread: signals are for threads that the program made.
pub(crate) fn block_signals() {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is ours and `sigfillset` only writes it.
    let filled = unsafe { libc::sigfillset(all.as_mut_ptr()) };
    if filled == 0 {
        // SAFETY: the set was filled just now, and the null pointer asks for no copy of the old mask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut()) };
    }
}
