//! The system calls of sockets, each under the name that errors print.

mod clock;
mod left;
mod names;
mod peers;
pub(crate) mod pipe;
mod signals;
mod transfer;
mod unix;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use foreign::event;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, Protocol, SocketFlags, SocketType, sockopt};

use crate::Error;
use crate::attempt::{Attempt, Stop};
use crate::sync::{Arc, Mutex, lock, thread};

pub(crate) use clock::SystemClock;
pub(crate) use left::{read_told, tell_what_is_left};
pub(crate) use names::{local_addr, peer_addr};
pub(crate) use peers::{accept, bind, connect, connected, listen, max_backlog, multipath, shutdown};
pub(crate) use signals::without_signals;
pub(crate) use transfer::{
    MAX_PIECES, MAX_TRANSFER, is_readable, is_writable, peek, read, read_buf, read_vectored, send_file,
    write, write_vectored,
};
pub(crate) use unix::{peer_credentials, receive_descriptors, send_descriptors};

/// A socket of ours; it is closed when it is dropped.
pub(crate) type Socket = OwnedFd;

/// A socket as it is lent for a call.
pub(crate) type Lent<'a> = BorrowedFd<'a>;

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
/// thread of its own, and then calls `then`. A pool would be blocked for everybody by as many silent peers as it has
/// threads. Where no thread can be had it does not linger, nor does a duplicate of it: the kernel goes on sending by itself.
pub(crate) fn close_slowly(socket: Socket, then: impl FnOnce() + Send + 'static) {
    let slow = Arc::new(Mutex::new(Some((socket, then))));
    let close = move |lingers: bool| {
        // Out of the lock before the close, which may sleep.
        let taken = lock(&slow).take();
        if let Some((socket, then)) = taken {
            if !lingers {
                // It fails for no socket that has lingered.
                let _ = sockopt::set_socket_linger(&socket, None);
            }
            drop(socket);
            then();
        }
    };
    let on_a_thread = close.clone();
    let thread = thread::Builder::new().name("linger".into());
    if let Err(error) = without_signals(|| thread.spawn(move || on_a_thread(true))) {
        event!("netfd::fd", ERROR, %error, "no thread for a close that may block: it does not linger");
        close(false);
    }
}

fn attempt<T>(syscall: &'static str, mut call: impl FnMut() -> Result<T, Errno>) -> Attempt<T> {
    loop {
        return match return_stack::after(&mut call) {
            Ok(value) => Ok(value),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Err(Stop::WouldBlock),
            Err(errno) => Err(os(syscall, errno).into()),
        };
    }
}

fn os(syscall: &'static str, errno: Errno) -> Error {
    Error::os(syscall, errno.raw_os_error())
}

/// A duplicate of a socket, close-on-exec.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    rustix::io::fcntl_dupfd_cloexec(fd, 0).map_err(|errno| os("fcntl", errno))
}

/// Puts a socket into the mode that programs expect who know of no poller.
pub(crate) fn set_blocking(socket: &Socket) -> Result<(), Error> {
    rustix::io::ioctl_fionbio(socket, false).map_err(|errno| os("ioctl", errno))
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
