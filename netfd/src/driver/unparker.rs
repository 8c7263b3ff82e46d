//! Waking a thread wherever it sleeps: in the poller or beside it.
//!
//! Go: `runtime.notewakeup`
//!
//! ```text
//!               park, driving        event, time-out
//!             ┌──────────────► polling ─────────┐
//!             │                   │ unpark:     │
//!             │                   │ break       ▼
//!   empty ────┤                   ├────────► notified ──► empty
//!             │                   │ unpark:     ▲   the parker's thread takes it
//!             │                   │ futex       │
//!             └──────────────► sleeping ────────┘
//!               park, beside
//! ```

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Wake, Waker};

use foreign::Contained;

use super::role::Class;
use crate::netpoll::shared::Shared;
use crate::sync::{Arc, AtomicU8, AtomicU64, Weak, thread};

const EMPTY: u8 = 0;
const NOTIFIED: u8 = 1;
/// Asleep in the poller: a break wakes it.
const POLLING: u8 = 2;
/// Asleep beside the poller: its thread is unparked.
const SLEEPING: u8 = 3;

/// `since` of a thread that sleeps.
const ASLEEP: u64 = 0;

/// What is called when a worker is held up: somebody else's, and dropped on whatever thread lets go of it last.
pub(super) type HeldUp = Contained<Box<dyn Fn() + Send + Sync>>;

/// Wakes the thread of a [`Parker`](crate::Parker); once, however often it is called before the thread gets up.
#[derive(Clone)]
pub struct Unparker(Arc<Inner>);

pub(super) struct Inner {
    state: AtomicU8,
    pub(super) class: Class,
    thread: thread::Thread,
    /// Not kept: whoever keeps a waker that nobody needs any more is not to keep the poller.
    shared: Weak<Shared>,
    /// When its last heartbeat was, on the poller's clock; only for a worker that is watched.
    since: AtomicU64,
    pub(super) held_up: Option<HeldUp>,
}

impl Unparker {
    pub(super) fn new(shared: &Arc<Shared>, class: Class, held_up: Option<HeldUp>) -> Unparker {
        Unparker(Arc::new(Inner {
            state: AtomicU8::new(EMPTY),
            class,
            thread: thread::current(),
            shared: Arc::downgrade(shared),
            since: AtomicU64::new(ASLEEP),
            held_up,
        }))
    }

    /// Wakes the parker's thread, or keeps it from its next sleep.
    ///
    /// Go: `runtime.notewakeup`
    #[doc(alias = "notewakeup")]
    pub fn unpark(&self) {
        self.0.unpark();
    }

    /// The unparker as a waker.
    pub fn into_waker(self) -> Waker {
        Waker::from(self.0)
    }

    /// Whether its thread sleeps in the poller at this moment: then waking it leaves the poller without a driver.
    pub fn is_driving(&self) -> bool {
        self.0.state.load(Relaxed) == POLLING
    }

    /// The parker's thread does something else until it parks again, and is not to be looked after: it sleeps in another
    /// parker, for instance.
    pub fn step_aside(&self) {
        self.says_asleep();
    }

    pub(super) fn class(&self) -> Class {
        self.0.class
    }

    /// Whether the stand-by looks after its thread.
    pub(super) fn is_watched(&self) -> bool {
        self.0.held_up.is_some()
    }

    /// Tells whoever asked for it that the thread is held up.
    pub(super) fn tell_held_up(&self) {
        if let Some(held_up) = &self.0.held_up {
            held_up.get()();
        }
    }

    /// Whether two unparkers wake the same parker.
    pub(super) fn is(&self, other: &Unparker) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes a notification, if there is one.
    pub(super) fn consume(&self) -> bool {
        self.0.state.load(Relaxed) == NOTIFIED
            // Acquire: what was done before the unpark is seen by the caller.
            && self.0.state.compare_exchange(NOTIFIED, EMPTY, Acquire, Relaxed).is_ok()
    }

    /// About to sleep in the poller; false if there is a notification.
    pub(super) fn begin_polling(&self) -> bool {
        self.0.state.compare_exchange(EMPTY, POLLING, Relaxed, Relaxed).is_ok()
    }

    /// Back from the poller, with or without a notification.
    pub(super) fn end_polling(&self) {
        // Acquire: what was done before the unpark is seen by the caller.
        self.0.state.swap(EMPTY, Acquire);
    }

    /// Sleeps beside the poller until it is notified.
    pub(super) fn sleep(&self) {
        if self.0.state.compare_exchange(EMPTY, SLEEPING, Relaxed, Relaxed).is_ok() {
            while self.0.state.load(Relaxed) == SLEEPING {
                thread::park();
            }
        }
        self.consume();
    }

    pub(super) fn says_asleep(&self) {
        if self.is_watched() {
            self.0.since.store(ASLEEP, Relaxed);
        }
    }

    /// The thread runs; `now` is the time of its last poll, of its getting up, or of the end of a task.
    pub(super) fn says_running(&self, now: u64) {
        if self.is_watched() {
            self.0.since.store(now.max(ASLEEP + 1), Relaxed);
        }
    }

    /// Since when the thread has been running without a heartbeat.
    pub(super) fn running_since(&self) -> Option<u64> {
        Some(self.0.since.load(Relaxed)).filter(|since| *since != ASLEEP)
    }
}

impl Inner {
    fn unpark(&self) {
        // Release: what was done before is seen by the parker's thread.
        match self.state.swap(NOTIFIED, Release) {
            // Whoever sleeps in the poller has it.
            POLLING => self.shared.upgrade().iter().for_each(|shared| shared.break_poll()),
            SLEEPING => self.thread.unpark(),
            _ => {}
        }
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
