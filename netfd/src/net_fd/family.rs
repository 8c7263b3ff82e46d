//! Which family a socket is of: what was asked for, and what the system has.
//!
//! Go: `net.favoriteAddrFamily`, `net.ipStackCapabilities`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;

use rustix::net::{AddressFamily, sockopt};

use crate::addr::canonical;
use crate::{Addr, sys};

pub(super) fn family_of(ip: IpAddr) -> AddressFamily {
    if ip.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 }
}

/// The address to bind, and whether an IPv6 one is for IPv6 alone. A wildcard on plain `tcp` takes both families where one
/// socket can; elsewhere it keeps its own, and one without a family is IPv4's.
///
/// Go: `net.favoriteAddrFamily`
#[doc(alias = "net.favoriteAddrFamily")]
pub(super) fn favourite(net: &str, local: &Addr, dual_stack: bool) -> (SocketAddr, bool) {
    let port = local.port().unwrap_or_default();
    let (v4, v6) =
        (SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    let bound = match (net, local.as_socket_addr().map(canonical)) {
        ("tcp4", None) => v4,
        ("tcp6", None) => v6,
        (_, None) if !dual_stack => v4,
        (_, None) => v6,
        ("tcp", Some(addr)) if addr.ip().is_unspecified() && dual_stack => v6,
        (_, Some(addr)) => addr,
    };
    (bound, net == "tcp6")
}

/// Whether one IPv6 socket can serve IPv4 too: tried once.
///
/// Go: `net.ipStackCapabilities.probe`
#[doc(alias = "net.ipStackCapabilities.probe")]
pub(super) fn has_dual_stack() -> bool {
    static DUAL: OnceLock<bool> = OnceLock::new();
    let mapped = SocketAddr::from(([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], 0));
    if let Some(dual) = DUAL.get() {
        return *dual;
    }
    match sys::socket(AddressFamily::INET6) {
        // No descriptor at the moment: that says nothing of the system.
        Err(error) if error.is_temporary() => false,
        tried => *DUAL.get_or_init(|| {
            tried.is_ok_and(|socket| {
                sockopt::set_ipv6_v6only(&socket, false).is_ok() && sys::bind(&socket, mapped).is_ok()
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_takes_both_families_where_one_socket_can_and_else_keeps_its_own() {
        let port = Addr::TcpPort(80);
        let tcp = |text: &str| Addr::from(text.parse::<SocketAddr>().expect("an address"));
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
                let bound = (bound.parse().expect("an address"), net == "tcp6");
                assert_eq!(
                    favourite(net, local, dual_stack),
                    bound,
                    "{net} {local}, dual stack {dual_stack}"
                );
            }
        }
    }
}
