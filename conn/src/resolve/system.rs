//! The system's resolver, asked through `getaddrinfo`: hosts from DNS or the hosts file, ports from the list of services.
//!
//! [`host`] and [`port`] block, for seconds if a name server keeps silent.
//!
//! Go: `net.cgoLookupHostIP`, `net.cgoLookupPort`

use std::io;
use std::net::SocketAddr;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use netfd::LookupError;

use crate::network::{IpVersion, Network};

/// The addresses of `host`, with port 0. Blocks.
///
/// Go: `net.cgoLookupHostIP`
///
/// Differs: Go asks itself, without the system, where the system's configuration is simple enough. A host of digits
/// that is no address in its usual form does not exist, as for Go's own resolver: the system would read `010.0.0.1` as
/// 8.0.0.1.
#[doc(alias = "cgoLookupHostIP")]
pub(super) fn host(network: Network, host: &str) -> Result<Vec<SocketAddr>, LookupError> {
    let numeric = AddrInfoHints { flags: libc::AI_NUMERICHOST, ..hints(Network::Tcp) };
    if getaddrinfo(Some(host), None, Some(numeric)).is_ok() {
        return Err(LookupError::new("no such host", host).not_found());
    }
    let hints = AddrInfoHints { flags: flags(network), ..hints(network) };
    let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| host_error(error, host))?;
    let plain = |mut addr: SocketAddr| {
        // An IPv4-mapped address as plain IPv4.
        addr.set_ip(addr.ip().to_canonical());
        addr
    };
    Ok(found.filter_map(Result::ok).map(|found| plain(found.sockaddr)).collect())
}

/// The port of `service`. Blocks, though only to read a file as a rule.
///
/// Go: `net.cgoLookupPort`, `net.goLookupPort`
#[doc(alias = "cgoLookupPort")]
pub(super) fn port(network: Network, service: &str) -> Result<u16, LookupError> {
    let small = service.to_ascii_lowercase();
    let asked = getaddrinfo(None, Some(&small), Some(hints(network)));
    let error = match asked.map(|mut found| found.find_map(Result::ok)) {
        Ok(Some(found)) => return Ok(found.sockaddr.port()),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    // Small systems have no list of services: the usual ones are known here.
    well_known(&small).ok_or_else(|| port_error(error, &format!("{network}/{service}")))
}

/// The number of the interface that `zone` names, or that it is. Does not block.
///
/// Go: `net.ipv6ZoneCache.index`
#[doc(alias = "ipv6ZoneCache")]
pub(super) fn interface_index(zone: &str) -> Option<u32> {
    // The system reads a zone only behind an address of a link; any will do to learn the zone's number.
    let carrier = format!("fe80::%{zone}");
    let hints = AddrInfoHints { flags: libc::AI_NUMERICHOST, ..hints(Network::Tcp6) };
    match getaddrinfo(Some(&carrier), None, Some(hints)).ok()?.find_map(Result::ok)?.sockaddr {
        SocketAddr::V6(addr) => Some(addr.scope_id()),
        SocketAddr::V4(_) => None,
    }
}

/// Stream sockets of the network's version.
fn hints(network: Network) -> AddrInfoHints {
    let address = match network.ip_version() {
        None => 0,
        Some(IpVersion::V4) => AddrFamily::Inet.into(),
        Some(IpVersion::V6) => AddrFamily::Inet6.into(),
    };
    AddrInfoHints { address, socktype: SockType::Stream.into(), ..AddrInfoHints::default() }
}

/// Asked for IPv6, the system is to give the IPv4 addresses of a host that has no others, mapped into IPv6: so that host is
/// told from one that does not exist.
///
/// Go: `net.cgoAddrInfoFlags`
#[doc(alias = "cgoAddrInfoFlags")]
fn flags(network: Network) -> i32 {
    match network.ip_version() {
        Some(IpVersion::V6) => libc::AI_V4MAPPED,
        _ => 0,
    }
}

/// What the system's `error` for the host `name` is in Go's words.
///
/// Go: `net.addrinfoErrno`, `net.errNoSuchHost`
#[doc(alias = "errNoSuchHost")]
fn host_error(error: dns_lookup::LookupError, name: &str) -> LookupError {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => {
            LookupError::new("no such host", name).not_found()
        }
        _ => other_error(error, name),
    }
}

/// What the system's `error` for the service `name` is in Go's words; no error at all means that it answered with
/// nothing.
///
/// Go: `net.cgoLookupServicePort`
///
/// Differs: Go 1.21 prints the system's own words for a service that does not exist, if it asks the system; "unknown port" is what
/// later releases print.
#[doc(alias = "cgoLookupServicePort")]
fn port_error(error: Option<dns_lookup::LookupError>, name: &str) -> LookupError {
    use LookupErrorKind::{NoData, NoName, Service};
    match error {
        Some(error) if !matches!(error.kind(), NoName | NoData | Service) => other_error(error, name),
        _ => LookupError::new("unknown port", name).not_found(),
    }
}

