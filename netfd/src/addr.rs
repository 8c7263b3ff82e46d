//! The address of one end of a connection or of a listener.
//!
//! ```text
//!   Addr::Tcp       127.0.0.1:80   [::1]:80   [fe80::1%2]:80   [::]:80
//!   Addr::TcpPort   :80            a port on whatever addresses the host has
//!   Addr::Unix      /run/x         @x           a file, a name in the kernel alone
//! ```
//!
//! Go: `net.Addr`, `net.TCPAddr`, `net.UnixAddr`

mod unix;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

pub use unix::UnixAddr;

/// Where a connection ends or a listener listens.
///
/// It prints as Go prints it, and in a form that dialling and listening read again, but for a Unix path that is not UTF-8.
///
/// ```
/// use netfd::Addr;
///
/// let addr = Addr::from("[::1]:80".parse::<std::net::SocketAddr>().unwrap());
/// assert_eq!((addr.network(), addr.to_string().as_str()), ("tcp", "[::1]:80"));
/// assert_eq!(Addr::TcpPort(80).to_string(), ":80");
/// ```
///
/// Go: `net.Addr`, `net.TCPAddr`
///
/// Differs: the zone of a link-local address prints as the interface's number, `[fe80::1%2]:80`, which needs no system
/// call and is read everywhere; Go looks up the interface's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "net.Addr")]
#[doc(alias = "TCPAddr")]
pub enum Addr {
    /// An IP address and a TCP port.
    Tcp(SocketAddr),

    /// A TCP port alone: for a listener every address of the host, of both families where it has them; for a
    /// connection the host itself. Only requests and their errors have it: an open socket's address has a family. Go's
    /// counterpart is an address without an IP.
    ///
    /// Go: `net.TCPAddr`
    #[doc(alias = "net.TCPAddr")]
    TcpPort(u16),

    /// The name of a Unix stream socket.
    ///
    /// Go: `net.UnixAddr`
    #[doc(alias = "net.UnixAddr")]
    Unix(UnixAddr),

    /// The name of a Unix socket that keeps the bounds of packets.
    ///
    /// Go: `net.UnixAddr`
    #[doc(alias = "net.UnixAddr")]
    UnixPacket(UnixAddr),
}

impl Addr {
    /// The address that the kernel gave for a TCP socket. A socket that serves both families gives IPv4 peers as
    /// IPv4-mapped IPv6, `::ffff:127.0.0.1`; here, as in Go, that is 127.0.0.1.
    ///
    /// Go: `net.sockaddrToTCP`
    #[must_use]
    #[doc(alias = "sockaddrToTCP")]
    pub fn from_kernel(addr: SocketAddr) -> Addr {
        Addr::Tcp(canonical(addr))
    }

    /// The network that the address belongs to: `"tcp"`, `"unix"` or `"unixpacket"`.
    ///
    /// Go: `net.Addr.Network`, `net.TCPAddr.Network`, `net.UnixAddr.Network`
    #[must_use]
    #[doc(alias = "Network")]
    pub fn network(&self) -> &'static str {
        match self {
            Addr::Tcp(_) | Addr::TcpPort(_) => "tcp",
            Addr::Unix(_) => "unix",
            Addr::UnixPacket(_) => "unixpacket",
        }
    }

    /// The IP address and the port, if the address has both.
    ///
    /// Go: `net.TCPAddr.AddrPort`
    #[must_use]
    #[doc(alias = "AddrPort")]
    pub fn as_socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Addr::Tcp(addr) => Some(*addr),
            Addr::TcpPort(_) | Addr::Unix(_) | Addr::UnixPacket(_) => None,
        }
    }

    /// The name of a Unix socket, if the address is one.
    #[must_use]
    pub fn as_unix(&self) -> Option<&UnixAddr> {
        match self {
            Addr::Unix(name) | Addr::UnixPacket(name) => Some(name),
            Addr::Tcp(_) | Addr::TcpPort(_) => None,
        }
    }

    /// The IP address, if the address has one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.as_socket_addr().map(|addr| addr.ip())
    }

    /// The port, if the address has one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Addr::Tcp(addr) => Some(addr.port()),
            Addr::TcpPort(port) => Some(*port),
            Addr::Unix(_) | Addr::UnixPacket(_) => None,
        }
    }

    /// Whether the address stands for every address of the host: no IP at all, `0.0.0.0` or `::`.
    ///
    /// Go: `net.TCPAddr.isWildcard`
    #[must_use]
    #[doc(alias = "isWildcard")]
    pub fn is_wildcard(&self) -> bool {
        match self {
            Addr::Tcp(addr) => addr.ip().is_unspecified(),
            Addr::TcpPort(_) => true,
            Addr::Unix(_) | Addr::UnixPacket(_) => false,
        }
    }
}

