//! [`NetFd`]: a stream socket that knows its network and its addresses, made with the options that Go sets.
//!
//! Go: `net.netFD`, `net.socket`
//!
//! ```text
//!   listen   socket ─ SO_REUSEADDR ─ bind ─ listen ─ poller ─ local address
//!   dial     socket ─ connect ─ poller ─ wait ─ SO_ERROR, peer ─ TCP_NODELAY, keep-alive ─ addresses
//!   accept   accept4 ─ poller ─ TCP_NODELAY, keep-alive ─ addresses
//! ```

mod family;

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, sockopt};

use family::{family_of, favourite, has_dual_stack};

use crate::addr::canonical;
use crate::sys;
use crate::{Addr, Error, Fd, Netpoll, OpError};

/// The time between keep-alive probes that Go sets: 15 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The longest time that the kernel's keep-alive options take, in seconds.
const MAX_KEEP_ALIVE: Duration = Duration::from_secs(32767);
/// The longest linger time that the kernel takes, in seconds.
const MAX_LINGER: Duration = Duration::from_secs(65535);

/// A stream socket with its network and addresses.
///
/// Go: `net.netFD`
#[doc(alias = "netFD")]
#[derive(Debug)]
pub struct NetFd {
    fd: Fd,
    net: &'static str,
    family: AddressFamily,
    kind: SocketType,
    connected: bool,
    local: Option<Addr>,
    remote: Option<Addr>,
}

impl NetFd {
    /// Connects to `remote`, the connection's network being `net` (`tcp`, `tcp4`, `tcp6`).
    ///
    /// Cancel-safe: dropped, the socket is closed.
    ///
    /// # Errors
    /// What the kernel says, under the name of the system call that failed.
    ///
    /// Go: `net.netFD.dial`
    #[doc(alias = "netFD.dial")]
    pub async fn dial(net: &'static str, remote: SocketAddr, netpoll: &Netpoll) -> Result<NetFd, Error> {
        let remote = canonical(remote);
        let family = family_of(remote.ip());
        let socket = socket(family, net == "tcp6")?;
        let connected = sys::connect(socket.as_fd(), remote)?;
        let fd = register(socket, netpoll, false)?;
        let peer = if connected { None } else { Some(fd.connected().await?) };
        let (local, peer) =
            fd.lend(|socket| Ok((sys::local_addr(socket), peer.or_else(|| sys::peer_addr(socket)))))?;
        set_stream_options(&fd)?;
        let remote = Some(peer.unwrap_or_else(|| remote.into()));
        Ok(NetFd { fd, net, family, kind: SocketType::STREAM, connected: true, local, remote })
    }

    /// Listens on `local`; a wildcard without a family is both families' where the system has both.
    ///
    /// # Errors
    /// What the kernel says, under the name of the system call that failed.
    ///
    /// Go: `net.netFD.listenStream`
    #[doc(alias = "netFD.listenStream")]
    pub fn listen(net: &'static str, local: &Addr, netpoll: &Netpoll) -> Result<NetFd, Error> {
        let (bound, v6_only) = favourite(net, local, has_dual_stack());
        let family = family_of(bound.ip());
        let socket = socket(family, v6_only)?;
        // Addresses that were in use a moment ago can be used again.
        sockopt::set_socket_reuseaddr(&socket, true).map_err(setsockopt)?;
        sys::bind(&socket, bound)?;
        sys::listen(&socket, sys::max_backlog())?;
        let fd = register(socket, netpoll, false)?;
        let local = fd.lend(|socket| Ok(sys::local_addr(socket)))?;
        Ok(NetFd { fd, net, family, kind: SocketType::STREAM, connected: false, local, remote: None })
    }

    /// Accepts a connection, waiting until there is one. Cancel-safe: either none was accepted, or it was returned.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::DeadlineExceeded`], or what the kernel says; [`Error::is_temporary`] tells whether
    /// trying again later makes sense.
    ///
    /// Go: `net.netFD.accept`
    #[doc(alias = "netFD.accept")]
    pub async fn accept(&self) -> Result<NetFd, Error> {
        let (socket, remote) = self.fd.accept().await?;
        let local = sys::local_addr(&socket);
        let fd = register(socket, self.fd.netpoll(), self.fd.may_linger())?;
        set_stream_options(&fd)?;
        let NetFd { net, family, kind, .. } = *self;
        Ok(NetFd { fd, net, family, kind, connected: true, local, remote })
    }

    /// The socket.
    pub fn fd(&self) -> &Fd {
        &self.fd
    }