/// The errors that are the same for hosts and services.
fn other_error(error: dns_lookup::LookupError, name: &str) -> LookupError {
    match error.kind() {
        LookupErrorKind::System => {
            // Out of descriptors, the C library may report a system error and leave out which.
            let errno =
                io::Error::from(error).raw_os_error().filter(|&errno| errno != 0).unwrap_or(libc::EMFILE);
            LookupError::new(netfd::Error::os("", errno).to_string(), name)
        }
        // The name was not passed on: there is a NUL byte in it.
        LookupErrorKind::IO if error.error_num() == 0 => LookupError::new("invalid argument", name),
        kind => {
            // The wrapper puts words of its own before the system's.
            let printed = error.to_string();
            let words = printed.strip_prefix("failed to lookup address information: ").unwrap_or(&printed);
            let failure = LookupError::new(words.to_owned(), name);
            if matches!(kind, LookupErrorKind::Again) { failure.temporary() } else { failure }
        }
    }
}

/// The ports that everyone expects to have names.
///
/// Go: `net.services`, `net.lookupPortMap`
#[doc(alias = "lookupPortMap")]
fn well_known(service: &str) -> Option<u16> {
    const SERVICES: [(&str, u16); 13] = [
        ("ftp", 21),
        ("ftps", 990),
        ("gopher", 70),
        ("http", 80),
        ("https", 443),
        ("imap2", 143),
        ("imap3", 220),
        ("imaps", 993),
        ("pop3", 110),
        ("pop3s", 995),
        ("smtp", 25),
        ("ssh", 22),
        ("telnet", 23),
    ];
    SERVICES.iter().find(|(name, _)| *name == service).map(|&(_, port)| port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: i32) -> dns_lookup::LookupError {
        dns_lookup::LookupError::new(code)
    }

    #[test]
    fn a_host_that_does_not_exist_is_not_found() {
        for code in [libc::EAI_NONAME, libc::EAI_NODATA] {
            let error = host_error(failed(code), "host");
            assert_eq!(error.to_string(), "lookup host: no such host");
            assert!(error.is_not_found() && !error.is_temporary());
        }
    }

    #[test]
    fn a_resolver_that_may_know_later_is_temporary() {
        let error = host_error(failed(libc::EAI_AGAIN), "host");
        assert_eq!(error.to_string(), "lookup host: Temporary failure in name resolution");
        assert!(error.is_temporary() && !error.is_not_found());
    }

    #[test]
    fn the_resolvers_other_failures_are_final_and_in_its_own_words() {
        let error = host_error(failed(libc::EAI_FAIL), "host");
        assert_eq!(error.to_string(), "lookup host: Non-recoverable failure in name resolution");
        assert!(!error.is_temporary() && !error.is_not_found());
    }

    #[test]
    fn a_service_that_does_not_exist_is_an_unknown_port() {
        for code in [libc::EAI_SERVICE, libc::EAI_NONAME] {
            let error = port_error(Some(failed(code)), "tcp/nosuch");
            assert_eq!(error.to_string(), "lookup tcp/nosuch: unknown port");
            assert!(error.is_not_found());
        }
        assert_eq!(port_error(None, "tcp/nosuch"), port_error(Some(failed(libc::EAI_SERVICE)), "tcp/nosuch"));
    }

    #[test]
    fn a_name_with_a_nul_byte_is_an_invalid_argument() {
        let error = host(Network::Tcp, "a\0b").unwrap_err();
        assert_eq!((error.reason(), error.name()), ("invalid argument", "a\0b"));
        let error = port(Network::Tcp, "a\0b").unwrap_err();
        assert_eq!((error.reason(), error.name()), ("invalid argument", "tcp/a\0b"));
    }

    #[test]
    fn the_usual_services_are_known_on_a_system_without_a_list() {
        assert_eq!(["http", "https", "ssh"].map(well_known), [Some(80), Some(443), Some(22)]);
        assert_eq!(well_known("nosuch"), None);
    }

    #[test]
    fn an_interface_is_known_by_name_and_by_number() {
        assert_eq!(interface_index("7"), Some(7));
        assert_eq!(interface_index("no interface has this name"), None);
        // Loopback is the first interface wherever it is called so.
        if cfg!(target_os = "linux") {
            assert_eq!(interface_index("lo"), Some(1));
        }
    }
}
