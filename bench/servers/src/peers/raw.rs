//! A hand-written epoll loop: the yardstick. Nothing is here that is not needed to do the work.
//!
//! ```text
//!   thread:  wait ──► for each event ──► read what there is, write it ──► wait
//!              ▲                               │
//!              └── a connection's one epoll_ctl, edge-triggered; a read that came short is the last
//! ```
//!
//! A short read has drained a TCP socket, unless the peer's end or urgent data is what stopped it; the event tells of both,
//! and then reads go on until there is nothing. What comes after the event is an edge of its own.
//!
//! Each thread has an epoll of its own with the one listener in it, which wakes only one of them. Connections go round
//! robin to the threads.

use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::{Mode, Options, bind, fail};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::{Errno, read, write};
use rustix::net::{SocketFlags, accept_with};

/// How many events one wait fetches at most.
const EVENTS: usize = 1024;

/// No connection: descriptor 0 is never one of ours.
const LISTENER: u64 = 0;

/// What a short read does not tell, and the event does.
const MORE: EventFlags =
    EventFlags::RDHUP.union(EventFlags::PRI).union(EventFlags::HUP).union(EventFlags::ERR);

const READS: EventFlags =
    EventFlags::ET.union(EventFlags::IN).union(EventFlags::RDHUP).union(EventFlags::PRI);

/// What it does.
pub const MODES: &[Mode] = Mode::WITHOUT_DEADLINES;

/// Serves until the process ends; `ready` is told where.
pub fn serve(options: Options, ready: impl FnOnce(SocketAddr)) {
    let (listener, address) = bind(options.address);
    let epolls = (0..options.workers).map(|_| epoll_with(&listener)).collect();
    let shared = Arc::new(Shared { listener, epolls, next: AtomicUsize::new(0), options });
    ready(address);
    match options.mode {
        Mode::Sink => work(&shared, Conn::sink),
        Mode::Source => work(&shared, Conn::source),
        _ => work(&shared, Conn::echo),
    }
}

/// Has every thread do `serve` at each event; each mode has a loop of its own, in which it is inlined.
fn work(shared: &Arc<Shared>, serve: impl Serve) -> ! {
    for worker in 1..shared.epolls.len() {
        let shared = shared.clone();
        std::thread::spawn(move || Worker::new(&shared, worker, serve).run());
    }
    Worker::new(shared, 0, serve).run()
}

/// An epoll that tells of the listener as long as there is somebody to accept, to one thread only.
fn epoll_with(listener: &TcpListener) -> OwnedFd {
    let made = epoll::create(CreateFlags::CLOEXEC).and_then(|epoll| {
        let flags = EventFlags::IN | EventFlags::EXCLUSIVE;
        epoll::add(&epoll, listener, EventData::new_u64(LISTENER), flags).map(|()| epoll)
    });
    made.unwrap_or_else(|error| fail("epoll", error))
}

struct Shared {
    listener: TcpListener,
    epolls: Vec<OwnedFd>,
    /// Whose turn it is to be given a connection.
    next: AtomicUsize,
    options: Options,
}

/// What is done when there is an event for a connection.
trait Serve: Fn(&mut Conn, &OwnedFd, EventFlags) -> Stop + Copy + Send + 'static {}

impl<F: Fn(&mut Conn, &OwnedFd, EventFlags) -> Stop + Copy + Send + 'static> Serve for F {}

struct Worker<'a, S> {
    shared: &'a Shared,
    epoll: &'a OwnedFd,
    /// By descriptor. A connection comes here with its first event, for another thread may have accepted it.
    conns: Vec<Option<Box<Conn>>>,
    serve: S,
}

struct Conn {
    buf: Box<[u8]>,
    /// The part of `buf` that is still to be written; its end is 0 if there is none.
    pending: Range<usize>,
    /// Whether room to write is asked for.
    asked: bool,
    fd: OwnedFd,
}

impl<'a, S: Serve> Worker<'a, S> {
    fn new(shared: &'a Shared, worker: usize, serve: S) -> Worker<'a, S> {
        Worker { shared, epoll: &shared.epolls[worker], conns: Vec::new(), serve }
    }

    fn run(mut self) -> ! {
        let mut events = [MaybeUninit::uninit(); EVENTS];
        loop {
            let ready: &[Event] = match epoll::wait(self.epoll, &mut events, None) {
                Ok((ready, _)) => ready,
                Err(Errno::INTR) => &[],
                Err(error) => fail("epoll", error),
            };
            for event in ready {
                match event.data.u64() {
                    LISTENER => self.accept(),
                    fd => self.serve(fd as usize, event.flags),
                }
            }
        }
    }
}

impl<S: Serve> Worker<'_, S> {
    /// Accepts whoever is there.
    #[cold]
    fn accept(&mut self) {
        loop {
            match accept_with(&self.shared.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(conn) => self.hand_out(conn),
                // There is nobody else, or another thread was first.
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => fail("accept", error),
            }
        }
    }

