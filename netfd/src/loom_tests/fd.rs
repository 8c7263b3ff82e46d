//! The whole descriptor over a socket of the model's kernel: reads that skip their try, and close against everything.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::thread;
use poller::Poller;

use super::{Task, model, poll};
use crate::sys::{Peer, pair};
use crate::{Error, Fd, Netpoll, OpState};

/// A socket in a poller of its own, as a TCP socket if `proven`; and the other end of it.
fn socket(proven: bool) -> (Netpoll, Fd, Arc<Peer>) {
    let netpoll = Netpoll::without_standby();
    let (socket, peer) = pair(7);
    let fd = Fd::new(socket, &netpoll).expect("the fake kernel refuses nothing");
    if proven {
        fd.prove_short_reads();
    }
    (netpoll, fd, Arc::new(peer))
}

/// What a peer does, with the poll that delivers it, on a thread of its own.
fn meanwhile(
    netpoll: &Netpoll,
    peer: &Arc<Peer>,
    act: impl FnOnce(&Peer, &Poller) + 'static,
) -> thread::JoinHandle<()> {
    let (netpoll, peer) = (netpoll.clone(), peer.clone());
    thread::spawn(move || {
        act(&peer, &netpoll.shared().poller);
        poll(netpoll.shared());
    })
}

/// One read with room to spare, so that it is always short.
fn read(task: &Arc<Task>, fd: &Fd) -> Result<usize, Error> {
    let mut op = OpState::new();
    task.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0; 8]))
}

/// A read that is polled once and waits.
fn parked(fd: &Fd, task: &Arc<Task>) -> OpState {
    let mut op = OpState::new();
    let waker = Waker::from(task.clone());
    assert!(fd.poll_read(&mut Context::from_waker(&waker), &mut op, &mut [0; 8]).is_pending());
    op
}

/// The drained mark: a byte that comes around a short read is read, though the next read skips its try.
/// Preemption bound 3.
#[test]
fn a_read_that_skips_its_try_strands_no_byte() {
    model(3, || {
        let (netpoll, fd, peer) = socket(true);
        peer.send(&netpoll.shared().poller, b"a");
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send(poller, b"b"));
        let task = Task::new();
        let mut bytes = 0;
        while bytes < 2 {
            bytes += read(&task, &fd).unwrap();
        }
        kernel.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// The drained mark: the end of a stream that comes in one edge with the last byte is read. Preemption bound 3.
#[test]
fn a_read_that_skips_its_try_strands_no_end() {
    model(3, || {
        let (netpoll, fd, peer) = socket(true);
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send_and_end(poller, b"a"));
        let task = Task::new();
        assert_eq!(read(&task, &fd), Ok(1));
        assert_eq!(read(&task, &fd), Ok(0));
        assert_eq!(read(&task, &fd), Ok(0));
        kernel.join().unwrap();
    });
}

/// The drained mark: what comes behind an operation that read short first and full then is read. Preemption bound 3.
#[test]
fn a_read_that_is_short_first_and_full_then_strands_no_byte() {
    model(3, || {
        let (netpoll, fd, peer) = socket(true);
        peer.send(&netpoll.shared().poller, b"a");
        poll(netpoll.shared());
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send(poller, b"bc"));
        let task = Task::new();
        let (mut op, mut room, mut filled) = (OpState::new(), [0; 2], 0);
        let mut room = &mut room[..];
        assert_eq!(task.block_on(|cx| fd.poll_read_full(cx, &mut op, &mut room, &mut filled)), Ok(()));
        assert_eq!(read(&task, &fd), Ok(1));
        kernel.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// A socket with as many full reads behind it, in a model two, that those to come are told what they leave.
fn telling_socket() -> (Netpoll, Fd, Arc<Peer>) {
    let (netpoll, fd, peer) = socket(true);
    for _ in 0..2 {
        peer.send_quietly(b"a");
        assert_eq!(read_full(&Task::new(), &fd), Ok(1));
    }
    (netpoll, fd, peer)
}

/// One read that a byte fills.
fn read_full(task: &Arc<Task>, fd: &Fd) -> Result<usize, Error> {
    let mut op = OpState::new();
    task.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0]))
}

