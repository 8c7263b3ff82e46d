//! Models of the shipped state machines: every interleaving of a few threads, up to a bound of preemptions each states.
//!
//! Only the kernel is faked: events are raised by the model, time moves when the model says so. A wake-up that is lost
//! leaves a model's waiter asleep for ever, which loom reports as a deadlock.

mod deadlines;
mod driver;
mod fd;
mod mutex;
mod park;
mod reuse;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;
use loom::sync::atomic::AtomicUsize;
use loom::thread;
use poller::{Events, Facts, Mode, Token};

use crate::Error;
use crate::netpoll::poll_desc::Direction;
use crate::netpoll::ready_list::ReadyList;
use crate::netpoll::shared::Shared;

/// A task: a thread that sleeps until its waker is woken, and counts how often that was.
struct Task {
    notify: Notify,
    wakes: AtomicUsize,
}

impl Task {
    fn new() -> Arc<Task> {
        Arc::new(Task { notify: Notify::new(), wakes: AtomicUsize::new(0) })
    }

    /// Polls until ready, sleeping in between.
    fn block_on<T>(self: &Arc<Task>, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        let waker = Waker::from(self.clone());
        loop {
            if let Poll::Ready(value) = poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            self.notify.wait();
            // A poll that met a taker woke itself: let the taker go on.
            thread::yield_now();
        }
    }

    fn wakes(&self) -> usize {
        self.wakes.load(SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, SeqCst);
        self.notify.notify();
    }
}

fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // The default of 1,000 is too few for models of the whole descriptor; a real endless loop passes any limit.
    builder.max_branches = 10_000;
    builder.check(run);
}

/// A poller with one descriptor in it.
fn descriptor() -> (Arc<Shared>, Token) {
    let shared = Arc::new(Shared::new().expect("the fake kernel refuses nothing"));
    let token = shared.alloc(3);
    (shared, token)
}

/// A wait as an operation makes it, which knows whether it has parked.
struct Waiting {
    token: Token,
    direction: Direction,
    parked: bool,
}

impl Waiting {
    fn new(token: Token, direction: Direction) -> Waiting {
        Waiting { token, direction, parked: false }
    }

    fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let desc = shared.cache.slot(self.token.slot());
        let polled = match self.parked {
            true if desc.was_handed_readiness(self.direction) => Poll::Ready(Ok(())),
            true => desc.poll_wait_on(self.direction, cx, shared),
            false => desc.poll_wait(self.direction, cx, shared),
        };
        self.parked = polled.is_pending();
        polled.map_err(Error::from)
    }

    /// Polls until the wait has ended, sleeping in between.
    fn end(&mut self, shared: &Shared, task: &Arc<Task>) -> Result<(), Error> {
        task.block_on(|cx| self.poll(shared, cx))
    }

    /// Polls a wait that has no reason to end yet.
    #[track_caller]
    fn go_on(&mut self, shared: &Shared, task: &Arc<Task>) {
        let waker = Waker::from(task.clone());
        assert_eq!(self.poll(shared, &mut Context::from_waker(&waker)), Poll::Pending);
    }

    /// Gives up.
    fn cancel(&self, shared: &Shared) {
        shared.cache.slot(self.token.slot()).cancel(self.direction, shared);
    }
}

/// A wait from its beginning to its end.
fn wait(shared: &Shared, token: Token, direction: Direction, task: &Arc<Task>) -> Result<(), Error> {
    Waiting::new(token, direction).end(shared, task)
}

/// A wait that has no reason to end yet.
#[track_caller]
fn park(shared: &Shared, token: Token, direction: Direction, task: &Arc<Task>) -> Waiting {
    let mut waiting = Waiting::new(token, direction);
    waiting.go_on(shared, task);
    waiting
}

/// Does something on a thread of its own.
fn spawn(shared: &Arc<Shared>, act: impl FnOnce(&Shared) + 'static) -> thread::JoinHandle<()> {
    let shared = shared.clone();
    thread::spawn(move || act(&shared))
}

/// An event comes from the kernel, and somebody polls.
fn event(shared: &Shared, token: Token) {
    shared.poller.raise(token, Mode::Read, Facts::EMPTY);
    poll(shared);
}

fn poll(shared: &Shared) {
    let mut list = ReadyList::new();
    shared.poll_now(&mut Events::default(), &mut list).expect("the fake kernel's wait succeeds");
    list.wake_all();
}