/// IPv4-mapped IPv6 as plain IPv4; any other address as it is.
pub(crate) fn canonical(mut addr: SocketAddr) -> SocketAddr {
    addr.set_ip(addr.ip().to_canonical());
    addr
}

/// Go: `net.TCPAddr.String`
impl fmt::Display for Addr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Addr::Tcp(addr) => canonical(*addr).fmt(formatter),
            Addr::TcpPort(port) => write!(formatter, ":{port}"),
            Addr::Unix(name) | Addr::UnixPacket(name) => name.fmt(formatter),
        }
    }
}

/// Go: `net.TCPAddrFromAddrPort`
impl From<SocketAddr> for Addr {
    fn from(addr: SocketAddr) -> Addr {
        Addr::Tcp(addr)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::net::{Ipv6Addr, SocketAddrV6};

    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_prints_what_go_prints() {
        for text in ["127.0.0.1:80", "0.0.0.0:0", "[::1]:80", "[::]:65535", "[2001:db8::1]:443"] {
            assert_eq!(Addr::from(addr(text)).to_string(), text);
        }
        assert_eq!(Addr::TcpPort(80).to_string(), ":80");
    }

    #[test]
    fn a_zone_prints_as_the_interfaces_number() {
        let ip: Ipv6Addr = "fe80::1".parse().unwrap();
        let addr = Addr::from(SocketAddr::V6(SocketAddrV6::new(ip, 80, 0, 2)));
        assert_eq!(addr.to_string(), "[fe80::1%2]:80");
    }

    #[test]
    fn ipv4_on_a_socket_of_both_families_is_shown_as_ipv4() {
        let mapped = addr("[::ffff:127.0.0.1]:80");
        assert_eq!(Addr::from_kernel(mapped), Addr::Tcp(addr("127.0.0.1:80")));
        assert_eq!(Addr::from(mapped).to_string(), "127.0.0.1:80");
    }

    #[test]
    fn the_kernels_other_addresses_stay_as_they_are() {
        let zoned = SocketAddr::V6(SocketAddrV6::new("fe80::1".parse().unwrap(), 80, 0, 2));
        for addr in [addr("127.0.0.1:80"), addr("[::1]:80"), addr("[::]:80"), zoned] {
            assert_eq!(Addr::from_kernel(addr), Addr::Tcp(addr));
        }
    }

    #[test]
    fn only_an_address_without_a_definite_ip_is_a_wildcard() {
        for wildcard in [Addr::TcpPort(80), addr("0.0.0.0:80").into(), addr("[::]:80").into()] {
            assert!(wildcard.is_wildcard(), "{wildcard}");
        }
        assert!(!Addr::from(addr("127.0.0.1:80")).is_wildcard());
        assert!(!Addr::from(addr("[::1]:80")).is_wildcard());
    }

    #[test]
    fn a_port_alone_has_no_ip() {
        let port = Addr::TcpPort(80);
        assert_eq!(
            (port.network(), port.as_socket_addr(), port.ip(), port.port()),
            ("tcp", None, None, Some(80))
        );
        let whole = Addr::from(addr("[::1]:7"));
        assert_eq!(whole.as_socket_addr(), Some(addr("[::1]:7")));
        assert_eq!((whole.ip(), whole.port()), (Some("::1".parse().unwrap()), Some(7)));
    }
}
