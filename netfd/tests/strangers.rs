//! Other people's code in the poller's way: wakers that block, destructors and buffers that panic, executors that are late.
#![cfg(not(loom))]

use std::future::Future;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bytes::Buf;
use futures::executor::block_on;
use netfd::{Fd, Mode, Netpoll, OpState, Parker, Timer};

fn pair(netpoll: &Netpoll) -> (Fd, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("a flag of descriptors");
    (Fd::new(OwnedFd::from(ours), netpoll).expect("registered"), theirs)
}

/// A waker that waits for a timer of the poller that calls it, on that thread.
struct Blocks {
    netpoll: Netpoll,
    done: Mutex<Sender<()>>,
}

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        let mut parker = Parker::new(&self.netpoll);
        let waker = parker.unparker().into_waker();
        let mut timer = pin!(Timer::after(&self.netpoll, Duration::from_millis(5)));
        while timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            parker.park().expect("the kernel's wait succeeds");
        }
        self.done.lock().expect("nobody panicked").send(()).expect("the test listens");
    }
}

#[test]
fn a_waker_that_waits_for_the_poller_that_wakes_it_gets_its_timer() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = pair(&netpoll);
    let (done, told) = channel();
    let waker = Waker::from(Arc::new(Blocks { netpoll: netpoll.clone(), done: Mutex::new(done) }));
    let mut op = OpState::new();
    assert!(fd.poll_read(&mut Context::from_waker(&waker), &mut op, &mut [0; 8]).is_pending());
    peer.write_all(b"a").expect("written");
    told.recv().expect("the timer fires on the stand-by's thread");
    // And the stand-by goes on afterwards.
    let (other, mut peer) = pair(&netpoll);
    let reader = std::thread::spawn(move || block_on(other.read(&mut [0; 8])));
    peer.write_all(b"b").expect("written");
    assert_eq!(reader.join().expect("the reader does not panic"), Ok(1));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose, in a destructor");
    }
}

#[test]
fn the_stand_by_outlives_what_is_dropped_on_its_thread() {
    let netpoll = Netpoll::new().expect("a poller");
    let (calls, called) = channel();
    let (tell, told) = channel::<()>();
    let told = Mutex::new(told);
    let bomb = Bomb;
    let held_up = move || {
        let _owned = &bomb;
        let _ = calls.send(std::thread::current().name().map(str::to_owned));
        // Until the worker's own end is gone: the stand-by has the last one then.
        let _ = told.lock().expect("nobody panicked").recv();
    };
    let parker = Parker::for_watched_worker(&netpoll, held_up);
    // It runs, and has not polled for long.
    assert_eq!(called.recv().expect("it is called").as_deref(), Some("netpoll"));
    drop(parker);
    drop(tell);
    let timer = Timer::after(&netpoll, Duration::from_millis(1));
    let waits = std::thread::spawn(move || block_on(timer));
    waits.join().expect("the stand-by fires it");
}

/// Tells that it was woken.
struct Tells(Mutex<Sender<()>>);

impl Wake for Tells {
    fn wake(self: Arc<Self>) {
        self.0.lock().expect("nobody panicked").send(()).expect("the test listens");
    }
}

#[test]
fn data_that_woke_a_read_counts_though_its_deadline_passes_before_it_is_polled() {
    let netpoll = Netpoll::new().expect("a poller");
    let (fd, mut peer) = pair(&netpoll);
    let deadline = Instant::now() + Duration::from_millis(100);
    fd.set_deadline(Mode::Read, Some(deadline)).expect("open");
    let (tell, told) = channel();
    let waker = Waker::from(Arc::new(Tells(Mutex::new(tell))));
    let mut cx = Context::from_waker(&waker);
    let (mut op, mut buf) = (OpState::new(), [0; 8]);
    if fd.poll_read(&mut cx, &mut op, &mut buf).is_ready() {
        return; // A machine so busy that the deadline has passed by now.
    }
    peer.write_all(b"hi").expect("written");
    told.recv().expect("woken by the data, or else by the deadline");
    let in_time = Instant::now() < deadline;
    // A timer that is due later fires later: by then the deadline has, however long the machine takes.
    let left = deadline.saturating_duration_since(Instant::now());
    block_on(Timer::after(&netpoll, left + Duration::from_millis(1)));
    if in_time {
        assert_eq!(fd.poll_read(&mut cx, &mut op, &mut buf), Poll::Ready(Ok(2)));
    }
    // What begins afterwards is too late, data or not.
    peer.write_all(b"ho").expect("written");
    let late = fd.poll_read(&mut cx, &mut OpState::new(), &mut buf);
    assert_eq!(late, Poll::Ready(Err(netfd::Error::DeadlineExceeded)));
}

#[test]
fn a_timer_that_is_reset_while_a_task_waits_wakes_it_at_the_new_time() {
    let netpoll = Netpoll::new().expect("a poller");
    let (tell, told) = channel();
    let waker = Waker::from(Arc::new(Tells(Mutex::new(tell))));
    let mut cx = Context::from_waker(&waker);
    let mut timer = Box::pin(Timer::after(&netpoll, Duration::from_secs(3600)));
    assert!(timer.as_mut().poll(&mut cx).is_pending());
    let start = Instant::now();
    timer.reset(Duration::from_millis(5));
    // It is not polled in between.
    told.recv().expect("woken");
    assert!(start.elapsed() >= Duration::from_millis(5));
    assert!(timer.as_mut().poll(&mut cx).is_ready());
    // One that has fired can be used again.
    timer.reset(Duration::from_millis(1));
    block_on(timer.as_mut());
}

/// A buffer that panics when it is asked for what it has.
struct NoBuffer;

impl Buf for NoBuffer {
    fn remaining(&self) -> usize {
        1
    }

    fn chunk(&self) -> &[u8] {
        panic!("on purpose, in a buffer")
    }

    fn advance(&mut self, _: usize) {}
}

#[test]
fn an_operation_whose_buffer_panics_leaves_nothing_behind() {
    let netpoll = Netpoll::new().expect("a poller");
    let ((first, mut peer), (second, mut other_peer)) = (pair(&netpoll), pair(&netpoll));
    let mut op = OpState::new();
    let mut cx = Context::from_waker(Waker::noop());
    let full = vec![0; 1 << 20];
    assert!(first.poll_write(&mut cx, &mut op, &full, &mut 0).is_pending());
    peer.set_nonblocking(true).expect("a flag of descriptors");
    // Until the poller has told that there is room.
    while catch_unwind(AssertUnwindSafe(|| {
        assert!(first.poll_write_all_from(&mut cx, &mut op, &mut NoBuffer).is_pending());
    }))
    .is_ok()
    {
        let _ = peer.read(&mut [0; 1 << 16]);
    }
    // Neither the descriptor: its peer comes to the end.
    drop(first);
    peer.set_nonblocking(false).expect("a flag of descriptors");
    peer.read_to_end(&mut Vec::new()).expect("there is an end");
    // Nor the state: the next operation begins with it.
    other_peer.write_all(b"b").expect("written");
    let mut buf = [0; 8];
    assert_eq!(block_on(std::future::poll_fn(|cx| second.poll_read(cx, &mut op, &mut buf))), Ok(1));
}
