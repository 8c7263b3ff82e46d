//! The look-out for more of a stream before a thread sleeps: when there is one, that it ends, and that nothing is missed in it.
//!
//! The polls of a thread are seen by the poller's traces.
#![cfg(all(target_os = "linux", not(loom)))]

use std::fmt::Debug;
use std::io::{IoSliceMut, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use netfd::{Fd, Netpoll, Parker};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

/// Listens to a thread's polls, and does something at the first that does not sleep.
struct Listener {
    /// Whether each poll might have slept.
    polls: Arc<Mutex<Vec<bool>>>,
    at_first_look: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

/// The delay of a poll.
#[derive(Default)]
struct Delay(Option<String>);

impl Visit for Delay {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "delay" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "poller"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut delay = Delay::default();
        event.record(&mut delay);
        let Some(delay) = delay.0 else { return };
        self.polls.lock().unwrap().push(delay != "Now");
        let then = self.at_first_look.lock().unwrap().take_if(|_| delay == "Now");
        then.into_iter().for_each(|then| then());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        unreachable!("the poller opens no spans")
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Parks once, and returns which of its polls might have slept.
fn polls_of_park(parker: &mut Parker, at_first_look: impl FnOnce() + Send + 'static) -> Vec<bool> {
    let polls = Arc::default();
    let at_first_look: Box<dyn FnOnce() + Send> = Box::new(at_first_look);
    let listener = Listener { polls: Arc::clone(&polls), at_first_look: Mutex::new(Some(at_first_look)) };
    tracing::subscriber::with_default(listener, || parker.park().expect("a poller that works"));
    let polls = polls.lock().unwrap();
    polls.clone()
}

fn pair(netpoll: &Netpoll) -> (Fd, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    ours.set_nonblocking(true).expect("a mode");
    (Fd::new(OwnedFd::from(ours), netpoll).expect("a descriptor"), theirs)
}

/// Reads a piece of so many bytes, which is there at once.
fn read_piece(fd: &Fd, peer: &mut UnixStream, length: usize) {
    peer.write_all(&vec![7; length]).expect("it fits in");
    let mut buf = vec![0; length];
    let mut read = pin!(fd.read(&mut buf));
    let mut poll = || read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    // Once in a while it gives way to others first.
    let polled = if let Poll::Ready(read) = poll() { Poll::Ready(read) } else { poll() };
    assert!(matches!(polled, Poll::Ready(Ok(read)) if read == length), "{polled:?}");
}

/// Unparks a thread once it sleeps in the kernel.
fn unpark_when_asleep(parker: &Parker) -> std::thread::JoinHandle<()> {
    let (unparker, thread) = (parker.unparker(), rustix::thread::gettid());
    let stat = format!("/proc/self/task/{}/stat", thread.as_raw_nonzero());
    std::thread::spawn(move || {
        let sleeps = || {
            let stat = std::fs::read_to_string(&stat).expect("a thread of this process");
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
        };
        while !sleeps() {
            std::thread::yield_now();
        }
        unparker.unpark();
    })
}

const PIECE: usize = 64 << 10;

/// One test at a time: a subscriber's lock that another one holds would be a sleep, and be taken for that of the park.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn after_a_piece_of_a_stream_a_thread_looks_for_more_and_then_sleeps() {
    let _alone = alone();
    let netpoll = Netpoll::new().expect("a poller");
    let mut parker = Parker::new(&netpoll);
    let (fd, mut peer) = pair(&netpoll);
    read_piece(&fd, &mut peer, PIECE);
    let unparks = unpark_when_asleep(&parker);
    let polls = polls_of_park(&mut parker, || {});
    let (sleep, looks) = polls.split_last().expect("it polled");
    assert!(*sleep && !looks.is_empty() && looks.iter().all(|slept| !slept), "{polls:?}");
    unparks.join().expect("it unparks");
    // It was told once.
    let unparks = unpark_when_asleep(&parker);
    assert_eq!(polls_of_park(&mut parker, || {}), [true]);
    unparks.join().expect("it unparks");
}

#[test]
fn after_a_small_read_it_sleeps_at_once() {
    let _alone = alone();
    let netpoll = Netpoll::new().expect("a poller");
    let mut parker = Parker::new(&netpoll);
    let (fd, mut peer) = pair(&netpoll);
    read_piece(&fd, &mut peer, 4 << 10);
    let unparks = unpark_when_asleep(&parker);
    assert_eq!(polls_of_park(&mut parker, || {}), [true]);
    unparks.join().expect("it unparks");
}

#[test]
fn a_piece_in_several_buffers_or_in_one_that_grows_counts_too() {
    let _alone = alone();
    let netpoll = Netpoll::new().expect("a poller");
    let mut parker = Parker::new(&netpoll);
    let (fd, mut peer) = pair(&netpoll);
    let cx = &mut Context::from_waker(Waker::noop());
    let mut looks = |read: &dyn Fn(&mut Context<'_>)| {
        peer.write_all(&[7; PIECE]).expect("it fits in");
        read(cx);
        let unparks = unpark_when_asleep(&parker);
        let polls = polls_of_park(&mut parker, || {});
        unparks.join().expect("it unparks");
        polls.len() > 1
    };
    assert!(looks(&|cx| {
        let (mut one, mut other) = (vec![0; PIECE / 2], vec![0; PIECE / 2]);
        let bufs = &mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut other)];
        assert!(matches!(pin!(fd.read_vectored(bufs)).poll(cx), Poll::Ready(Ok(PIECE))));
    }));
    assert!(looks(&|cx| {
        let mut buf = Vec::with_capacity(PIECE);
        assert!(matches!(pin!(fd.read_buf(&mut buf)).poll(cx), Poll::Ready(Ok(PIECE))));
    }));
}

