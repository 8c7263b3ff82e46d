//! A socket that is bound to the very port that it dials, where nobody listens, is connected to itself. The kernel may
//! choose such a port by chance.
//!
//! Go: `net.selfConnect`

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use conn::{Addr, Dialer, Error};
use integration_tests::on_every_executor;
use integration_tests::unanswered::Refusing;
use rustix::io::Errno;

/// A port of loopback that was free a moment ago.
fn free() -> SocketAddr {
    Refusing::anywhere().address()
}

on_every_executor!(
    /// Go: `net.selfConnect`
    self_connect,
    |_| async {
        let address = free();
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = tries.clone();
        // The first socket gets the port, as if the kernel had chosen it.
        let dialer = Dialer::new().control(move |socket| match counted.fetch_add(1, Relaxed) {
            0 => Ok(rustix::net::bind(socket.socket, &address)?),
            _ => Ok(()),
        });
        let error = dialer.dial("tcp", &address.to_string()).await.unwrap_err();
        assert_eq!(error.cause(), &Error::os("connect", Errno::CONNREFUSED.raw_os_error()));
        assert_eq!(tries.load(Relaxed), 2);
    }
);

on_every_executor!(nobody_who_listens_nowhere_is_connected_to, |_| async {
    let address = free();
    for _ in 0..500 {
        match Dialer::new().dial("tcp", &address.to_string()).await {
            // Somebody else may have been given the port meanwhile.
            Ok(conn) => assert_ne!(conn.local_addr(), conn.remote_addr()),
            Err(error) => assert_eq!(error.cause(), &Error::os("connect", Errno::CONNREFUSED.raw_os_error())),
        }
    }
});

on_every_executor!(whoever_asks_for_the_port_is_connected_to_itself, |_| async {
    let address = free();
    let dialer = Dialer::new().local_addr(address);
    let conn = dialer.dial("tcp", &address.to_string()).await.expect("a connection to itself");
    assert_eq!((conn.local_addr(), conn.remote_addr()), (Some(Addr::Tcp(address)), Some(Addr::Tcp(address))));
    conn.write(b"echo").await.expect("written");
    let mut back = [0; 8];
    assert_eq!(conn.read(&mut back).await.expect("data"), 4);
    assert_eq!(&back[..4], b"echo");
});
