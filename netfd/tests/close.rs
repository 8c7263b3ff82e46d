//! When `close().await` returns, the kernel's descriptor is gone: also one that lingers, whose close is done elsewhere.
#![cfg(not(loom))]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Duration;

use futures::executor::block_on;
use netfd::{Error, NetFd, Netpoll};

/// A connection of ours, the peer's end, and where the kernel shows our descriptor with the socket behind it.
fn pair() -> (NetFd, TcpStream, (PathBuf, PathBuf)) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address: SocketAddr = listener.local_addr().expect("a bound listener");
    let netpoll = Netpoll::global().expect("a poller");
    let ours = block_on(NetFd::dial("tcp", address, &netpoll)).expect("a connection");
    let (theirs, _) = listener.accept().expect("a connection");
    let place = ours
        .fd()
        .with_socket(|socket| Ok(PathBuf::from(format!("/proc/self/fd/{}", socket.as_raw_fd()))))
        .expect("open");
    let socket = std::fs::read_link(&place).expect("an open descriptor");
    (ours, theirs, (place, socket))
}

/// Whether the descriptor is still that socket; another one may have its number by now.
fn is_open((place, socket): &(PathBuf, PathBuf)) -> bool {
    std::fs::read_link(place).is_ok_and(|now| now == *socket)
}

#[test]
fn the_descriptor_is_gone_when_close_returns() {
    for linger in [None, Some(Duration::ZERO), Some(Duration::from_secs(1))] {
        let (ours, _theirs, descriptor) = pair();
        ours.set_linger(linger).expect("open");
        assert!(is_open(&descriptor));
        assert_eq!(block_on(ours.fd().close()), Ok(()));
        assert!(!is_open(&descriptor), "linger {linger:?}");
        assert_eq!(block_on(ours.fd().close()), Err(Error::Closed));
    }
}

#[test]
fn the_last_handle_to_go_closes() {
    let (ours, mut theirs, descriptor) = pair();
    let second = ours.fd().clone();
    drop(ours);
    assert!(is_open(&descriptor));
    drop(second);
    assert!(!is_open(&descriptor));
    assert_eq!(std::io::Read::read(&mut theirs, &mut [0]).expect("the end"), 0);
}
