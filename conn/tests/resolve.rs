//! Addresses as written, resolved: what needs no name server, as none can be relied on here.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Waker};

use conn::{Network, lookup_port, resolve_dial, resolve_listen};
use futures::executor::block_on;
use netfd::{Addr, Error};

fn addrs(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn dial(network: Network, address: &str) -> Result<Vec<SocketAddr>, Error> {
    block_on(resolve_dial(network, address))
}

fn listen(network: Network, address: &str) -> Result<Addr, Error> {
    block_on(resolve_listen(network, address))
}

#[test]
fn an_ip_address_stands_for_itself() {
    for address in ["127.0.0.1:80", "[::1]:80", "0.0.0.0:0", "[2001:db8::1]:65535"] {
        assert_eq!(dial(Network::Tcp, address), Ok(addrs(&[address])));
        assert_eq!(listen(Network::Tcp, address), Ok(Addr::Tcp(address.parse().unwrap())));
    }
}

#[test]
fn ipv4_written_as_ipv6_is_ipv4() {
    assert_eq!(dial(Network::Tcp, "[::ffff:127.0.0.1]:80"), Ok(addrs(&["127.0.0.1:80"])));
    assert_eq!(dial(Network::Tcp4, "[::ffff:127.0.0.1]:80"), Ok(addrs(&["127.0.0.1:80"])));
}

#[test]
fn an_empty_port_is_port_0() {
    assert_eq!(dial(Network::Tcp, "127.0.0.1:"), Ok(addrs(&["127.0.0.1:0"])));
    assert_eq!(listen(Network::Tcp, ":"), Ok(Addr::TcpPort(0)));
}

#[test]
fn dialling_without_a_host_leads_to_this_machine() {
    assert_eq!(dial(Network::Tcp, ":80"), Ok(addrs(&["127.0.0.1:80"])));
    assert_eq!(dial(Network::Tcp4, ":80"), Ok(addrs(&["127.0.0.1:80"])));
    assert_eq!(dial(Network::Tcp6, "[]:80"), Ok(addrs(&["[::1]:80"])));
}

#[test]
fn listening_without_a_host_means_every_address() {
    for network in [Network::Tcp, Network::Tcp4, Network::Tcp6] {
        assert_eq!(listen(network, ":8080"), Ok(Addr::TcpPort(8080)));
        assert_eq!(listen(network, ""), Ok(Addr::TcpPort(0)));
    }
}

#[test]
fn dialling_nothing_is_a_missing_address() {
    assert_eq!(dial(Network::Tcp, "").unwrap_err().to_string(), "missing address");
}

#[test]
fn the_ipv6_wildcard_is_dialled_by_ipv4_as_well() {
    assert_eq!(dial(Network::Tcp, "[::]:80"), Ok(addrs(&["[::]:80", "0.0.0.0:80"])));
    assert_eq!(dial(Network::Tcp4, "[::]:80"), Ok(addrs(&["0.0.0.0:80"])));
    assert_eq!(dial(Network::Tcp6, "[::]:80"), Ok(addrs(&["[::]:80"])));
}

#[test]
fn the_ipv6_wildcard_is_listened_on_as_it_stands() {
    assert_eq!(listen(Network::Tcp, "[::]:80"), Ok(Addr::Tcp("[::]:80".parse().unwrap())));
    assert_eq!(listen(Network::Tcp6, "[::]:80"), Ok(Addr::Tcp("[::]:80".parse().unwrap())));
    assert_eq!(listen(Network::Tcp4, "[::]:80"), Ok(Addr::Tcp("0.0.0.0:80".parse().unwrap())));
}

#[test]
fn an_address_of_the_other_version_does_not_suit() {
    let table = [
        (Network::Tcp4, "[::1]:80", "address ::1: no suitable address found"),
        (Network::Tcp4, "[::1]:http", "address ::1: no suitable address found"),
        (Network::Tcp6, "127.0.0.1:80", "address 127.0.0.1: no suitable address found"),
        (Network::Tcp6, "127.0.0.1:", "address 127.0.0.1: no suitable address found"),
        (Network::Tcp6, "0.0.0.0:80", "address 0.0.0.0: no suitable address found"),
        (Network::Tcp6, "[::ffff:127.0.0.1]:80", "address ::ffff:127.0.0.1: no suitable address found"),
    ];
    for (network, address, text) in table {
        assert_eq!(dial(network, address).unwrap_err().to_string(), text);
        assert_eq!(listen(network, address).unwrap_err().to_string(), text);
    }
}

/// The system's resolver would take each of them for some address, though not for the one that a reader may see in it.
#[test]
fn digits_that_are_no_address_in_its_usual_form_are_no_host() {
    for host in ["127.1", "127.0.0.01", "010.8.8.8", "0x7f.1", "2130706433"] {
        for network in [Network::Tcp, Network::Tcp4, Network::Tcp6] {
            let error = dial(network, &format!("{host}:80")).unwrap_err();
            assert_eq!(error.to_string(), format!("lookup {host}: no such host"));
        }
    }
}

#[test]
fn an_address_that_says_nothing_is_refused_in_gos_words() {
    let table = [
        ("foo", "address foo: missing port in address"),
        ("::1:80", "address ::1:80: too many colons in address"),
        ("127.0.0.1:99999", "address 99999: invalid port"),
        ("127.0.0.1:-1", "address -1: invalid port"),
        ("127.0.0.1:nosuch", "lookup tcp/nosuch: unknown port"),
        ("1.2.3.4%lo:1", "lookup 1.2.3.4%lo: no such host"),
        ("[::1%]:1", "lookup ::1%: no such host"),
        ("a\0b:1", "lookup a\0b: invalid argument"),
        ("[fe80::1%no such zone]:1", "address fe80::1%no such zone: no such network interface"),
    ];
    for (address, text) in table {
        assert_eq!(dial(Network::Tcp, address).unwrap_err().to_string(), text);
        assert_eq!(listen(Network::Tcp, address).unwrap_err().to_string(), text);
    }
}

#[test]
fn a_zone_becomes_the_interfaces_number() {
    let found = dial(Network::Tcp6, "[fe80::1%7]:80").unwrap();
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["[fe80::1%7]:80"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_zone_may_be_the_interfaces_name() {
    assert_eq!(dial(Network::Tcp, "[fe80::1%lo]:80").unwrap()[0].to_string(), "[fe80::1%1]:80");
    assert_eq!(dial(Network::Tcp, "[::1%lo]:80").unwrap()[0].to_string(), "[::1%1]:80");
}

#[test]
fn localhost_is_this_machine() {
    for network in [Network::Tcp, Network::Tcp4] {
        let found = dial(network, "localhost:80").unwrap();
        assert!(found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80), "{found:?}");
        assert!(found.contains(&"127.0.0.1:80".parse().unwrap()), "{found:?}");
        assert!(network == Network::Tcp || found.iter().all(SocketAddr::is_ipv4), "{found:?}");
    }
    // IPv4 is preferred where a name has it.
    assert_eq!(listen(Network::Tcp, "localhost:0"), Ok(Addr::Tcp("127.0.0.1:0".parse().unwrap())));
}

#[test]
fn a_service_is_known_by_its_name_in_any_case() {
    for service in ["http", "HTTP", "80", "+80", "00080"] {
        assert_eq!(block_on(lookup_port(Network::Tcp, service)), Ok(80));
    }
    assert_eq!(block_on(lookup_port(Network::Tcp, "")), Ok(0));
    let error = block_on(lookup_port(Network::Tcp4, "nosuch")).unwrap_err();
    assert_eq!(error.to_string(), "lookup tcp4/nosuch: unknown port");
}

/// Go: `net.TestResolveTCPAddr`
#[test]
fn resolve_tcp_addr() {
    let resolve = |network, address: &str| block_on(conn::resolve_tcp_addr(network, address));
    let table = [
        (Network::Tcp, "127.0.0.1:0", "127.0.0.1:0"),
        (Network::Tcp4, "127.0.0.1:65535", "127.0.0.1:65535"),
        (Network::Tcp, "[::1]:0", "[::1]:0"),
        (Network::Tcp6, "[::1]:65535", "[::1]:65535"),
        (Network::Tcp6, "[::1%911]:2", "[::1%911]:2"),
        (Network::Tcp, "127.0.0.1:http", "127.0.0.1:80"),
        (Network::Tcp, "[::ffff:127.0.0.1]:http", "127.0.0.1:80"),
        (Network::Tcp, "[2001:db8::1]:http", "[2001:db8::1]:80"),
        (Network::Tcp4, "127.0.0.1:http", "127.0.0.1:80"),
        (Network::Tcp4, "[::ffff:127.0.0.1]:http", "127.0.0.1:80"),
        (Network::Tcp6, "[2001:db8::1]:http", "[2001:db8::1]:80"),
        (Network::Tcp, "localhost:1", "127.0.0.1:1"),
        (Network::Tcp4, "localhost:2", "127.0.0.1:2"),
        (Network::Tcp4, "[::]:80", "0.0.0.0:80"),
        (Network::Tcp, "[::]:80", "[::]:80"),
        (Network::Tcp, ":12345", ":12345"),
        (Network::Tcp, "", ":0"),
    ];
    for (network, address, resolved) in table {
        let addr = resolve(network, address).expect("an address");
        assert_eq!(addr.to_string(), resolved);
        // What it prints means the same.
        let network = addr.network().parse().expect("a network");
        assert_eq!(resolve(network, &addr.to_string()), Ok(addr));
    }
    let refused = [
        (Network::Tcp4, "[2001:db8::1]:http", "2001:db8::1"),
        (Network::Tcp6, "127.0.0.1:http", "127.0.0.1"),
        (Network::Tcp6, "[::ffff:127.0.0.1]:http", "::ffff:127.0.0.1"),
    ];
    for (network, address, host) in refused {
        let error = resolve(network, address).expect_err("another version");
        assert_eq!(error.to_string(), format!("address {host}: no suitable address found"));
    }
    let error = "http".parse::<Network>().expect_err("no network");
    assert_eq!(error, Error::UnknownNetwork("http".into()));
}

#[test]
fn what_stands_in_digits_is_resolved_at_the_first_poll() {
    let mut context = Context::from_waker(Waker::noop());
    for address in ["127.0.0.1:80", "[::1]:0", ":80", "[fe80::1%7]:80", "foo", "127.0.0.1:99999"] {
        assert!(pin!(resolve_dial(Network::Tcp, address)).poll(&mut context).is_ready(), "{address}");
    }
}

#[test]
fn a_look_up_that_is_dropped_leaves_the_next_one_alone() {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        let _ = pin!(resolve_dial(Network::Tcp, "localhost:http")).poll(&mut context);
    }
    let listened = listen(Network::Tcp4, "localhost:http");
    assert_eq!(listened, Ok(Addr::Tcp("127.0.0.1:80".parse().unwrap())));
}

#[test]
fn the_futures_may_move_between_threads() {
    fn is_send(_: impl Future + Send) {}
    is_send(resolve_dial(Network::Tcp, ""));
    is_send(resolve_listen(Network::Tcp, ""));
    is_send(conn::resolve_tcp_addr(Network::Tcp, ""));
    is_send(lookup_port(Network::Tcp, ""));
}
