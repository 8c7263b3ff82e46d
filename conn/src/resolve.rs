//! From an address as written to addresses that a socket takes.
//!
//! ```text
//!   "localhost:http"   split_host_port ──▶ "localhost", "http"
//!                                              │          │
//!                      an IP address? its zone │          │ digits? the port they say
//!                      a name? the system ─────┤          ├───── a name? the system
//!                                              ▼          ▼
//!                      127.0.0.1, ::1, ... ──▶ those of the network ──▶ with the port
//! ```
//!
//! An address in digits is resolved on the spot. Names are the business of the system's resolver, which blocks: it is
//! asked on threads of their own, never on an executor's thread nor on the one that runs the poller.
//!
//! All the futures here may be dropped at any time. A look-up under way goes on to its end on its thread, and its answer is
//! thrown away; one that has not begun never does.
//!
//! Go: `net.Resolver.internetAddrList`, `net.Resolver.resolveAddrList`

mod system;
mod threads;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use foreign::event;
use netfd::{Addr, AddrError, Error, LookupError};

use crate::Network;
use crate::address::{Literal, parse_port, split_host_port};

/// The addresses to try one after the other in order to connect to `address`; at least one.
///
/// `address` is `host:port` in one of the forms of [`split_host_port`]. The host is an IP address, or a name that may
/// stand for several; without a host the connection goes to this machine itself. The port is a number, or the name of a
/// service such as `http`; without one it is 0.
///
/// Cancel-safe: dropping the future has no effect but that the answer is lost.
///
/// Go: `net.Resolver.resolveAddrList`
///
/// Differs: an address without a host is the loopback address at once. Go leaves it to the kernel on some systems, which takes
/// the local address instead if that is one of IPv4; so does a [`Dialer`](crate::Dialer) with a local address. What
/// [`dial`](crate::dial()) reports of it names the port alone, as Go does.
///
/// # Errors
/// "missing address" for an empty `address`; an [`Error::Address`] if it has no host and port, a port out of range, or
/// no address that the network takes ("no suitable address found"); an [`Error::Lookup`] if the system does not know a
/// name; an [`Error::UnknownNetwork`] for Unix networks, whose names are addresses as they stand.
#[doc(alias = "resolveAddrList")]
pub async fn resolve_dial(network: Network, address: &str) -> Result<Vec<SocketAddr>, Error> {
    if address.is_empty() {
        return Err(Error::InvalidInput("missing address"));
    }
    match internet_addrs(network, address).await? {
        Found::Port(port) => Ok(vec![SocketAddr::new(loopback(network), port)]),
        Found::Addrs(addrs) => Ok(addrs),
    }
}

/// What to connect to for `address`: a Unix network's name as it stands, and what [`resolve_dial`] finds on the others.
pub(crate) async fn dial_targets(network: Network, address: &str) -> Result<Vec<Addr>, Error> {
    match network.unix_addr(address) {
        Some(_) if address.is_empty() => Err(Error::InvalidInput("missing address")),
        Some(unix) => Ok(vec![unix]),
        None => Ok(resolve_dial(network, address).await?.into_iter().map(Addr::from).collect()),
    }
}

/// The address to listen on for `address`: an [`Addr::TcpPort`] if that has no host, which means every address of this
/// machine. On a Unix network it is the name as it stands.
///
/// Of several addresses that a name stands for it is the first of IPv4, or else the first.
///
/// Cancel-safe: dropping the future has no effect but that the answer is lost.
///
/// Go: `net.Resolver.resolveAddrList`, `net.ListenConfig.Listen`
///
/// Differs: `[::]` is listened on as it stands. Go takes `0.0.0.0` for it, and its errors say so; that is the same only on a
/// machine whose IPv6 sockets serve IPv4 too.
///
/// # Errors
/// As [`resolve_dial`], but that an empty `address` is in order: every address, and a port that the kernel chooses.
#[doc(alias = "net.Resolver.resolveAddrList")]
#[doc(alias = "net.ListenConfig.Listen")]
pub async fn resolve_listen(network: Network, address: &str) -> Result<Addr, Error> {
    if let Some(unix) = network.unix_addr(address) {
        return Ok(unix);
    }
    Ok(match internet_addrs(network, address).await? {
        Found::Port(port) => Addr::TcpPort(port),
        Found::Addrs(addrs) => Addr::Tcp(preferred(&addrs, suits_a_listener)),
    })
}

