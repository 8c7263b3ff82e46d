//! Errors of typed addresses and of streams, and what every error can be asked.
#![cfg(not(loom))]

use std::error::Error as StdError;
use std::net::SocketAddr;

use futures::executor::block_on;
use netfd::{Addr, AddrError, Error, LookupError, NetFd, Netpoll, OpError};

/// An address that no interface has: one of those kept for documentation. Nothing is sent there.
const NOWHERE: &str = "203.0.113.1:0";

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// Go's port of 65536 cannot be said here, since a port is a `u16`; port 0 can, and nobody is reached there.
///
/// Go: `net.TestProtocolDialError`
#[test]
fn protocol_dial_error() {
    let netpoll = Netpoll::global().expect("a poller");
    let tcp = block_on(NetFd::dial("tcp", addr("127.0.0.1:0"), &netpoll)).expect_err("port 0");
    assert_eq!(tcp, Error::os("connect", libc::ECONNREFUSED));
    for (net, name) in [("unix", Addr::Unix("//".into())), ("unixpacket", Addr::UnixPacket("//".into()))] {
        let unix = block_on(NetFd::dial(net, name, &netpoll)).expect_err("a folder");
        assert_eq!(unix, Error::os("connect", libc::ECONNREFUSED));
    }
}

/// Go: `net.TestProtocolListenError`
#[test]
fn protocol_listen_error() {
    let netpoll = Netpoll::global().expect("a poller");
    let tcp = NetFd::listen("tcp", &Addr::from(addr(NOWHERE)), &netpoll).expect_err("nobody's address");
    assert_eq!(tcp, Error::os("bind", libc::EADDRNOTAVAIL));
    for (net, name) in [("unix", Addr::Unix("//".into())), ("unixpacket", Addr::UnixPacket("//".into()))] {
        let unix = NetFd::listen(net, &name, &netpoll).expect_err("a folder");
        assert_eq!(unix, Error::os("bind", libc::EADDRINUSE));
    }
}

/// Go: `net.TestErrors`
#[test]
fn errors() {
    fn shared<T: StdError + Clone + Send + Sync + 'static>() {}
    shared::<Error>();
    shared::<OpError>();
    shared::<AddrError>();
    shared::<LookupError>();
    // Each can be asked what every error of a network can, whatever it wraps.
    let causes = [
        (Error::Closed, false, false),
        (Error::DeadlineExceeded, true, true),
        (AddrError::new("missing port in address", "foo").into(), false, false),
        (Error::UnknownNetwork("foo".into()), false, false),
        (LookupError::new("no such host", "foo").not_found().into(), false, false),
        (LookupError::new("i/o timeout", "foo").timed_out().into(), true, true),
    ];
    for (cause, timeout, temporary) in causes {
        let error = OpError::new("dial", "tcp", cause.clone());
        assert_eq!((cause.is_timeout(), error.is_timeout()), (timeout, timeout), "{error}");
        assert_eq!((cause.is_temporary(), error.is_temporary()), (temporary, temporary), "{error}");
    }
}

/// The end of a stream is no error here but the count 0, and no error is taken for the end.
///
/// Go: `poll.TestEOFError`
#[test]
fn eof_error() {
    let netpoll = Netpoll::global().expect("a poller");
    let listener = NetFd::listen("tcp", &Addr::from(addr("127.0.0.1:0")), &netpoll).expect("a listener");
    let local = listener.local_addr().and_then(|addr| addr.as_socket_addr()).expect("a bound listener");
    block_on(async {
        let (client, server) = futures::join!(NetFd::dial("tcp", local, &netpoll), listener.accept());
        let (client, server) = (client.expect("a connection"), server.expect("a connection"));
        let (mut buf, mut written) = ([0; 100], 0);
        server.fd().write(&[1; 100], &mut written).await.expect("written");
        assert_eq!(client.fd().read(&mut buf).await, Ok(100));
        assert_eq!(client.fd().read(&mut []).await, Ok(0), "what is not asked for is not the end");
        server.fd().close().await.expect("closed once");
        for _ in 0..2 {
            assert_eq!(client.fd().read(&mut buf).await, Ok(0));
        }
        client.fd().close().await.expect("closed once");
        assert_eq!(client.fd().read(&mut buf).await, Err(Error::Closed));
    });
}
