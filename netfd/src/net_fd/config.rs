//! [`SocketConfig`]: how sockets are made.
//!
//! Go: `net.socket`, `net.internetSocket`, `net.unixSocket`

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::net::{AddressFamily, SocketType, sockopt};

use super::family::{dialled, end_in_family, favourite};
use super::options::{hands_down, setsockopt};
use super::{Ends, KeepAliveConfig, Label, NetFd, ends_of, own};
use crate::sync::Arc;
use crate::{Addr, Error, Fd, Mode, Netpoll, UnixAddr, sys};

/// A program's own word about a socket, between its making and its binding or connecting.
///
/// Go: `net.Dialer.Control`, `net.Dialer.ControlContext`, `net.ListenConfig.Control`
#[doc(alias = "net.Dialer.Control")]
#[doc(alias = "net.Dialer.ControlContext")]
#[doc(alias = "net.ListenConfig.Control")]
pub type Control = Arc<dyn Fn(&ControlledSocket<'_>) -> io::Result<()> + Send + Sync>;

/// What a [`Control`] hook sees.
#[derive(Debug)]
#[non_exhaustive]
pub struct ControlledSocket<'a> {
    /// The network with the family that was chosen: `tcp4`, `tcp6`, `unix` or `unixpacket`.
    pub network: &'a str,
    /// The address that is about to be connected to, or listened on.
    pub address: &'a Addr,
    /// When the attempt to connect ends at the latest; none for a listener.
    pub deadline: Option<Instant>,
    /// The socket. It is non-blocking, and not in a poller yet.
    pub socket: BorrowedFd<'a>,
}

/// How sockets are made: their options, and the poller that they are in.
///
/// Go: `net.sysDialer`, `net.sysListener`
#[derive(Clone)]
#[doc(alias = "sysDialer")]
#[doc(alias = "sysListener")]
pub struct SocketConfig {
    netpoll: Netpoll,
    control: Option<Control>,
    keep_alive: KeepAliveConfig,
    multipath: bool,
    backlog: Option<i32>,
}

impl SocketConfig {
    /// The options that Go sets.
    #[must_use]
    pub fn new(netpoll: &Netpoll) -> SocketConfig {
        SocketConfig {
            netpoll: netpoll.clone(),
            control: None,
            keep_alive: KeepAliveConfig::default(),
            multipath: false,
            backlog: None,
        }
    }

    /// Calls `control` for each socket, before it is bound or connected; an error of it ends the attempt.
    #[must_use]
    pub fn control(mut self, control: Option<Control>) -> SocketConfig {
        self.control = control;
        self
    }

    /// Sets the connections' keep-alive; probes each 15 s, unless set.
    #[must_use]
    pub fn keep_alive(mut self, keep_alive: KeepAliveConfig) -> SocketConfig {
        self.keep_alive = keep_alive;
        self
    }

    /// Asks for multipath TCP; where the kernel has none it is plain TCP.
    #[must_use]
    pub fn multipath(mut self, multipath: bool) -> SocketConfig {
        self.multipath = multipath;
        self
    }

    /// How many connections may wait to be accepted, as listen(2) takes it; `None` is as many as the kernel grants.
    #[must_use]
    pub fn backlog(mut self, backlog: Option<i32>) -> SocketConfig {
        self.backlog = backlog;
        self
    }

    /// Connects to `remote`, from `local` if it is given, until `deadline` at the latest; the connection's network is
    /// `net` (`tcp`, `tcp4`, `tcp6`, `unix`, `unixpacket`).
    ///
    /// Cancel-safe: dropped, the socket is closed.
    ///
    /// # Errors
    /// [`Error::DeadlineExceeded`], what the control hook says, or what the kernel says, under the name of the system
    /// call that failed.
    ///
    /// Go: `net.netFD.dial`, `net.netFD.connect`, `net.internetSocket`, `net.unixSocket`
    #[doc(alias = "net.netFD.connect")]
    #[doc(alias = "net.internetSocket")]
    #[doc(alias = "net.unixSocket")]
    pub async fn dial(
        &self,
        net: &'static str,
        local: Option<&Addr>,
        remote: &Addr,
        deadline: Option<Instant>,
    ) -> Result<NetFd, Error> {
        let family =
            dialled(net, local, remote).ok_or(Error::InvalidInput("an address to dial needs a host"))?;
        let remote = end_in_family(remote, family)?;
        // A Unix socket without a name needs no binding, which would give it one.
        let local = local.filter(|local| local.as_unix() != Some(&UnixAddr::Unnamed));
        let local = local.map(|local| end_in_family(local, family)).transpose()?;
        let made = self.make(net, family, net == "tcp6", Purpose::Dial(&remote, deadline))?;
        if let Some(local) = local {
            sys::bind(&made.socket, &local)?;
        }
        let connected = sys::connect(made.socket.as_fd(), &remote)?;
        let mut connection = made.register(self, net, family, |label| label.connected = true)?;
        let fd = connection.fd();
        let peer = if connected { None } else { Some(wait(fd, deadline).await?) };
        let (local, peer) =
            fd.lend(|socket| Ok((sys::local_addr(socket), peer.or_else(|| sys::peer_addr(socket)))))?;
        connection.start_stream(|| self.keep_alive)?;
        let label = connection.0.label_mut();
        label.ends = ends_of(label.packets, local, Some(peer.unwrap_or(remote)));
        Ok(connection)
    }

