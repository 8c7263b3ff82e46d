//! Reads that skip their try, on a real kernel: what a short read leaves behind is read all the same.
//!
//! Each test reads with room to spare, so that every read is short, and lets the poller run in between.
#![cfg(not(loom))]

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use futures::executor::block_on;
use netfd::{NetFd, Netpoll, Timer};
use socket2::SockRef;

/// A connection of ours, and the peer's end as the standard library has it.
fn pair(netpoll: &Netpoll) -> (NetFd, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("a bound listener");
    let ours = block_on(NetFd::dial("tcp", address, netpoll)).expect("a connection");
    (ours, listener.accept().expect("a connection").0)
}

fn read(fd: &NetFd) -> Vec<u8> {
    let mut buf = [0; 64];
    let length = block_on(fd.fd().read(&mut buf)).expect("no error");
    buf[..length].to_vec()
}

/// Lets the poller deliver what has come.
fn settle(netpoll: &Netpoll) {
    block_on(Timer::after(netpoll, Duration::from_millis(20)));
}

#[test]
fn bytes_behind_urgent_data_are_read() {
    let netpoll = Netpoll::global().expect("a poller");
    for settled in [true, false] {
        let (fd, mut peer) = pair(&netpoll);
        peer.write_all(b"before").expect("sent");
        SockRef::from(&peer).send_out_of_band(b"!").expect("sent");
        peer.write_all(b"behind").expect("sent");
        if settled {
            settle(&netpoll);
        }
        let mut read_so_far = read(&fd);
        while read_so_far.len() < 12 {
            read_so_far.extend(read(&fd));
        }
        assert_eq!(read_so_far, b"beforebehind");
    }
}

#[test]
fn an_end_that_came_with_the_last_bytes_is_read() {
    let netpoll = Netpoll::global().expect("a poller");
    for settled in [true, false] {
        let (fd, mut peer) = pair(&netpoll);
        peer.write_all(b"last").expect("sent");
        drop(peer);
        if settled {
            settle(&netpoll);
        }
        assert_eq!(read(&fd), b"last");
        assert_eq!(read(&fd), b"");
        assert_eq!(read(&fd), b"");
    }
}

#[test]
fn a_thousand_short_reads_miss_nothing() {
    let netpoll = Netpoll::global().expect("a poller");
    let (fd, mut peer) = pair(&netpoll);
    let sender = std::thread::spawn(move || {
        for number in 0..1000_u32 {
            peer.write_all(&number.to_be_bytes()).expect("sent");
        }
    });
    let mut bytes = Vec::new();
    while bytes.len() < 4000 {
        bytes.extend(read(&fd));
    }
    let numbers = bytes.chunks_exact(4).map(|number| u32::from_be_bytes(number.try_into().expect("four")));
    assert!(numbers.eq(0..1000));
    sender.join().expect("the sender does not panic");
}
