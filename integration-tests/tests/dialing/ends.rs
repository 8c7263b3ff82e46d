//! Which addresses can be dialled, from where, and what refuses.

use std::net::SocketAddr;

use conn::{Addr, AddrError, Dialer, Error, OpError, UnixAddr, dial};
use integration_tests::on_every_executor;
use integration_tests::pair::listening;
use listener::listen;

fn tcp(text: &str) -> Addr {
    text.parse::<SocketAddr>().expect("an address").into()
}

fn port(listener: &listener::Listener) -> u16 {
    listener.addr().and_then(|addr| addr.port()).expect("a bound listener")
}

/// Why a dial failed: an address that does not do.
fn unfit(error: &OpError) -> Option<&AddrError> {
    assert_eq!(error.op(), "dial");
    match error.cause() {
        Error::Address(unfit) => Some(unfit),
        _ => None,
    }
}

on_every_executor!(
    /// Go: `net.TestProhibitionaryDialArg`
    prohibitionary_dial_arg,
    |_| async {
        let listener = listen("tcp", "[::]:0").await.expect("a listener");
        let port = port(&listener);
        for host in ["127.0.0.1", "::ffff:127.0.0.1"] {
            let address = conn::join_host_port(host, &port.to_string());
            let error = dial("tcp6", &address).await.unwrap_err();
            let unfit = unfit(&error).expect("an address that does not do");
            assert_eq!((unfit.reason(), unfit.addr()), ("no suitable address found", host));
            // But for the network's name they can be dialled.
            dial("tcp", &address).await.expect("a connection");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialLocal`
    dial_local,
    |_| async {
        let (listener, _) = listening().await;
        let conn = dial("tcp", &format!(":{}", port(&listener))).await.expect("a connection");
        assert_eq!(conn.remote_addr(), listener.addr());
    }
);

on_every_executor!(
    /// Go: `net.TestDialListenerAddr`
    dial_listener_addr,
    |_| async {
        let listener = listen("tcp4", "localhost:0").await.expect("a listener");
        // What a listener on ":0" prints, though nobody listens on IPv6 here.
        for network in ["tcp4", "tcp"] {
            let conn = dial(network, &format!("[::]:{}", port(&listener))).await.expect("a connection");
            assert_eq!(conn.remote_addr(), listener.addr(), "{network}");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialClosedPortFailFast`
    dial_closed_port_fail_fast,
    |_| async {
        for (network, local) in [("tcp", "127.0.0.1:0"), ("tcp4", "127.0.0.1:0"), ("tcp6", "[::1]:0")] {
            let listener = listen(network, local).await.expect("a listener");
            let address = listener.addr().expect("a bound listener").to_string();
            // A connection that stands keeps the port from being given to somebody else.
            let (client, server) = futures::join!(dial(network, &address), listener.accept());
            let standing = (client.expect("a connection"), server.expect("a connection"));
            listener.close().await.expect("closed once");
            let error = dial(network, &address).await.unwrap_err();
            assert_eq!(error.to_string(), format!("dial {network} {address}: connect: connection refused"));
            assert!(!error.is_timeout(), "{error:?}");
            drop(standing);
        }
    }
);

/// What comes of a local address: a connection, or why there is none.
type Outcome = Result<(), &'static str>;

const NONE_FITS: Outcome = Err("no suitable address found");
const OTHER_KIND: Outcome = Err("mismatched local address type");

/// Dials `host` on `network` from `local`.
async fn from(local: Option<Addr>, network: &'static str, host: &str) -> Outcome {
    let listener = listen("tcp", &format!("{host}:0")).await.expect("a listener");
    let dialer = local.iter().fold(Dialer::new(), |dialer, local| dialer.local_addr(local.clone()));
    let address = listener.addr().expect("a bound listener").to_string();
    match dialer.dial(network, &address).await {
        Ok(conn) => {
            assert_eq!(conn.remote_addr(), listener.addr());
            // The one that was asked for, or else one of the host's.
            let ip = local.and_then(|local| local.ip()).map(|ip| ip.to_canonical());
            if let Some(ip) = ip.filter(|ip| !ip.is_unspecified()) {
                assert_eq!(conn.local_addr().and_then(|addr| addr.ip()), Some(ip));
            }
            Ok(())
        }
        Err(error) => {
            assert_eq!(error.source_addr().cloned(), local.filter(|_| error.addr().is_some()));
            Err(unfit(&error).unwrap_or_else(|| panic!("{error}")).reason())
        }
    }
}

on_every_executor!(
    /// Go: `net.TestDialerLocalAddr`
    dialer_local_addr,
    |_| async {
        let unix = || Some(Addr::Unix(UnixAddr::Path("/nowhere".into())));
        for network in ["tcp4", "tcp"] {
            let host = "127.0.0.1";
            for local in ["0.0.0.0:0", "127.0.0.1:0", "[::ffff:127.0.0.1]:0"] {
                assert_eq!(from(Some(tcp(local)), network, host).await, Ok(()), "{network} {local}");
            }
            assert_eq!(from(None, network, host).await, Ok(()));
            assert_eq!(from(Some(Addr::TcpPort(0)), network, host).await, Ok(()));
            assert_eq!(from(Some(tcp("[::1]:0")), network, host).await, NONE_FITS);
            assert_eq!(from(unix(), network, host).await, OTHER_KIND);
        }
        for network in ["tcp6", "tcp"] {
            let host = "[::1]";
            for local in ["0.0.0.0:0", "[::]:0", "[::1]:0"] {
                assert_eq!(from(Some(tcp(local)), network, host).await, Ok(()), "{network} {local}");
            }
            assert_eq!(from(None, network, host).await, Ok(()));
            assert_eq!(from(Some(Addr::TcpPort(0)), network, host).await, Ok(()));
            for local in ["127.0.0.1:0", "[::ffff:127.0.0.1]:0"] {
                assert_eq!(from(Some(tcp(local)), network, host).await, NONE_FITS, "{network} {local}");
            }
            assert_eq!(from(unix(), network, host).await, OTHER_KIND);
        }
        // A wildcard of IPv6 is one of IPv4 only where one socket serves both.
        assert_eq!(from(Some(tcp("[::]:0")), "tcp", "127.0.0.1").await, Ok(()));
        assert_eq!(from(Some(tcp("[::]:0")), "tcp4", "127.0.0.1").await, Err("non-IPv4 address"));
    }
);

on_every_executor!(this_host_is_the_address_that_one_dials_from, |_| async {
    let listener = listen("tcp", "127.0.0.2:0").await.expect("a listener");
    let dialer = Dialer::new().local_addr(tcp("127.0.0.2:0"));
    let conn = dialer.dial("tcp", &format!(":{}", port(&listener))).await.expect("a connection");
    assert_eq!(conn.remote_addr(), listener.addr());
    let error = Dialer::new().dial("tcp", &format!(":{}", port(&listener))).await.unwrap_err();
    assert!(error.to_string().ends_with("connection refused"), "127.0.0.1 is another one: {error}");
});

on_every_executor!(this_host_is_reached_from_either_family, |_| async {
    let listener = listen("tcp", "[::]:0").await.expect("a listener");
    for (local, host) in [("127.0.0.1:0", "[::]"), ("[::1]:0", "0.0.0.0")] {
        let dialer = Dialer::new().local_addr(tcp(local));
        let conn = dialer.dial("tcp", &format!("{host}:{}", port(&listener))).await.expect("a connection");
        assert_eq!(conn.local_addr().and_then(|addr| addr.ip()), tcp(local).ip());
    }
});