#[test]
fn an_unpark_while_it_looks_keeps_it_from_its_sleep() {
    let _alone = alone();
    let netpoll = Netpoll::new().expect("a poller");
    let mut parker = Parker::new(&netpoll);
    let (fd, mut peer) = pair(&netpoll);
    read_piece(&fd, &mut peer, PIECE);
    let unparker = parker.unparker();
    // If it slept.
    let unparks = unpark_when_asleep(&parker);
    assert_eq!(polls_of_park(&mut parker, move || unparker.unpark()), [false]);
    unparks.join().expect("it unparks");
}

#[test]
fn what_comes_while_it_looks_wakes_its_task() {
    let _alone = alone();
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, SeqCst);
        }
    }

    let netpoll = Netpoll::new().expect("a poller");
    let mut parker = Parker::new(&netpoll);
    let (fd, mut peer) = pair(&netpoll);
    read_piece(&fd, &mut peer, PIECE);
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut buf = [0];
    let mut read = pin!(fd.read(&mut buf));
    assert!(read.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    // If it slept.
    let unparks = unpark_when_asleep(&parker);
    polls_of_park(&mut parker, move || peer.write_all(b"more").expect("written"));
    unparks.join().expect("it unparks");
    assert!(woken.0.load(SeqCst));
    assert!(read.poll(&mut Context::from_waker(&waker)).is_ready());
}

/// It would find what workers wait for, and wake it on the wrong thread.
#[test]
fn a_guest_leaves_it_to_the_workers() {
    let _alone = alone();
    let netpoll = Netpoll::new().expect("a poller");
    let mut guest = Parker::new(&netpoll);
    let (tell, told) = channel();
    let (end, ends) = channel::<()>();
    let worker = std::thread::spawn({
        let netpoll = netpoll.clone();
        move || {
            let _worker = Parker::for_worker(&netpoll);
            tell.send(()).expect("the test listens");
            // It runs something, until the test is over.
            ends.recv().expect_err("nothing is sent");
        }
    });
    told.recv().expect("a worker");
    let (fd, mut peer) = pair(&netpoll);
    read_piece(&fd, &mut peer, PIECE);
    let unparks = unpark_when_asleep(&guest);
    assert_eq!(polls_of_park(&mut guest, || {}), [false; 0]);
    unparks.join().expect("it unparks");
    drop(end);
    worker.join().expect("it ends");
}

/// Each `block_on` has a parker of its own.
#[test]
fn what_one_parker_learns_the_next_one_knows() {
    let _alone = alone();
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = pair(&netpoll);
    let mut park_after_a_piece = || {
        let mut parker = Parker::new(&netpoll);
        read_piece(&fd, &mut peer, PIECE);
        let unparks = unpark_when_asleep(&parker);
        let polls = polls_of_park(&mut parker, || {});
        unparks.join().expect("it unparks");
        polls
    };
    assert!(park_after_a_piece().len() > 1, "it looks");
    let looks = (0..200).filter(|_| park_after_a_piece().len() > 1).count();
    assert!((50..=150).contains(&looks), "{looks} looks in vain");
}
