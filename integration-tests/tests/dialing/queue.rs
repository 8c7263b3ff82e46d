//! How many may wait to be accepted, and a port that two listeners share.

use std::time::Duration;

use conn::{Conn, Dialer, dial};
use futures::future::{Either, select};
use integration_tests::on_every_executor;
use integration_tests::pair::listening;
use listener::{ListenConfig, Listener};
use rustix::io::Errno;
use rustix::net::sockopt;

use crate::assert_timed_out;

on_every_executor!(a_backlog_of_one_lets_two_wait, |_| async {
    let listener = ListenConfig::new().backlog(1).listen("tcp", "127.0.0.1:0").await.expect("a listener");
    let address = listener.addr().expect("a bound listener").to_string();
    let hurried = Dialer::new().timeout(Duration::from_millis(200));
    // Linux counts one more than it is told.
    let mut waiting = vec![];
    for _ in 0..2 {
        waiting.push(dial("tcp", &address).await.expect("room in the queue"));
    }
    assert_timed_out(hurried.dial("tcp", &address).await);
    // Whoever is accepted makes room.
    let first = listener.accept().await.expect("one who waits");
    assert_eq!(first.remote_addr(), waiting[0].local_addr());
    waiting.push(dial("tcp", &address).await.expect("room in the queue"));
    assert_timed_out(hurried.dial("tcp", &address).await);
});

on_every_executor!(unless_set_the_backlog_is_what_the_kernel_grants, |_| async {
    let (_listener, address) = listening().await;
    let granted = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux says so");
    let granted: usize = granted.trim().parse().expect("a number");
    let mut waiting = vec![];
    for _ in 0..granted.min(50) {
        waiting.push(dial("tcp", &address).await.expect("room in the queue"));
    }
});

/// A listener that shares its port with others who want that too.
async fn sharing(address: &str) -> Listener {
    let config =
        ListenConfig::new().control(|socket| Ok(sockopt::set_socket_reuseport(socket.socket, true)?));
    config.listen("tcp", address).await.expect("a port to share")
}

/// Dials, and tells which of the two has accepted it.
async fn accepted_by(address: &str, one: &Listener, other: &Listener) -> (usize, Conn, Conn) {
    let client = dial("tcp", address).await.expect("a connection");
    let (which, server) = match select(Box::pin(one.accept()), Box::pin(other.accept())).await {
        Either::Left((server, _)) => (0, server),
        Either::Right((server, _)) => (1, server),
    };
    let server = server.expect("a connection");
    assert_eq!(server.remote_addr(), client.local_addr());
    (which, client, server)
}

on_every_executor!(two_listeners_share_a_port_if_both_are_asked_to, |_| async {
    let one = sharing("127.0.0.1:0").await;
    let address = one.addr().expect("a bound listener").to_string();
    // It takes the word of both.
    let alone = listener::listen("tcp", &address).await.unwrap_err();
    assert_eq!(alone.raw_os_error(), Some(Errno::ADDRINUSE.raw_os_error()));
    let other = sharing(&address).await;
    assert_eq!(one.addr(), other.addr());
    // The kernel deals by the ports of the clients: 200 for one and none for the other is nothing that happens.
    let mut dealt = [0, 0];
    for _ in 0..200 {
        let (which, ..) = accepted_by(&address, &one, &other).await;
        dealt[which] += 1;
    }
    assert!(dealt.iter().all(|dealt| *dealt > 0), "{dealt:?}");
    // Once one has gone, the other gets them all.
    other.close().await.expect("closed once");
    for _ in 0..20 {
        let (client, server) = futures::join!(dial("tcp", &address), one.accept());
        assert_eq!(client.expect("a connection").local_addr(), server.expect("a connection").remote_addr());
    }
});