/// The drained mark: what comes behind a full read is read, whether the read was told of it or an edge tells. Preemption bound 3.
#[test]
fn a_full_read_that_is_told_what_it_leaves_strands_no_byte() {
    model(3, || {
        let (netpoll, fd, peer) = telling_socket();
        let task = Task::new();
        // It waits first, so that the first event is used up with it.
        let mut op = parked(&fd, &task);
        let others = netpoll.clone();
        let kernel = thread::spawn(move || {
            for bytes in [&b"ab"[..], b"c"] {
                peer.send(&others.shared().poller, bytes);
                poll(others.shared());
            }
        });
        assert_eq!(task.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0])), Ok(1));
        assert_eq!(read_full(&task, &fd), Ok(1));
        assert_eq!(read_full(&task, &fd), Ok(1));
        kernel.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// The drained mark: the end of a stream that comes in one edge with the byte that fills a read is read. Preemption bound 3.
#[test]
fn a_full_read_that_is_told_what_it_leaves_strands_no_end() {
    model(3, || {
        let (netpoll, fd, peer) = telling_socket();
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send_and_end(poller, b"a"));
        let task = Task::new();
        assert_eq!(read_full(&task, &fd), Ok(1));
        assert_eq!(read_full(&task, &fd), Ok(0));
        kernel.join().unwrap();
    });
}

/// The drained mark: a read that is polled again though nobody woke it knows what the event told that it finds. Preemption
/// bound 3.
#[test]
fn a_read_that_is_polled_unasked_strands_no_end() {
    model(3, || {
        let (netpoll, fd, peer) = socket(true);
        let task = Task::new();
        let mut op = parked(&fd, &task);
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send_and_end(poller, b"a"));
        // On a thread that learns of the event from the word alone.
        let reader = thread::spawn(move || {
            assert_eq!(task.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0; 8])), Ok(1));
            assert_eq!(read(&Task::new(), &fd), Ok(0));
        });
        kernel.join().unwrap();
        reader.join().unwrap();
    });
}

/// The drained mark: an end whose edge finds the word ready is known to the read that consumes that. Preemption bound 3.
#[test]
fn an_end_that_meets_readiness_is_not_stranded() {
    model(3, || {
        let (netpoll, fd, peer) = socket(true);
        peer.send(&netpoll.shared().poller, b"a");
        poll(netpoll.shared());
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send_and_end(poller, b"b"));
        let task = Task::new();
        let mut bytes = 0;
        while bytes < 2 {
            bytes += read(&task, &fd).unwrap();
        }
        assert_eq!(read(&task, &fd), Ok(0));
        kernel.join().unwrap();
    });
}

/// The drained mark: a read that begins after raw access was given tries, for what comes may raise no edge any more.
/// Preemption bound 3.
#[test]
fn raw_access_ends_the_skipping_of_tries() {
    model(3, || {
        let (netpoll, fd, peer) = socket(true);
        let task = Task::new();
        // It waits first, so that the event is used up with it.
        let mut op = parked(&fd, &task);
        peer.send(&netpoll.shared().poller, b"a");
        poll(netpoll.shared());
        let raw = {
            let fd = fd.clone();
            thread::spawn(move || fd.with_socket(|_| Ok(())).unwrap())
        };
        assert_eq!(task.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0; 8])), Ok(1));
        raw.join().unwrap();
        peer.send_quietly(b"b");
        assert_eq!(read(&task, &fd), Ok(1));
    });
}