/// One address for `address`, for those who keep an address rather than connect: of several IPv4 is preferred, or IPv6 if
/// `address` has brackets.
///
/// Cancel-safe: dropping the future has no effect but that the answer is lost.
///
/// ```
/// use conn::{Network, resolve_tcp_addr};
///
/// let addr = futures::executor::block_on(resolve_tcp_addr(Network::Tcp, "[::1]:http"))?;
/// assert_eq!(addr.to_string(), "[::1]:80");
/// # Ok::<(), conn::Error>(())
/// ```
///
/// Go: `net.ResolveTCPAddr`
///
/// # Errors
/// As [`resolve_dial`], but that an empty `address` is in order: no host, and port 0.
#[doc(alias = "ResolveTCPAddr")]
pub async fn resolve_tcp_addr(network: Network, address: &str) -> Result<Addr, Error> {
    let wanted = if address.contains('[') { SocketAddr::is_ipv6 } else { SocketAddr::is_ipv4 };
    Ok(match internet_addrs(network, address).await? {
        Found::Port(port) => Addr::TcpPort(port),
        Found::Addrs(addrs) => Addr::Tcp(preferred(&addrs, wanted)),
    })
}

/// The port that `service` states in digits, or that the system knows under this name; 0 for `""`.
///
/// Cancel-safe: dropping the future has no effect but that the answer is lost.
///
/// Go: `net.LookupPort`, `net.Resolver.LookupPort`
///
/// # Errors
/// "invalid port" for a number past 65535 or below 0; an [`Error::Lookup`], "unknown port", for a name that means
/// nothing; an [`Error::UnknownNetwork`] for Unix networks, which have no ports.
#[doc(alias = "LookupPort")]
pub async fn lookup_port(network: Network, service: &str) -> Result<u16, Error> {
    of_the_internet(network)?;
    match parse_port(service)? {
        Some(port) => Ok(port),
        None => {
            let service = service.to_owned();
            let name = format!("{network}/{service}");
            threaded(name, move || system::port(network, &service)).await
        }
    }
}

/// Refuses networks that have no hosts and ports.
fn of_the_internet(network: Network) -> Result<(), Error> {
    match network.unix_addr("") {
        Some(_) => Err(Error::UnknownNetwork(network.to_string().into())),
        None => Ok(()),
    }
}

/// What an address stands for.
enum Found {
    /// It has no host, only this port.
    Port(u16),
    /// These addresses, at least one.
    Addrs(Vec<SocketAddr>),
}

/// Everything that `address` stands for on `network`.
///
/// Go: `net.Resolver.internetAddrList`, `net.filterAddrList`
#[doc(alias = "internetAddrList")]
#[doc(alias = "filterAddrList")]
async fn internet_addrs(network: Network, address: &str) -> Result<Found, Error> {
    of_the_internet(network)?;
    let (host, service) = if address.is_empty() { ("", "") } else { split_host_port(address)? };
    let port = lookup_port(network, service).await?;
    if host.is_empty() {
        return Ok(Found::Port(port));
    }
    let mut addrs = lookup_host(network, host).await?;
    // A machine may be able to listen on [::] and yet not to connect there: then 0.0.0.0 still leads home.
    if let [only] = addrs[..]
        && only.ip() == Ipv6Addr::UNSPECIFIED
    {
        addrs.push((Ipv4Addr::UNSPECIFIED, 0).into());
    }
    addrs.retain(|addr| network.accepts(addr.ip()));
    if addrs.is_empty() {
        return Err(AddrError::new("no suitable address found", host).into());
    }
    for addr in &mut addrs {
        addr.set_port(port);
    }
    event!("conn", TRACE, %network, address, ?addrs, "resolved");
    Ok(Found::Addrs(addrs))
}

