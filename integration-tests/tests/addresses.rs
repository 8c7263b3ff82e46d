//! Which socket an address makes a listener of, and which other listener it leaves room for.

use std::net::{IpAddr, SocketAddr};

use conn::join_host_port;
use futures::executor::block_on;
use integration_tests::skip::needs_ipv6;
use listener::{Listener, OpError, listen};
use netfd::AddressFamily;
use rustix::io::Errno;
use rustix::net::{self, SocketType, sockopt};

fn listen_on(network: &str, host: &str, port: u16) -> Result<Listener, OpError> {
    block_on(listen(network, &join_host_port(host, &port.to_string())))
}

fn port(listener: &Listener) -> u16 {
    listener.addr().and_then(|addr| addr.port()).expect("a bound listener")
}

/// The family of a listener's socket.
fn family(listener: &Listener) -> AddressFamily {
    let family =
        listener.control(|socket| net::getsockname(socket).expect("a bound socket").address_family());
    family.expect("open")
}

/// Whether one socket can serve both families here.
fn has_dual_stack() -> bool {
    let mapped: SocketAddr = "[::ffff:127.0.0.1]:0".parse().expect("an address");
    net::socket(AddressFamily::INET6, SocketType::STREAM, None).is_ok_and(|socket| {
        sockopt::set_ipv6_v6only(&socket, false).is_ok() && net::bind(&socket, &mapped).is_ok()
    })
}

/// The family that a listener on `host` of `network` has.
fn expected(network: &str, host: &str) -> AddressFamily {
    let ip: Option<IpAddr> = host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    let is_wildcard = ip.is_none_or(|ip| ip.is_unspecified());
    let six = match network {
        "tcp4" => false,
        "tcp6" => true,
        _ if is_wildcard && has_dual_stack() => true,
        _ => ip.is_some_and(|ip| ip.is_ipv6()),
    };
    if six { AddressFamily::INET6 } else { AddressFamily::INET }
}

#[track_caller]
fn assert_in_use(result: Result<Listener, OpError>) {
    let error = result.expect_err("a second listener on the same port");
    assert_eq!(error.raw_os_error(), Some(Errno::ADDRINUSE.raw_os_error()), "{error}");
    assert_eq!(error.op(), "listen");
}

/// Go: `net.TestTCPListener`
#[test]
fn tcp_listener() {
    if !needs_ipv6() {
        return;
    }
    let addresses = [
        ("tcp", ""),
        ("tcp", "0.0.0.0"),
        ("tcp", "::ffff:0.0.0.0"),
        ("tcp", "::"),
        ("tcp", "127.0.0.1"),
        ("tcp", "::ffff:127.0.0.1"),
        ("tcp", "::1"),
        ("tcp4", ""),
        ("tcp4", "0.0.0.0"),
        ("tcp4", "::ffff:0.0.0.0"),
        ("tcp4", "127.0.0.1"),
        ("tcp4", "::ffff:127.0.0.1"),
        ("tcp6", ""),
        ("tcp6", "::"),
        ("tcp6", "::1"),
    ];
    for (network, host) in addresses {
        let listener = listen_on(network, host, 0).expect("a listener");
        assert_eq!(family(&listener), expected(network, host), "{network} {host}");
        assert_in_use(listen_on(network, host, port(&listener)));
    }
}

/// Where one listens, where another one does on the same port, and whether it can.
const PAIRS: [(&str, &str, &str, &str, bool); 17] = [
    ("tcp", "", "tcp", "", false),
    ("tcp", "", "tcp", "0.0.0.0", false),
    ("tcp", "0.0.0.0", "tcp", "", false),
    ("tcp", "", "tcp", "::", false),
    ("tcp", "::", "tcp", "", false),
    ("tcp", "0.0.0.0", "tcp", "::", false),
    ("tcp", "::", "tcp", "0.0.0.0", false),
    ("tcp", "::ffff:0.0.0.0", "tcp", "::", false),
    ("tcp", "::", "tcp", "::ffff:0.0.0.0", false),
    ("tcp4", "", "tcp6", "", true),
    ("tcp6", "", "tcp4", "", true),
    ("tcp4", "0.0.0.0", "tcp6", "::", true),
    ("tcp6", "::", "tcp4", "0.0.0.0", true),
    ("tcp", "127.0.0.1", "tcp", "::1", true),
    ("tcp", "::1", "tcp", "127.0.0.1", true),
    ("tcp4", "127.0.0.1", "tcp6", "::1", true),
    ("tcp6", "::1", "tcp4", "127.0.0.1", true),
];

/// Go: `net.TestDualStackTCPListener`
#[test]
fn dual_stack_tcp_listener() {
    if !needs_ipv6() || !has_dual_stack() {
        return;
    }
    for (network, host, second_network, second_host, both) in PAIRS {
        // The port that the first one gets may be taken already where the second one listens: some port is not.
        let mut errors = vec![];
        let found = (0..10).any(|_| {
            let listener = listen_on(network, host, 0).expect("a listener");
            let second = listen_on(second_network, second_host, port(&listener));
            match (both, second) {
                (false, second) => {
                    assert_in_use(second);
                    true
                }
                (true, Ok(second)) => {
                    assert_eq!(family(&second), expected(second_network, second_host));
                    true
                }
                (true, Err(error)) => {
                    errors.push(error.to_string());
                    false
                }
            }
        });
        assert!(found, "{network} {host}, {second_network} {second_host}: {errors:?}");
    }
}

/// Go: `net.TestWildWildcardListener`
#[test]
fn wild_wildcard_listener() {
    // Neither a host nor a port.
    for network in ["tcp", "tcp4", "tcp6"] {
        if network == "tcp6" && !needs_ipv6() {
            continue;
        }
        let listener = block_on(listen(network, "")).expect("a listener");
        assert!(listener.addr().expect("a bound listener").is_wildcard());
        assert_ne!(port(&listener), 0);
    }
}

/// Go: `net.TestListenIPv6WildcardAddr`
#[test]
fn listen_ipv6_wildcard_addr() {
    if !needs_ipv6() || !has_dual_stack() {
        return;
    }
    let listener = block_on(listen("tcp", "[::]:0")).expect("a listener");
    let addr = listener.addr().expect("a bound listener");
    assert!(addr.ip().is_some_and(|ip| ip.is_ipv6()), "{addr}");
}

/// Go: `net.TestTCPListenerName`
#[test]
fn tcp_listener_name() {
    for address in ["127.0.0.1:0", "0.0.0.0:0", ":0", ""] {
        let listener = block_on(listen("tcp4", address)).expect("a listener");
        let addr = listener.addr().and_then(|addr| addr.as_socket_addr()).expect("a bound listener");
        assert!(addr.is_ipv4() && addr.port() != 0, "{addr}");
    }
}
