//! Reads that skip their try, on a real kernel: what a read leaves behind that seemed to empty the socket is read all the same.
//!
//! Most tests read with room to spare, so that every read is short, and let the poller run in between. Those of full reads
//! read so often in vain first that they are told what they leave.
#![cfg(not(loom))]

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use bytes::BufMut;
use futures::executor::block_on;
use netfd::{Addr, Mode, NetFd, Netpoll, Timer};
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

/// Has the kernel tell of bytes only when there are many.
fn tell_of_many(fd: &NetFd) {
    let set = |socket: BorrowedFd<'_>| {
        let lowest: libc::c_int = 1000;
        // SAFETY: the option is an int, and the pointer and the length are those of one that lives until the call returns.
        let set = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVLOWAT,
                (&raw const lowest).cast(),
                size_of_val(&lowest) as libc::socklen_t,
            )
        };
        assert_eq!(set, 0);
        Ok(())
    };
    fd.fd().with_socket(set).expect("open");
}

/// A deadline for the next reads. Only a failure takes so long.
fn limit(fd: &NetFd) {
    fd.fd().set_deadline(Mode::Read, Some(Instant::now() + Duration::from_secs(10))).expect("open");
}

/// Raw access may change when the socket counts as readable: then bytes come that no event tells of, and a read has to try.
#[test]
fn bytes_that_no_event_tells_of_are_read() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = pair(&netpoll);
    peer.write_all(b"first").expect("sent");
    assert_eq!(read(&fd), b"first");
    settle(&netpoll);
    tell_of_many(&fd);
    peer.write_all(b"few").expect("sent");
    settle(&netpoll);
    limit(&fd);
    assert_eq!(read(&fd), b"few");
}