/// The addresses of `host`, of either version and with port 0.
///
/// Go: `net.Resolver.lookupIPAddr`
///
/// Differs: look-ups of the same name at the same time are not merged.
#[doc(alias = "lookupIPAddr")]
async fn lookup_host(network: Network, host: &str) -> Result<Vec<SocketAddr>, Error> {
    if let Some(literal) = Literal::parse(host) {
        return Ok(vec![literal_addr(literal, host)?]);
    }
    event!("conn", TRACE, %network, host, "asking the system's resolver");
    let (name, host) = (host.to_owned(), host.to_owned());
    threaded(name, move || system::host(network, &host)).await
}

/// What the system's resolver says of `name`, asked on a thread of its own.
async fn threaded<T: Send + 'static>(
    name: String,
    ask: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
) -> Result<T, Error> {
    match threads::look_up(ask).await {
        Ok(found) => Ok(found?),
        Err(error) => {
            let words = netfd::Error::os("", error.raw_os_error().unwrap_or_default()).to_string();
            Err(LookupError::new(words, name).temporary().into())
        }
    }
}

/// `literal`, as `host` had it, with the number of its zone's interface.
///
/// Go: `net.ipv6ZoneCache.index`
///
/// Differs: a zone that is no interface of this machine is an error here. Go goes on without one, which ends in the
/// kernel's "invalid argument", or for addresses that need no zone in a connection.
#[doc(alias = "net.ipv6ZoneCache.index")]
fn literal_addr(literal: Literal<'_>, host: &str) -> Result<SocketAddr, Error> {
    match (literal.ip, literal.zone) {
        (IpAddr::V6(ip), Some(zone)) => match system::interface_index(zone) {
            Some(index) => Ok(SocketAddrV6::new(ip, 0, 0, index).into()),
            None => Err(AddrError::new("no such network interface", host).into()),
        },
        (ip, _) => Ok(SocketAddr::new(ip, 0)),
    }
}

/// This machine's address for itself.
///
/// Go: `net.loopbackIP`, `net.TCPAddr.toLocal`
#[doc(alias = "loopbackIP")]
#[doc(alias = "toLocal")]
fn loopback(network: Network) -> IpAddr {
    match network {
        Network::Tcp6 => Ipv6Addr::LOCALHOST.into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    }
}

/// Whether to listen on `addr` rather than on one that merely comes earlier: IPv4 reaches most peers, and the wildcard of
/// IPv6 was asked for by itself.
fn suits_a_listener(addr: &SocketAddr) -> bool {
    addr.is_ipv4() || addr.ip().is_unspecified()
}

/// The first of `addrs` that is `wanted`, or else the first.
///
/// Go: `net.addrList.first`, `net.addrList.forResolve`
#[doc(alias = "forResolve")]
fn preferred(addrs: &[SocketAddr], wanted: fn(&SocketAddr) -> bool) -> SocketAddr {
    // `addrs` has a first element: an address that stands for nothing is an error by now.
    *addrs.iter().find(|addr| wanted(addr)).unwrap_or(&addrs[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addrs(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_first_of_the_wanted_version_is_preferred() {
        let both = addrs(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1"]);
        assert_eq!(preferred(&both, SocketAddr::is_ipv4), both[1]);
        assert_eq!(preferred(&both, SocketAddr::is_ipv6), both[0]);
    }

    #[test]
    fn a_listener_takes_the_first_ipv4_address_of_a_name() {
        let both = addrs(&["[::1]:1", "127.0.0.1:1", "127.0.0.2:1"]);
        assert_eq!(preferred(&both, suits_a_listener), both[1]);
    }

    #[test]
    fn without_any_of_the_wanted_version_it_is_the_first() {
        let six = addrs(&["[::1]:1", "[::2]:1"]);
        assert_eq!(preferred(&six, SocketAddr::is_ipv4), six[0]);
    }

    #[test]
    fn an_interfaces_number_is_a_zone_too() {
        let literal = Literal::parse("fe80::1%7").unwrap();
        let SocketAddr::V6(addr) = literal_addr(literal, "fe80::1%7").unwrap() else { panic!("not IPv6") };
        assert_eq!(addr.scope_id(), 7);
    }
}