    /// Gives a connection to the thread whose turn it is.
    fn hand_out(&mut self, conn: OwnedFd) {
        let epolls = &self.shared.epolls;
        let epoll = match &epolls[..] {
            [one] => one,
            several => &several[self.shared.next.fetch_add(1, Relaxed) % several.len()],
        };
        // Its thread makes it an owned one again, and may be about to do so: nothing of it is used here after the add.
        let fd = conn.into_raw_fd();
        // SAFETY: nobody has closed it yet, for nobody else knows of it before the add.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let reads = match self.shared.options.mode {
            Mode::Source => READS | EventFlags::OUT,
            _ => READS,
        };
        if let Err(error) = epoll::add(epoll, borrowed, EventData::new_u64(fd as u64), reads) {
            fail("epoll", error);
        }
    }

    #[inline]
    fn serve(&mut self, fd: usize, flags: EventFlags) {
        let (serve, epoll) = (self.serve, self.epoll);
        let conn = match self.conns.get_mut(fd) {
            Some(Some(conn)) => conn,
            _ => self.admit(fd),
        };
        if serve(conn, epoll, flags) == Stop::Closed {
            // The last descriptor goes, and so does its place in the epoll.
            self.conns[fd] = None;
        }
    }

    /// A connection's first event.
    #[cold]
    fn admit(&mut self, fd: usize) -> &mut Conn {
        if fd >= self.conns.len() {
            self.conns.resize_with(fd + 1, || None);
        }
        // SAFETY: the thread that accepted it let go of it and put it into this epoll, which is this thread's alone.
        let owned = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        self.conns[fd].insert(Box::new(Conn {
            buf: vec![0; self.shared.options.buffer].into(),
            pending: 0..0,
            asked: self.shared.options.mode == Mode::Source,
            fd: owned,
        }))
    }
}

impl Conn {
    #[inline]
    fn echo(&mut self, epoll: &OwnedFd, flags: EventFlags) -> Stop {
        // After what an earlier event left, and after the end or urgent data, reads go on until there is nothing.
        let mut more = flags.intersects(MORE);
        if self.pending.end > 0 {
            if let Some(stop) = self.write_pending(epoll) {
                return stop;
            }
            more = true;
        }
        loop {
            let read = match read(&self.fd, &mut self.buf[..]) {
                Ok(0) => return Stop::Closed,
                Ok(read) => read,
                Err(error) => return Stop::on(error),
            };
            match write(&self.fd, &self.buf[..read]) {
                Ok(written) if written == read => {}
                some => {
                    self.pending = some.unwrap_or(0)..read;
                    if let Some(stop) = self.write_pending(epoll) {
                        return stop;
                    }
                }
            }
            if read < self.buf.len() && !more {
                return Stop::Waits;
            }
        }
    }

    /// Writes what is left; why it stopped before that was done.
    #[cold]
    fn write_pending(&mut self, epoll: &OwnedFd) -> Option<Stop> {
        while !self.pending.is_empty() {
            match write(&self.fd, &self.buf[self.pending.clone()]) {
                Ok(written) => self.pending.start += written,
                Err(Errno::AGAIN) => return Some(self.ask_for_room(epoll)),
                Err(error) => return Some(Stop::on(error)),
            }
        }
        self.pending = 0..0;
        None
    }

    /// The second epoll_ctl of a connection whose peer does not take what it is sent.
    #[cold]
    fn ask_for_room(&mut self, epoll: &OwnedFd) -> Stop {
        if self.asked {
            return Stop::Waits;
        }
        self.asked = true;
        let data = EventData::new_u64(self.fd.as_raw_fd() as u64);
        match epoll::modify(epoll, &self.fd, data, READS | EventFlags::OUT) {
            Ok(()) => Stop::Waits,
            Err(_) => Stop::Closed,
        }
    }

    fn sink(&mut self, _: &OwnedFd, flags: EventFlags) -> Stop {
        loop {
            match read(&self.fd, &mut self.buf[..]) {
                Ok(0) => return Stop::Closed,
                Ok(read) if read < self.buf.len() && !flags.intersects(MORE) => return Stop::Waits,
                Ok(_) => {}
                Err(error) => return Stop::on(error),
            }
        }
    }

    fn source(&mut self, _: &OwnedFd, _: EventFlags) -> Stop {
        loop {
            match write(&self.fd, &self.buf[self.pending.start..]) {
                Ok(written) => self.pending.start = (self.pending.start + written) % self.buf.len(),
                Err(error) => return Stop::on(error),
            }
        }
    }
}

/// Why a connection has its thread go on to the next event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// There is nothing to do before the next event.
    Waits,
    Closed,
}

impl Stop {
    fn on(error: Errno) -> Stop {
        match error {
            Errno::AGAIN => Stop::Waits,
            _ => Stop::Closed,
        }
    }
}