    /// The network's name, as it was asked for.
    pub fn net(&self) -> &'static str {
        self.net
    }

    /// The family of the socket's addresses.
    pub fn family(&self) -> AddressFamily {
        self.family
    }

    /// What kind of socket it is: a stream, so far.
    pub fn kind(&self) -> SocketType {
        self.kind
    }

    /// Whether it is an end of a connection; a listener is not.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// This end's address, if the kernel told it.
    pub fn local_addr(&self) -> Option<&Addr> {
        self.local.as_ref()
    }

    /// The other end's address; none on a listener.
    pub fn remote_addr(&self) -> Option<&Addr> {
        self.remote.as_ref()
    }

    /// `cause` with what was tried, on which network, between which addresses.
    ///
    /// Go: `net.OpError`
    #[doc(alias = "net.OpError")]
    pub fn op_error(&self, op: &'static str, cause: Error) -> OpError {
        match &self.remote {
            Some(remote) => {
                OpError::new(op, self.net, cause).with_source(self.local.clone()).with_addr(remote.clone())
            }
            // A listener's address stands where a connection's remote one does.
            None => OpError::new(op, self.net, cause).with_addr(self.local.clone()),
        }
    }

    /// Sends small writes at once (`true`, the default), or gathers them.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setNoDelay`
    #[doc(alias = "setNoDelay")]
    pub fn set_no_delay(&self, on: bool) -> Result<(), Error> {
        self.fd.lend(|socket| sockopt::set_tcp_nodelay(socket, on).map_err(setsockopt))
    }

    /// Has the kernel probe an idle connection (`true`, the default), or not.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setKeepAlive`
    #[doc(alias = "setKeepAlive")]
    pub fn set_keep_alive(&self, on: bool) -> Result<(), Error> {
        self.fd.lend(|socket| sockopt::set_socket_keepalive(socket, on).map_err(setsockopt))
    }

    /// Sets the idle time before keep-alive probes and the time between them: whole seconds, rounded up, at least 1 and
    /// at most 32767.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setKeepAlivePeriod`
    #[doc(alias = "setKeepAlivePeriod")]
    pub fn set_keep_alive_period(&self, period: Duration) -> Result<(), Error> {
        let seconds = whole_seconds(period, MAX_KEEP_ALIVE).max(Duration::from_secs(1));
        self.fd.lend(|socket| set_keep_alive_times(socket, seconds).map_err(setsockopt))
    }

    /// What close does with data that was not sent yet: `None` sends it in the background; zero discards it and resets
    /// the connection; more waits so long (whole seconds, rounded up, at most 65535) on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setLinger`
    #[doc(alias = "setLinger")]
    pub fn set_linger(&self, linger: Option<Duration>) -> Result<(), Error> {
        let linger = linger.map(|linger| whole_seconds(linger, MAX_LINGER));
        self.fd.lend(|socket| {
            self.fd.set_may_linger();
            sockopt::set_socket_linger(socket, linger).map_err(setsockopt)
        })
    }
}

/// `duration` in whole seconds, rounded up, and no more than `most`.
fn whole_seconds(duration: Duration, most: Duration) -> Duration {
    let up = u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(duration.as_secs().saturating_add(up)).min(most)
}

/// The options of every connection: no delay, and keep-alive each 15 s.
///
/// Go: `net.newTCPConn`
#[doc(alias = "net.newTCPConn")]
fn set_stream_options(fd: &Fd) -> Result<(), Error> {
    fd.lend(|socket| {
        fd.prove_short_reads();
        // Go ignores failures here: a connection without them is a connection still.
        let _ = sockopt::set_tcp_nodelay(socket, true);
        let _ = sockopt::set_socket_keepalive(socket, true);
        let _ = set_keep_alive_times(socket, KEEP_ALIVE);
        Ok(())
    })
}

/// The idle time before probes and the time between them; whether there are any is another option.
fn set_keep_alive_times(socket: BorrowedFd<'_>, period: Duration) -> Result<(), Errno> {
    sockopt::set_tcp_keepintvl(socket, period)?;
    sockopt::set_tcp_keepidle(socket, period)
}

fn register(socket: OwnedFd, netpoll: &Netpoll, may_linger: bool) -> Result<Fd, Error> {
    Fd::of_ours(socket, netpoll, may_linger)
        .map_err(|error| Error::os("", error.raw_os_error().unwrap_or_default()))
}

fn setsockopt(errno: Errno) -> Error {
    Error::os("setsockopt", errno.raw_os_error())
}

/// A stream socket with the options that Go gives to each: non-blocking and close-on-exec from birth, and for IPv6 alone
/// or for IPv4 too. A system that does not know the last is left as it is.
///
/// Go: `net.socket`, `net.sysSocket`, `net.setDefaultSockopts`
#[doc(alias = "net.socket")]
#[doc(alias = "net.sysSocket")]
#[doc(alias = "net.setDefaultSockopts")]
fn socket(family: AddressFamily, v6_only: bool) -> Result<OwnedFd, Error> {
    let socket = sys::socket(family)?;
    if family == AddressFamily::INET6 {
        let _ = sockopt::set_ipv6_v6only(&socket, v6_only);
    }
    Ok(socket)
}