/// And what was set on a listener its connections have from birth.
#[test]
fn bytes_that_no_event_tells_of_are_read_from_what_was_accepted() {
    let netpoll = Netpoll::new().expect("a poller");
    let local = Addr::from(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = NetFd::listen("tcp", &local, &netpoll).expect("a listener");
    tell_of_many(&listener);
    let address = listener.local_addr().and_then(|addr| addr.as_socket_addr()).expect("bound");
    let mut peer = TcpStream::connect(address).expect("a connection");
    let fd = block_on(listener.accept()).expect("a connection");
    limit(&fd);
    for few in [b"one", b"two"] {
        peer.write_all(few).expect("sent");
        settle(&netpoll);
        assert_eq!(read(&fd), few);
    }
}

/// A read of a Unix socket stops at a descriptor that travels with a byte, and no event tells that there is more.
#[test]
fn bytes_behind_a_descriptor_are_read() {
    let netpoll = Netpoll::new().expect("a poller");
    let (ours, theirs) = UnixStream::pair().expect("two sockets");
    let fd = NetFd::import(ours.into(), &netpoll).expect("registered");
    let theirs = NetFd::import(theirs.into(), &netpoll).expect("registered");
    let file = std::fs::File::open("/dev/null").expect("Linux has it");
    for _ in 0..2 {
        block_on(theirs.fd().send_descriptors(b"one", &[file.as_fd()])).expect("sent");
    }
    settle(&netpoll);
    limit(&fd);
    assert_eq!(read(&fd), b"one");
    assert_eq!(read(&fd), b"one");
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

/// What fills each read of a full buffer.
const FULL: usize = 4;

fn read_full(fd: &NetFd) -> Vec<u8> {
    let mut buf = [0; FULL];
    let length = block_on(fd.fd().read(&mut buf)).expect("no error");
    buf[..length].to_vec()
}

/// A connection whose full reads are told what they leave: it has had many.
fn told(netpoll: &Netpoll) -> (NetFd, TcpStream) {
    let (fd, mut peer) = pair(netpoll);
    limit(&fd);
    for _ in 0..50 {
        peer.write_all(b"full").expect("sent");
        assert_eq!(read_full(&fd), b"full");
    }
    assert!(tells(number(&fd)), "it does not tell after many full reads");
    (fd, peer)
}

fn number(fd: &NetFd) -> RawFd {
    let shown = format!("{:?}", fd.fd());
    let number = shown.split("number: ").nth(1).and_then(|rest| rest.split(',').next());
    number.and_then(|number| number.parse().ok()).expect("a descriptor shows its number")
}

/// Whether a socket tells its readers what they leave, asked behind the back of its descriptor.
fn tells(number: RawFd) -> bool {
    let mut value: libc::c_int = -1;
    let mut length = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the option is an int, and the pointers are those of values that live until the call returns.
    let got = unsafe {
        libc::getsockopt(number, libc::IPPROTO_TCP, libc::TCP_INQ, (&raw mut value).cast(), &raw mut length)
    };
    assert_eq!(got, 0);
    value != 0
}

/// Whether a socket tells after many messages, each read by one `read`.
fn tells_after_many(message: &[u8], read: impl Fn(&NetFd) -> Vec<u8>) -> bool {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = pair(&netpoll);
    limit(&fd);
    for _ in 0..100 {
        peer.write_all(message).expect("sent");
        assert_eq!(read(&fd), message);
    }
    tells(number(&fd))
}

#[test]
fn only_full_reads_that_can_be_told_ask_to_be() {
    assert!(tells_after_many(b"full", read_full));
    assert!(!tells_after_many(b"few", read), "short reads have emptied the socket");
    let into_room = |fd: &NetFd| {
        let mut buf = bytes::BytesMut::new().limit(FULL);
        assert_eq!(block_on(fd.fd().read_buf(&mut buf)), Ok(FULL));
        buf.into_inner().to_vec()
    };
    assert!(!tells_after_many(b"full", into_room), "room that is not initialized");
}

#[test]
fn what_lies_behind_a_full_read_that_was_told_of_it_is_read() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = told(&netpoll);
    for settled in [true, false, true] {
        peer.write_all(b"onetwo and more").expect("sent");
        if settled {
            settle(&netpoll);
        }
        let mut bytes = Vec::new();
        while bytes.len() < 15 {
            bytes.extend(read_full(&fd));
        }
        assert_eq!(bytes, b"onetwo and more");
    }
}

#[test]
fn an_end_that_came_with_the_bytes_that_fill_a_read_is_read() {
    let netpoll = Netpoll::new().expect("a poller");
    for settled in [true, false] {
        let (fd, mut peer) = told(&netpoll);
        peer.write_all(b"last").expect("sent");
        drop(peer);
        if settled {
            settle(&netpoll);
        }
        assert_eq!(read_full(&fd), b"last");
        assert_eq!(read_full(&fd), b"");
    }
}

#[test]
fn a_reset_that_came_with_the_bytes_that_fill_a_read_is_an_error() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = told(&netpoll);
    peer.write_all(b"last").expect("sent");
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("an option of sockets");
    drop(peer);
    settle(&netpoll);
    // The kernel may throw away what came before the reset.
    let mut buf = [0; FULL];
    let error = loop {
        match block_on(fd.fd().read(&mut buf)) {
            Ok(read) => assert_eq!(&buf[..read], b"last"),
            Err(error) => break io::Error::from(error),
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
}

#[test]
fn bytes_behind_urgent_data_that_stopped_a_full_read_are_read() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = told(&netpoll);
    peer.write_all(b"full").expect("sent");
    SockRef::from(&peer).send_out_of_band(b"!").expect("sent");
    peer.write_all(b"rest").expect("sent");
    settle(&netpoll);
    assert_eq!(read_full(&fd), b"full");
    assert_eq!(read_full(&fd), b"rest");
}

/// A socket that others have is as it was, and its reads try.
#[test]
fn who_is_given_a_socket_finds_it_telling_nothing() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = told(&netpoll);
    tell_of_many(&fd);
    assert!(!tells(number(&fd)));
    for few in [b"one!", b"two!"] {
        peer.write_all(few).expect("sent");
        settle(&netpoll);
        assert_eq!(read_full(&fd), few);
    }
    let (fd, _peer) = told(&netpoll);
    let socket = block_on(fd.fd().release()).expect("it is open");
    assert!(!tells(socket.as_raw_fd()));
}
