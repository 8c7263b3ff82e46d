//! Which family a socket is of: what was asked for, and what the system has.
//!
//! Go: `net.favoriteAddrFamily`, `net.ipStackCapabilities.probe`

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::OnceLock;

use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::addr::canonical;
use crate::{Addr, AddrError, Error, sys};

/// The family of an address, if it tells one. IPv4-mapped IPv6 is IPv4.
pub(super) fn family_of(addr: &Addr) -> Option<AddressFamily> {
    match addr {
        Addr::Tcp(addr) if canonical(*addr).is_ipv4() => Some(AddressFamily::INET),
        Addr::Tcp(_) => Some(AddressFamily::INET6),
        Addr::TcpPort(_) => None,
        Addr::Unix(_) | Addr::UnixPacket(_) => Some(AddressFamily::UNIX),
    }
}

/// The address as a socket of `family` takes it: a port alone gets the family's wildcard, and IPv4 is mapped to IPv6 on a
/// socket of IPv6, but for its wildcard, which is IPv6's there.
///
/// Go: `net.ipToSockaddr`
#[doc(alias = "ipToSockaddr")]
pub(super) fn in_family(addr: &Addr, family: AddressFamily) -> Addr {
    let v6 = family == AddressFamily::INET6;
    match addr {
        Addr::Tcp(addr) => Addr::Tcp(match canonical(*addr) {
            SocketAddr::V4(any) if v6 && any.ip().is_unspecified() => {
                (Ipv6Addr::UNSPECIFIED, any.port()).into()
            }
            SocketAddr::V4(v4) if v6 => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into(),
            addr => addr,
        }),
        Addr::TcpPort(port) if v6 => Addr::Tcp((Ipv6Addr::UNSPECIFIED, *port).into()),
        Addr::TcpPort(port) => Addr::Tcp((Ipv4Addr::UNSPECIFIED, *port).into()),
        unix => unix.clone(),
    }
}

/// The family of a socket that connects: the one that the network insists on, or else the one that both ends fit in.
/// None if `remote` does not tell one.
///
/// Go: `net.favoriteAddrFamily`
#[doc(alias = "net.favoriteAddrFamily")]
pub(super) fn dialled(net: &str, local: Option<&Addr>, remote: &Addr) -> Option<AddressFamily> {
    let family = family_of(remote)?;
    Some(match (net, local.and_then(family_of)) {
        ("tcp4", _) => AddressFamily::INET,
        ("tcp6", _) => AddressFamily::INET6,
        // The kernel refuses a connection to a family that the socket is not of.
        (_, Some(AddressFamily::INET6)) if family == AddressFamily::INET => AddressFamily::INET6,
        _ => family,
    })
}

/// [`in_family`] of one end of a connection; an error if the family has no such address.
///
/// Go: `net.ipToSockaddr`
#[doc(alias = "net.ipToSockaddr")]
pub(super) fn end_in_family(addr: &Addr, family: AddressFamily) -> Result<Addr, Error> {
    match in_family(addr, family) {
        Addr::Tcp(SocketAddr::V6(v6)) if family == AddressFamily::INET => {
            Err(AddrError::new("non-IPv4 address", v6.ip().to_string()).into())
        }
        fits => Ok(fits),
    }
}

/// The address to bind, its family, and whether an IPv6 one is for IPv6 alone.
///
/// Go: `net.favoriteAddrFamily`
#[doc(alias = "net.favoriteAddrFamily")]
pub(super) fn favourite(net: &str, local: &Addr) -> (Addr, AddressFamily, bool) {
    favourite_on(net, local, has_dual_stack)
}

/// [`favourite`] on a system that has dual stack, or not. A wildcard on plain `tcp` takes both families where one socket
/// can; elsewhere it keeps its own, and one without a family is IPv4's.
fn favourite_on(net: &str, local: &Addr, dual_stack: impl Fn() -> bool) -> (Addr, AddressFamily, bool) {
    let family = match (net, family_of(local)) {
        (_, Some(AddressFamily::UNIX)) => AddressFamily::UNIX,
        ("tcp4", _) => AddressFamily::INET,
        ("tcp6", _) => AddressFamily::INET6,
        _ if is_wildcard(local) && dual_stack() => {
            let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, local.port().unwrap_or_default()));
            return (any.into(), AddressFamily::INET6, false);
        }
        (_, family) => family.unwrap_or(AddressFamily::INET),
    };
    (in_family(local, family), family, net == "tcp6")
}

/// Whether the address is every one of the host, IPv4-mapped or not.
fn is_wildcard(addr: &Addr) -> bool {
    match addr {
        Addr::Tcp(addr) => canonical(*addr).ip().is_unspecified(),
        other => other.is_wildcard(),
    }
}

