//! Sockets that somebody else made.
//!
//! Go: `net.newFileFD`

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::ioctl_fionbio;
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::{KeepAliveConfig, Label, NetFd, config, ends_of};
use crate::{Error, Netpoll, sys};

impl NetFd {
    /// A stream socket that somebody else has made, connected or listening. It is put into non-blocking mode, which a
    /// duplicate of it shares; a TCP connection gets the options of every connection.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for what is no stream socket of the Internet or Unix; what the kernel says.
    ///
    /// Go: `net.newFileFD`
    #[doc(alias = "newFileFD")]
    pub fn import(socket: OwnedFd, netpoll: &Netpoll) -> Result<NetFd, Error> {
        let getsockopt = |errno: rustix::io::Errno| Error::os("getsockopt", errno.raw_os_error());
        let kind = sockopt::socket_type(&socket).map_err(getsockopt)?;
        let family = sockopt::socket_domain(&socket).map_err(getsockopt)?;
        let net = match (family, kind) {
            (AddressFamily::INET | AddressFamily::INET6, SocketType::STREAM) => "tcp",
            (AddressFamily::UNIX, SocketType::STREAM) => "unix",
            (AddressFamily::UNIX, SocketType::SEQPACKET) => "unixpacket",
            _ => return Err(Error::InvalidInput("neither a stream socket of the Internet nor one of Unix")),
        };
        ioctl_fionbio(&socket, true).map_err(|errno| Error::os("ioctl", errno.raw_os_error()))?;
        let (local, remote) = (sys::local_addr(&socket), sys::peer_addr(socket.as_fd()));
        let connected = remote.is_some();
        // Nobody knows what was set on it, so its short reads say nothing.
        let packets = kind == SocketType::SEQPACKET;
        let ends = ends_of(packets, local, remote);
        let label = Label { net, family, packets, connected, ends, ..Label::default() };
        let imported = config::register(socket, netpoll, true, label)?;
        if connected {
            imported.start_stream(KeepAliveConfig::default)?;
        }
        Ok(imported)
    }

    /// Whether the socket listens.
    pub fn is_listening(&self) -> bool {
        self.0.lend(|socket| Ok(sockopt::socket_acceptconn(socket).unwrap_or(false))).unwrap_or(false)
    }

    /// Whether it is a socket of multipath TCP.
    ///
    /// # Errors
    /// [`Error::Closed`].
    ///
    /// Go: `net.isUsingMultipathTCP`
    #[doc(alias = "isUsingMultipathTCP")]
    pub fn is_multipath(&self) -> Result<bool, Error> {
        self.0.lend(|socket| {
            Ok(sockopt::socket_protocol(socket).is_ok_and(|protocol| protocol == sys::multipath()))
        })
    }

    /// Who the peer of a Unix socket was when it connected or listened.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says of a socket that is none of Unix.
    pub fn peer_credentials(&self) -> Result<PeerCredentials, Error> {
        if self.family() != AddressFamily::UNIX {
            return Err(Error::os("getsockopt", libc::EOPNOTSUPP));
        }
        self.0.lend(|socket| {
            let found = sys::peer_credentials(socket)?;
            let process = u32::try_from(found.pid).ok().filter(|pid| *pid > 0);
            Ok(PeerCredentials { process, user: found.uid, group: found.gid })
        })
    }
}

/// Who the peer of a Unix socket was when it connected or listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCredentials {
    /// Its process; none if that is out of our sight, in another namespace.
    pub process: Option<u32>,
    /// Its effective user.
    pub user: u32,
    /// Its effective group.
    pub group: u32,
}
