//! A host that is an IP address already.
//!
//! Go: `netip.ParseAddr`

use std::net::IpAddr;

/// An IP address as written, with the zone that a link-local one may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Literal<'a> {
    /// The address; an IPv4-mapped one is IPv4.
    pub(crate) ip: IpAddr,
    /// What stands after the `%`: an interface's name or number. Only IPv6 addresses have zones.
    pub(crate) zone: Option<&'a str>,
}

impl<'a> Literal<'a> {
    /// Reads `host`; `None` if it is a name, for the system to look up.
    ///
    /// Go: `netip.ParseAddr`
    #[doc(alias = "ParseAddr")]
    pub(crate) fn parse(host: &'a str) -> Option<Literal<'a>> {
        let (ip, zone) = match host.split_once('%') {
            Some((ip, zone)) => (ip, Some(zone)),
            None => (host, None),
        };
        let ip: IpAddr = ip.parse().ok()?;
        if zone.is_some_and(|zone| zone.is_empty() || ip.is_ipv4()) {
            return None;
        }
        Some(Literal { ip: ip.to_canonical(), zone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_needs_no_look_up() {
        for ip in ["127.0.0.1", "0.0.0.0", "::1", "::", "2001:db8::1"] {
            assert_eq!(Literal::parse(ip), Some(Literal { ip: ip.parse().unwrap(), zone: None }));
        }
    }

    #[test]
    fn the_zone_stands_after_the_first_percent_sign() {
        for (host, zone) in [("fe80::1%lo", "lo"), ("fe80::1%2", "2"), ("fe80::1%a%b", "a%b")] {
            let literal = Literal::parse(host).unwrap();
            assert_eq!((literal.ip.to_string().as_str(), literal.zone), ("fe80::1", Some(zone)));
        }
    }

    #[test]
    fn ipv4_written_as_ipv6_is_ipv4() {
        assert_eq!(
            Literal::parse("::ffff:127.0.0.1").map(|literal| literal.ip.to_string()),
            Some("127.0.0.1".into())
        );
    }

    #[test]
    fn what_go_does_not_read_as_an_address_is_a_name() {
        for host in
            ["", "localhost", "127.1", "01.2.3.4", "1.2.3.4%lo", "::1%", "%lo", "[::1]", "1::2::3", " ::1"]
        {
            assert_eq!(Literal::parse(host), None, "{host}");
        }
    }
}