/// Whether one IPv6 socket can serve IPv4 too: tried once.
///
/// Go: `net.ipStackCapabilities.probe`
#[doc(alias = "net.ipStackCapabilities.probe")]
pub(super) fn has_dual_stack() -> bool {
    static DUAL: OnceLock<bool> = OnceLock::new();
    let mapped = Addr::from(SocketAddr::from(([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], 0)));
    if let Some(dual) = DUAL.get() {
        return *dual;
    }
    match sys::socket(AddressFamily::INET6, SocketType::STREAM, None) {
        // No descriptor at the moment: that says nothing of the system.
        Err(error) if error.is_temporary() => false,
        tried => *DUAL.get_or_init(|| {
            tried.is_ok_and(|socket| {
                sockopt::set_ipv6_v6only(&socket, false).is_ok() && sys::bind(&socket, &mapped).is_ok()
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Addr {
        Addr::from(text.parse::<SocketAddr>().expect("an address"))
    }

    #[test]
    fn both_ends_of_a_connection_are_of_the_family_that_the_network_has_or_that_both_fit_in() {
        use AddressFamily as Family;
        let port = Addr::TcpPort(0);
        let [four, six] = ["127.0.0.1:1", "[::1]:1"].map(tcp);
        let [any_four, any_six] = ["0.0.0.0:0", "[::]:0"].map(tcp);
        let mapped = tcp("[::ffff:127.0.0.1]:1");
        let cases = [
            ("tcp", None, &four, Family::INET, Ok("127.0.0.1:1")),
            ("tcp", None, &six, Family::INET6, Ok("[::1]:1")),
            ("tcp", Some(&any_four), &four, Family::INET, Ok("0.0.0.0:0")),
            ("tcp", Some(&any_four), &six, Family::INET6, Ok("[::]:0")),
            ("tcp", Some(&any_six), &four, Family::INET6, Ok("[::]:0")),
            ("tcp", Some(&port), &four, Family::INET, Ok("0.0.0.0:0")),
            ("tcp", Some(&port), &six, Family::INET6, Ok("[::]:0")),
            ("tcp4", Some(&any_six), &four, Family::INET, Err("address ::: non-IPv4 address")),
            ("tcp4", Some(&mapped), &four, Family::INET, Ok("127.0.0.1:1")),
            ("tcp6", Some(&any_four), &six, Family::INET6, Ok("[::]:0")),
        ];
        for (net, local, remote, family, bound) in cases {
            assert_eq!(dialled(net, local, remote), Some(family), "{net} {local:?} {remote}");
            let end = end_in_family(local.unwrap_or(remote), family).map_err(|error| error.to_string());
            assert_eq!(end, bound.map(tcp).map_err(str::to_owned), "{net} {local:?} {remote}");
        }
        assert_eq!(dialled("tcp", Some(&four), &port), None);
    }

    #[test]
    fn a_wildcard_takes_both_families_where_one_socket_can_and_else_keeps_its_own() {
        let port = Addr::TcpPort(80);
        let cases = [
            ("tcp", &port, "[::]:80", "0.0.0.0:80"),
            ("tcp", &tcp("0.0.0.0:80"), "[::]:80", "0.0.0.0:80"),
            ("tcp", &tcp("[::]:80"), "[::]:80", "[::]:80"),
            ("tcp", &tcp("127.0.0.1:80"), "127.0.0.1:80", "127.0.0.1:80"),
            ("tcp", &tcp("[::1]:80"), "[::1]:80", "[::1]:80"),
            ("tcp4", &port, "0.0.0.0:80", "0.0.0.0:80"),
            ("tcp4", &tcp("0.0.0.0:80"), "0.0.0.0:80", "0.0.0.0:80"),
            ("tcp", &tcp("[::ffff:0.0.0.0]:80"), "[::]:80", "0.0.0.0:80"),
            ("tcp", &tcp("[::ffff:127.0.0.1]:80"), "127.0.0.1:80", "127.0.0.1:80"),
            ("tcp6", &port, "[::]:80", "[::]:80"),
            ("tcp6", &tcp("[::]:80"), "[::]:80", "[::]:80"),
        ];
        for (net, local, dual, single) in cases {
            for (dual_stack, bound) in [(true, dual), (false, single)] {
                let (chosen, _, v6_only) = favourite_on(net, local, || dual_stack);
                assert_eq!(chosen, tcp(bound), "{net} {local}, dual stack {dual_stack}");
                assert_eq!(v6_only, net == "tcp6");
            }
        }
    }
}
