//! The networks that can be dialled and listened on, by Go's names.
//!
//! | name   | addresses     |
//! | ------ | ------------- |
//! | `tcp`  | IPv4 and IPv6 |
//! | `tcp4` | IPv4 only     |
//! | `tcp6` | IPv6 only     |
//! | `unix` | files, and names in the kernel: a stream |
//! | `unixpacket` | the same: packets in order |
//!
//! Go: `net.parseNetwork`

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use netfd::{Addr, Error};

/// A network, as the first argument of dialling and listening names it.
///
/// ```
/// use conn::Network;
///
/// let network: Network = "tcp4".parse()?;
/// assert_eq!(network, Network::Tcp4);
/// assert_eq!("foo".parse::<Network>().unwrap_err().to_string(), "unknown network foo");
/// # Ok::<(), conn::Error>(())
/// ```
///
/// Go: `net.parseNetwork`
///
/// Differs: Go checks the name anew wherever it is used; here it is checked once, and a `Network` is always one that
/// exists. The names are exact, in small letters, as in Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "parseNetwork")]
pub enum Network {
    /// TCP over IPv4 or IPv6, as the address has it.
    Tcp,
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// Unix sockets that carry a stream.
    Unix,
    /// Unix sockets that keep the bounds of packets.
    UnixPacket,
}

/// A version of the Internet Protocol.
///
/// Go: `net.ipVersion`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ipVersion")]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Network {
    /// The network's name: `"tcp"`, `"tcp4"`, `"tcp6"`, `"unix"` or `"unixpacket"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Network::Tcp => "tcp",
            Network::Tcp4 => "tcp4",
            Network::Tcp6 => "tcp6",
            Network::Unix => "unix",
            Network::UnixPacket => "unixpacket",
        }
    }

    /// Whether it is one of TCP's, whose addresses have a host and a port.
    #[must_use]
    pub const fn is_tcp(self) -> bool {
        matches!(self, Network::Tcp | Network::Tcp4 | Network::Tcp6)
    }

    /// The address that `name` is on a Unix network; none on the others.
    ///
    /// Go: `net.ResolveUnixAddr`
    #[must_use]
    #[doc(alias = "net.ResolveUnixAddr")]
    pub fn unix_addr(self, name: &str) -> Option<Addr> {
        match self {
            Network::Unix => Some(Addr::Unix(name.into())),
            Network::UnixPacket => Some(Addr::UnixPacket(name.into())),
            Network::Tcp | Network::Tcp4 | Network::Tcp6 => None,
        }
    }

    /// The version that the network insists on, or `None` if it takes both or is none of the Internet.
    ///
    /// Go: `net.ipVersion`
    #[must_use]
    #[doc(alias = "ipVersion")]
    pub const fn ip_version(self) -> Option<IpVersion> {
        match self {
            Network::Tcp | Network::Unix | Network::UnixPacket => None,
            Network::Tcp4 => Some(IpVersion::V4),
            Network::Tcp6 => Some(IpVersion::V6),
        }
    }

    /// Whether the network has addresses of `ip`'s kind. An IPv4 address written as an IPv6 one, `::ffff:127.0.0.1`,
    /// counts as IPv4. A Unix network has none of them.
    ///
    /// Go: `net.ipv4only`, `net.ipv6only`
    #[must_use]
    #[doc(alias = "ipv4only")]
    #[doc(alias = "ipv6only")]
    pub fn accepts(self, ip: IpAddr) -> bool {
        let is_ipv4 = ip.to_canonical().is_ipv4();
        match self.ip_version() {
            None => self.is_tcp(),
            Some(IpVersion::V4) => is_ipv4,
            Some(IpVersion::V6) => !is_ipv4,
        }
    }
}

impl FromStr for Network {
    type Err = Error;

    fn from_str(name: &str) -> Result<Network, Error> {
        match name {
            "tcp" => Ok(Network::Tcp),
            "tcp4" => Ok(Network::Tcp4),
            "tcp6" => Ok(Network::Tcp6),
            "unix" => Ok(Network::Unix),
            "unixpacket" => Ok(Network::UnixPacket),
            unknown => Err(Error::UnknownNetwork(unknown.into())),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_networks_name_leads_back_to_it() {
        for network in [Network::Tcp, Network::Tcp4, Network::Tcp6, Network::Unix, Network::UnixPacket] {
            assert_eq!(network.to_string().parse(), Ok(network));
        }
    }

    #[test]
    fn any_other_name_is_an_unknown_network() {
        for name in ["", "foo", "TCP", "tcp ", "tcp5", "tcp:", "tcp4:6"] {
            let error = name.parse::<Network>().unwrap_err();
            assert_eq!(error, Error::UnknownNetwork(name.into()));
            assert_eq!(error.to_string(), format!("unknown network {name}"));
        }
    }

    #[test]
    fn a_network_takes_the_addresses_of_its_version() {
        let ips: [IpAddr; 3] = ["127.0.0.1", "::1", "::ffff:127.0.0.1"].map(|ip| ip.parse().unwrap());
        assert_eq!(ips.map(|ip| Network::Tcp.accepts(ip)), [true, true, true]);
        assert_eq!(ips.map(|ip| Network::Tcp4.accepts(ip)), [true, false, true]);
        assert_eq!(ips.map(|ip| Network::Tcp6.accepts(ip)), [false, true, false]);
    }
}