/// A read that is dropped while close evicts it: neither is disturbed, and the socket is closed once.
/// Preemption bound 3.
#[test]
fn a_read_is_dropped_while_its_descriptor_is_closed() {
    model(3, || {
        let (netpoll, fd, peer) = socket(false);
        let op = parked(&fd, &Task::new());
        let closer = {
            let fd = fd.clone();
            thread::spawn(move || {
                let mut close = std::pin::pin!(fd.close());
                Task::new().block_on(|cx| close.as_mut().poll(cx)).unwrap();
            })
        };
        drop(op);
        closer.join().unwrap();
        assert_eq!(peer.closes(), 1);
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// A read that is dropped while its descriptor is closed and another gets its slot: the other's wait is not disturbed.
/// Preemption bound 2.
#[test]
fn a_read_is_dropped_while_another_gets_its_slot() {
    model(2, || {
        let (netpoll, fd, _peer) = socket(false);
        let op = parked(&fd, &Task::new());
        let dropper = thread::spawn(move || drop(op));
        drop(fd.close());
        let (next, next_peer) = pair(8);
        let next = Fd::new(next, &netpoll).unwrap();
        let task = Task::new();
        let mut op = parked(&next, &task);
        next_peer.send(&netpoll.shared().poller, b"a");
        poll(netpoll.shared());
        assert_eq!(task.wakes(), 1);
        assert_eq!(task.block_on(|cx| next.poll_read(cx, &mut op, &mut [0; 8])), Ok(1));
        dropper.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// A read that is polled again while close evicts it: it ends with the closed error, the socket is closed once, and the
/// close does not wait for it. Preemption bound 2.
#[test]
fn a_read_is_polled_while_its_descriptor_is_closed() {
    model(2, || {
        let (netpoll, fd, peer) = socket(false);
        let task = Task::new();
        let mut op = parked(&fd, &task);
        let reader = {
            let fd = fd.clone();
            thread::spawn(move || {
                assert_eq!(task.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0; 8])), Err(Error::Closed));
            })
        };
        let mut close = std::pin::pin!(fd.close());
        Task::new().block_on(|cx| close.as_mut().poll(cx)).unwrap();
        assert_eq!(peer.closes(), 1);
        reader.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// A descriptor that is closed while its slot's next user parks: the close wakes nobody but its own. Preemption bound 2.
#[test]
fn a_close_leaves_the_next_user_of_its_slot_alone() {
    model(2, || {
        let (netpoll, fd, _peer) = socket(false);
        let op = parked(&fd, &Task::new());
        let closer = thread::spawn(move || drop(fd.close()));
        // Opened before the close has ended, it has another slot; after it, the same one.
        let (next, next_peer) = pair(8);
        let next = Fd::new(next, &netpoll).unwrap();
        let kernel = meanwhile(&netpoll, &Arc::new(next_peer), |peer, poller| peer.send(poller, b"a"));
        assert_eq!(read(&Task::new(), &next), Ok(1));
        closer.join().unwrap();
        kernel.join().unwrap();
        drop(op);
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// A read that is dropped while somebody polls, whether or not its event comes: neither its waker nor its count is left
/// behind. Preemption bound 3.
#[test]
fn a_dropped_read_leaves_nothing_in_place() {
    for bytes in [&b"a"[..], b""] {
        model(3, move || {
            let (netpoll, fd, peer) = socket(true);
            let task = Task::new();
            let op = parked(&fd, &task);
            let kernel = meanwhile(&netpoll, &peer, move |peer, poller| {
                if !bytes.is_empty() {
                    peer.send(poller, bytes);
                }
            });
            drop(op);
            kernel.join().unwrap();
            assert_eq!(Arc::strong_count(&task), 1, "a waker was left behind");
            assert_eq!(netpoll.shared().role.waiters(), 0);
        });
    }
}

/// Two reads of one descriptor, the first of which is dropped: the second gets what comes. Preemption bound 2.
#[test]
fn a_dropped_read_hands_the_socket_on() {
    model(2, || {
        let (netpoll, fd, peer) = socket(true);
        let first = parked(&fd, &Task::new());
        let second = Task::new();
        let mut op = OpState::new();
        let waker = Waker::from(second.clone());
        let queued = fd.poll_read(&mut Context::from_waker(&waker), &mut op, &mut [0; 8]);
        assert_eq!(queued, Poll::Pending);
        let kernel = meanwhile(&netpoll, &peer, |peer, poller| peer.send(poller, b"a"));
        let dropper = thread::spawn(move || drop(first));
        assert_eq!(second.block_on(|cx| fd.poll_read(cx, &mut op, &mut [0; 8])), Ok(1));
        kernel.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}