    /// Listens on `local`; a wildcard without a family is both families' where the system has both.
    ///
    /// # Errors
    /// What the control hook says, or what the kernel says, under the name of the system call that failed.
    ///
    /// Go: `net.netFD.listenStream`, `net.internetSocket`, `net.unixSocket`
    #[doc(alias = "net.netFD.listenStream")]
    #[doc(alias = "net.internetSocket")]
    #[doc(alias = "net.unixSocket")]
    pub fn listen(&self, net: &'static str, local: &Addr) -> Result<NetFd, Error> {
        let (bound, family, v6_only) = favourite(net, local);
        let made = self.make(net, family, v6_only, Purpose::Listen(&bound))?;
        sys::bind(&made.socket, &bound)?;
        // Before the first connection can come. A hook may have set anything, and multipath TCP hands nothing down.
        let inherited =
            self.control.is_none() && hands_down(made.socket.as_fd(), family, made.plain, &self.keep_alive);
        sys::listen(&made.socket, self.backlog.unwrap_or_else(sys::max_backlog))?;
        let local = sys::local_addr(&made.socket).map(|addr| own(made.packets(), addr));
        made.register(self, net, family, |label| {
            label.inherited = inherited;
            label.ends = Ends::of_listener(local, self.keep_alive);
        })
    }

    /// A socket with the options that Go gives to each, after the program's own word about it.
    ///
    /// Go: `net.socket`, `net.sysSocket`, `net.setDefaultSockopts`, `net.setDefaultListenerSockopts`
    #[doc(alias = "net.socket")]
    #[doc(alias = "net.sysSocket")]
    #[doc(alias = "net.setDefaultSockopts")]
    #[doc(alias = "net.setDefaultListenerSockopts")]
    fn make(
        &self,
        net: &str,
        family: AddressFamily,
        v6_only: bool,
        purpose: Purpose<'_>,
    ) -> Result<Made, Error> {
        let kind = if net == "unixpacket" { SocketType::SEQPACKET } else { SocketType::STREAM };
        let internet = family != AddressFamily::UNIX;
        let multipath =
            (self.multipath && internet).then(|| sys::socket(family, kind, sys::multipath()).ok()).flatten();
        let plain = internet && multipath.is_none();
        let socket = multipath.map_or_else(|| sys::socket(family, kind, None), Ok)?;
        if family == AddressFamily::INET6 {
            // A system that does not know the option is left as it is.
            let _ = sockopt::set_ipv6_v6only(&socket, v6_only);
        }
        let (address, deadline) = match purpose {
            Purpose::Dial(remote, deadline) => (remote, deadline),
            Purpose::Listen(local) => (local, None),
        };
        if internet && matches!(purpose, Purpose::Listen(_)) {
            // Addresses that were in use a moment ago can be used again.
            sockopt::set_socket_reuseaddr(&socket, true).map_err(setsockopt)?;
        }
        if let Some(control) = &self.control {
            let network = match family {
                AddressFamily::INET => "tcp4",
                AddressFamily::INET6 => "tcp6",
                _ => net,
            };
            let socket = ControlledSocket { network, address, deadline, socket: socket.as_fd() };
            control(&socket).map_err(Error::control)?;
        }
        // The hook may have changed when the socket counts as readable, and may have set a linger time.
        Ok(Made { socket, kind, plain: plain && self.control.is_none(), given_out: self.control.is_some() })
    }
}

/// What a socket is made for.
enum Purpose<'a> {
    /// To connect to the address, until the instant at the latest.
    Dial(&'a Addr, Option<Instant>),
    /// To listen on the address.
    Listen(&'a Addr),
}

/// A socket that is not in a poller yet.
struct Made {
    socket: OwnedFd,
    kind: SocketType,
    plain: bool,
    given_out: bool,
}

impl Made {
    fn packets(&self) -> bool {
        self.kind == SocketType::SEQPACKET
    }

    fn register(
        self,
        config: &SocketConfig,
        net: &'static str,
        family: AddressFamily,
        more: impl FnOnce(&mut Label),
    ) -> Result<NetFd, Error> {
        let packets = self.packets();
        let Made { socket, plain, given_out, .. } = self;
        let mut label = Label { net, family, packets, plain, ..Label::default() };
        more(&mut label);
        register(socket, &config.netpoll, given_out, label)
    }
}

/// Waits for the connection to stand, until `deadline` at the latest.
async fn wait(fd: &Fd, deadline: Option<Instant>) -> Result<Addr, Error> {
    if deadline.is_some() {
        fd.set_deadline(Mode::Write, deadline)?;
    }
    let peer = fd.connected().await?;
    if deadline.is_some() {
        fd.set_deadline(Mode::Write, None)?;
    }
    Ok(peer)
}

/// Puts a socket into a poller.
pub(super) fn register(
    socket: OwnedFd,
    netpoll: &Netpoll,
    given_out: bool,
    label: Label,
) -> Result<NetFd, Error> {
    let fd = Fd::labelled(socket, netpoll, given_out, label);
    fd.map(NetFd).map_err(|error| Error::os("epoll_ctl", error.raw_os_error().unwrap_or_default()))
}

impl fmt::Debug for SocketConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketConfig")
            .field("control", &self.control.is_some())
            .field("keep_alive", &self.keep_alive)
            .field("multipath", &self.multipath)
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}
