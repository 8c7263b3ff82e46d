//! When `close().await` returns, the kernel's descriptor is gone: also one that lingers, whose close is done elsewhere.
#![cfg(not(loom))]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::executor::block_on;
use netfd::{Addr, Control, Error, NetFd, Netpoll, SocketConfig};

/// A connection of ours, the peer's end, and where the kernel shows our descriptor with the socket behind it.
fn pair() -> (NetFd, TcpStream, (PathBuf, PathBuf)) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address: SocketAddr = listener.local_addr().expect("a bound listener");
    let netpoll = Netpoll::global().expect("a poller");
    let ours = block_on(NetFd::dial("tcp", address, &netpoll)).expect("a connection");
    let (theirs, _) = listener.accept().expect("a connection");
    let descriptor = shown(&ours);
    (ours, theirs, descriptor)
}

/// Where the kernel shows a descriptor, with the socket behind it. Its number is what `Debug` tells: one that was lent would
/// be closed with more care.
fn shown(ours: &NetFd) -> (PathBuf, PathBuf) {
    let text = format!("{:?}", ours.fd());
    let number = text.split("number: ").nth(1).and_then(|rest| rest.split(',').next());
    let place = PathBuf::from(format!("/proc/self/fd/{}", number.expect("it tells its number")));
    let socket = std::fs::read_link(&place).expect("an open descriptor");
    (place, socket)
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

/// The kernel's close blocks until the peer has taken what was sent, and holds up nobody here.
#[test]
fn a_close_that_lingers_is_done_elsewhere() {
    let (ours, theirs, descriptor) = pair();
    ours.set_linger(Some(Duration::from_secs(20))).expect("open");
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(written) = Box::pin(ours.fd().write_some(&[0; 1 << 16])).as_mut().poll(&mut cx) {
        written.expect("written");
    }
    let mut closing = Box::pin(ours.fd().close());
    assert!(closing.as_mut().poll(&mut cx).is_pending(), "this thread has done the close");
    drop(ours);
    // With data that nobody has read it resets the connection.
    drop(theirs);
    assert_eq!(block_on(closing), Ok(()));
    assert!(!is_open(&descriptor));
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

/// A waker of which tests count the handles; its wake panics if it is told to.
#[derive(Default)]
struct Odd {
    panics: bool,
}

impl Wake for Odd {
    fn wake(self: Arc<Self>) {
        assert!(!self.panics, "on purpose, in a waker");
    }
}

#[test]
fn a_close_that_is_not_waited_for_leaves_no_waker() {
    let odd = Arc::new(Odd::default());
    let waker = Waker::from(odd.clone());
    let (ours, _theirs, descriptor) = pair();
    ours.set_linger(Some(Duration::from_secs(1))).expect("open");
    // While the socket is lent it cannot go.
    ours.fd()
        .with_socket(|_| {
            let mut closing = Box::pin(ours.fd().close());
            assert!(closing.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(Arc::strong_count(&odd) > 2, "the waker is kept");
            drop(closing);
            assert_eq!(Arc::strong_count(&odd), 2, "the waker is given back");
            assert!(is_open(&descriptor));
            Ok(())
        })
        .expect("open");
}

#[test]
fn wakers_that_panic_keep_nobody_from_the_end() {
    let waker = Waker::from(Arc::new(Odd { panics: true }));
    let mut cx = Context::from_waker(&waker);
    let (ours, _theirs, descriptor) = pair();
    let (mut first, mut second, mut third) = ([0; 1], [0; 1], [0; 1]);
    let fd = ours.fd();
    // The first reader parks in the poller; the others queue for its lock.
    let mut parked = Box::pin(fd.read(&mut first));
    let mut queued = Box::pin(fd.read(&mut second));
    let mut last = Box::pin(fd.read(&mut third));
    for reader in [&mut parked, &mut queued, &mut last] {
        assert!(reader.as_mut().poll(&mut cx).is_pending());
    }
    // It hands its lock to the second, whose waker panics: that is not the first one's affair.
    drop(parked);
    assert!(queued.as_mut().poll(&mut cx).is_pending(), "it has the lock now, and parks");
    let mut closing = Box::pin(fd.close());
    assert!(!is_open(&descriptor), "closed, though the wakers of all who wait panicked");
    assert!(matches!(closing.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
    for reader in [&mut queued, &mut last] {
        assert!(matches!(reader.as_mut().poll(&mut cx), Poll::Ready(Err(Error::Closed))));
    }
}

#[test]
fn a_close_whose_waker_panics_is_done_all_the_same() {
    let waker = Waker::from(Arc::new(Odd { panics: true }));
    let (ours, _theirs, descriptor) = pair();
    let mut closing = ours
        .fd()
        .with_socket(|_| {
            let mut closing = Box::pin(ours.fd().close());
            assert!(closing.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            Ok(closing)
        })
        .expect("the last reference destroys, and its wake panics");
    assert!(!is_open(&descriptor));
    assert_eq!(block_on(closing.as_mut()), Ok(()));
}

/// How many of this process's pollers know a socket. By its inode: its number may be another's by now.
fn registrations((_, socket): &(PathBuf, PathBuf)) -> usize {
    let inode =
        socket.to_str().and_then(|name| name.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
    let inode: u64 = inode.expect("a socket's name has its inode");
    let own = std::fs::read_dir("/proc/self/fdinfo").expect("Linux has it");
    let texts = own.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok()).collect::<String>();
    let sources = texts.lines().filter(|line| line.starts_with("tfd:"));
    sources.filter(|line| line.contains(&format!(" ino:{inode:x} "))).count()
}

/// A way to come by a duplicate.
type Way = fn(&NetFd) -> OwnedFd;

/// However somebody came by it. A close takes a socket out of the poller by a call of its own only if it was given out.
#[test]
fn a_duplicate_that_lives_on_is_not_left_in_the_poller() {
    let copy = |socket: BorrowedFd<'_>| socket.try_clone_to_owned().expect("a duplicate");
    let ways: [(&str, Way); 5] = [
        ("duplicate", |ours| ours.fd().duplicate().expect("open")),
        ("borrow", |ours| {
            ours.fd().borrow().expect("open").as_fd().try_clone_to_owned().expect("a duplicate")
        }),
        ("with_socket", |ours| {
            ours.fd()
                .with_socket(|socket| Ok(socket.try_clone_to_owned().expect("a duplicate")))
                .expect("open")
        }),
        ("raw_read", |ours| {
            let mut taken = None;
            let take = |socket: BorrowedFd<'_>| taken.insert(socket.try_clone_to_owned()).is_ok();
            block_on(ours.fd().raw_read(take)).expect("open");
            taken.expect("it was called").expect("a duplicate")
        }),
        ("raw_write", |ours| {
            let mut taken = None;
            let take = |socket: BorrowedFd<'_>| taken.insert(socket.try_clone_to_owned()).is_ok();
            block_on(ours.fd().raw_write(take)).expect("open");
            taken.expect("it was called").expect("a duplicate")
        }),
    ];
    for (way, duplicate) in ways {
        let (ours, _theirs, descriptor) = pair();
        let duplicate = duplicate(&ours);
        assert_eq!(registrations(&descriptor), 1, "{way}");
        block_on(ours.fd().close()).expect("closed once");
        assert_eq!(registrations(&descriptor), 0, "{way}: its events would go on");
        drop(duplicate);
    }
    // By the program's hook, before it was in the poller.
    let netpoll = Netpoll::global().expect("a poller");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = Addr::from(listener.local_addr().expect("a bound listener"));
    let (tell, told) = std::sync::mpsc::channel();
    let hook: Control = Arc::new(move |made| tell.send(copy(made.socket)).map_err(std::io::Error::other));
    let config = SocketConfig::new(&netpoll).control(Some(hook));
    let ours = block_on(config.dial("tcp", None, &address, None)).expect("a connection");
    let descriptor = shown(&ours);
    assert_eq!(registrations(&descriptor), 1);
    drop(ours);
    assert_eq!(registrations(&descriptor), 0, "the hook has a duplicate");
    drop(told);
    // By whoever made it.
    let theirs = TcpStream::connect(listener.local_addr().expect("a bound listener")).expect("a connection");
    let duplicate = theirs.try_clone().expect("a duplicate");
    let ours = NetFd::import(theirs.into(), &netpoll).expect("imported");
    let descriptor = shown(&ours);
    drop(ours);
    assert_eq!(registrations(&descriptor), 0, "its maker has a duplicate");
    drop(duplicate);
    // And a socket that is given away alive.
    let (ours, _theirs, descriptor) = pair();
    let socket = block_on(ours.fd().release()).expect("open");
    assert_eq!(registrations(&descriptor), 0);
    drop(socket);
}
