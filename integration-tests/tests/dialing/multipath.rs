//! Multipath TCP.

use conn::{Conn, Dialer};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::skip::kernel_has;
use listener::ListenConfig;
use rustix::net::{AddressFamily, SocketType, ipproto, socket};

/// Whether a socket of it can be made; it may be compiled in and switched off.
fn has_multipath() -> bool {
    kernel_has("multipath TCP", socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)).is_ok())
}

/// A connection between a dialer and a listener that ask for multipath, or not; the client's end and the server's.
async fn between(dialer: Dialer, config: ListenConfig) -> (Conn, Conn) {
    let listener = config.listen("tcp", "127.0.0.1:0").await.expect("a listener");
    let addr = listener.addr().expect("a bound listener");
    assert_eq!(addr.network(), "tcp");
    let address = addr.to_string();
    let (client, server) = futures::join!(dialer.dial("tcp", &address), listener.accept());
    let (client, server) = (client.expect("a connection"), server.expect("a connection"));
    // Whatever it is, it carries data both ways.
    let mut buf = [0; 16];
    for (from, to) in [(&client, &server), (&server, &client)] {
        assert_eq!(from.write(b"multipath").await.expect("written"), 9);
        assert_eq!(to.read(&mut buf).await.expect("data"), 9);
        assert_eq!(&buf[..9], b"multipath");
    }
    (client, server)
}

on_every_executor!(
    /// Go: `net.TestMultiPathTCP`
    multi_path_tcp,
    |_: Exec| async move {
        if !has_multipath() {
            return;
        }
        let is_multipath = |conn: &Conn| conn.is_multipath().expect("open");
        let (client, server) = between(Dialer::new().multipath(true), ListenConfig::new().multipath(true)).await;
        assert!(is_multipath(&client) && is_multipath(&server));
        // Off, unless asked for.
        let (client, server) = between(Dialer::new(), ListenConfig::new()).await;
        assert!(!is_multipath(&client) && !is_multipath(&server));
        // A peer that knows nothing of it is served all the same.
        let (client, server) = between(Dialer::new(), ListenConfig::new().multipath(true)).await;
        assert!(!is_multipath(&client) && !is_multipath(&server));
        let (_client, server) = between(Dialer::new().multipath(true), ListenConfig::new()).await;
        assert!(!is_multipath(&server));
    }
);
