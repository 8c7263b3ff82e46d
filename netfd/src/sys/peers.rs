//! How sockets come to their peers and leave them.

use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{self, Protocol, Shutdown, SocketFlags, sockopt};

use super::names::{addr, kernel_addr};
use super::{attempt, os};
use crate::attempt::Attempt;
use crate::{Addr, Error};

/// Multipath TCP, which rustix has no name for.
pub(crate) fn multipath() -> Option<Protocol> {
    u32::try_from(libc::IPPROTO_MPTCP).ok().and_then(NonZeroU32::new).map(Protocol::from_raw)
}

pub(crate) fn bind(fd: impl AsFd, addr: &Addr) -> Result<(), Error> {
    kernel_addr(addr).and_then(|addr| net::bind(fd, &addr)).map_err(|errno| os("bind", errno))
}

pub(crate) fn listen(fd: impl AsFd, backlog: i32) -> Result<(), Error> {
    net::listen(fd, backlog).map_err(|errno| os("listen", errno))
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

/// Accepts one connection, non-blocking and close-on-exec from birth, with its peer's address: a peer that has gone since
/// could not be asked for it later. One that was aborted in the queue is passed over.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> Attempt<(OwnedFd, Option<Addr>)> {
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

pub(crate) fn shutdown(fd: BorrowedFd<'_>, how: Shutdown) -> Result<(), Error> {
    net::shutdown(fd, how).map_err(|errno| os("shutdown", errno))
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
