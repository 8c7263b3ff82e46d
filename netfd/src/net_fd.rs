//! [`NetFd`]: a stream socket that knows its network and its addresses.
//!
//! Go: `net.netFD`
//!
//! ```text
//!   SocketConfig::listen   socket ─ SO_REUSEADDR ─ control ─ bind ─ options ─ listen ─ local address ─ poller
//!   SocketConfig::dial     socket ─ control ─ bind ─ connect ─ poller ─ wait ─ SO_ERROR, peer ─ addresses ─ options
//!   NetFd::accept          accept4, peer ─ local address ─ poller ─ options
//! ```

mod config;
mod ends;
mod family;
mod import;
mod label;
mod options;

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use rustix::net::{AddressFamily, SocketType};

pub use config::{Control, ControlledSocket, SocketConfig};
pub use import::PeerCredentials;
pub use options::KeepAliveConfig;

use ends::Ends;
pub(crate) use label::Label;

use crate::{Addr, Error, Fd, Netpoll, OpError, OpState};

/// A stream socket with its network and addresses; a cheap handle. The last one to go closes it.
///
/// Go: `net.netFD`
#[doc(alias = "netFD")]
#[derive(Clone)]
pub struct NetFd(Fd);

impl NetFd {
    /// Connects to `remote` with the options that Go sets, the connection's network being `net`.
    ///
    /// Cancel-safe: dropped, the socket is closed.
    ///
    /// # Errors
    /// Those of [`SocketConfig::dial`].
    ///
    /// Go: `net.netFD.dial`
    #[doc(alias = "netFD.dial")]
    pub async fn dial(net: &'static str, remote: impl Into<Addr>, netpoll: &Netpoll) -> Result<NetFd, Error> {
        SocketConfig::new(netpoll).dial(net, None, &remote.into(), None).await
    }

    /// Listens on `local` with the options that Go sets.
    ///
    /// # Errors
    /// Those of [`SocketConfig::listen`].
    ///
    /// Go: `net.netFD.listenStream`
    #[doc(alias = "netFD.listenStream")]
    pub fn listen(net: &'static str, local: &Addr, netpoll: &Netpoll) -> Result<NetFd, Error> {
        SocketConfig::new(netpoll).listen(net, local)
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
        let mut op = OpState::new();
        poll_fn(|cx| self.poll_accept(cx, &mut op)).await
    }

    /// What [`NetFd::accept`] is built on; as cancel-safe.
    ///
    /// # Errors
    /// Those of [`NetFd::accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>, op: &mut OpState) -> Poll<Result<NetFd, Error>> {
        let (socket, remote) = ready!(self.0.poll_accept(cx, op))?;
        let (listener, given_out) = (self.0.label(), self.0.given_out());
        let inherited = listener.inherited && !given_out;
        // It is accepted where the listener listens, if that is one address.
        let local = match listener.ends.local() {
            Some(at) if inherited && !at.is_wildcard() => Some(at),
            _ => crate::sys::local_addr(&socket),
        };
        let Label { net, family, packets, .. } = *listener;
        // When it counts as readable is inherited as well.
        let plain = listener.plain && !given_out;
        let ends = ends_of(packets, local, remote);
        let label = Label { net, family, packets, connected: true, plain, inherited, ends };
        let accepted = config::register(socket, self.0.netpoll(), given_out, label)?;
        accepted.start_stream(|| listener.ends.keep_alive())?;
        Poll::Ready(Ok(accepted))
    }

    /// The socket.
    pub fn fd(&self) -> &Fd {
        &self.0
    }

    /// The network's name, as it was asked for.
    pub fn net(&self) -> &'static str {
        self.0.label().net
    }

    /// The family of the socket's addresses.
    pub fn family(&self) -> AddressFamily {
        self.0.label().family
    }

    /// What kind of socket it is: a stream, or one of packets in order.
    pub fn kind(&self) -> SocketType {
        if self.0.label().packets { SocketType::SEQPACKET } else { SocketType::STREAM }
    }

    /// Whether it is an end of a connection; a listener is not.
    pub fn is_connected(&self) -> bool {
        self.0.label().connected
    }

    /// This end's address, if the kernel told it.
    pub fn local_addr(&self) -> Option<Addr> {
        self.0.label().ends.local()
    }

    /// The other end's address; none on a listener.
    pub fn remote_addr(&self) -> Option<Addr> {
        self.0.label().ends.remote()
    }

    /// `cause` with what was tried, on which network, between which addresses.
    ///
    /// Go: `net.OpError`
    #[doc(alias = "net.OpError")]
    pub fn op_error(&self, op: &'static str, cause: Error) -> OpError {
        let error = OpError::new(op, self.net(), cause);
        match self.remote_addr() {
            Some(remote) => error.with_source(self.local_addr()).with_addr(remote),
            // A listener's address stands where a connection's remote one does.
            None => error.with_addr(self.local_addr()),
        }
    }
}

/// The ends of a connection.
fn ends_of(packets: bool, local: Option<Addr>, remote: Option<Addr>) -> Ends {
    Ends::new(local.map(|addr| own(packets, addr)), remote.map(|addr| own(packets, addr)))
}

/// An address of the kernel's, which does not tell the kind of the socket.
fn own(packets: bool, addr: Addr) -> Addr {
    match addr {
        Addr::Unix(name) if packets => Addr::UnixPacket(name),
        addr => addr,
    }
}

/// The network, the ends as an [`OpError`] prints them, the descriptor's number, and whether it is closed:
/// `tcp 127.0.0.1:1->127.0.0.1:2, fd 6`.
impl std::fmt::Display for NetFd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Label { net, ends, .. } = self.0.label();
        f.write_str(net)?;
        match (ends.local(), ends.remote()) {
            (Some(local), Some(remote)) => write!(f, " {local}->{remote}")?,
            (Some(only), None) | (None, Some(only)) => write!(f, " {only}")?,
            (None, None) => {}
        }
        write!(f, ", fd {}", self.0.number())?;
        if self.0.is_closed() { f.write_str(", closed") } else { Ok(()) }
    }
}

impl std::fmt::Debug for NetFd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NetFd({self})")
    }
}
