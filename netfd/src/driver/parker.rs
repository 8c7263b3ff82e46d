//! A thread's way of sleeping: in the poller if the role is free, beside it if not.
//!
//! Go: `runtime.stopm`, `runtime.notewakeup`

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Wake, Waker};

use poller::Events;

use super::role::Announced;
use crate::Netpoll;
use crate::netpoll::ready_list::ReadyList;
use crate::netpoll::shared::Shared;
use crate::sync::{Arc, AtomicU8, thread, thread_local};

const EMPTY: u8 = 0;
const NOTIFIED: u8 = 1;
/// Asleep in the poller: a break wakes it.
const POLLING: u8 = 2;
/// Asleep beside the poller: its thread is unparked.
const SLEEPING: u8 = 3;

thread_local! {
    /// How many parkers this thread has: one for each nested `block_on`.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro takes no const block")]
    static PARKERS: Cell<u32> = Cell::new(0);
}

/// Whether this thread polls by itself when it runs out of tasks.
pub(crate) fn is_participant() -> bool {
    PARKERS.with(|parkers| parkers.get() > 0)
}

/// What a thread that runs tasks sleeps in. While it sleeps it drives the poller, if nobody else does.
///
/// It belongs to the thread that made it. When it is dropped, another sleeper or the stand-by thread takes over.
///
/// ```
/// use std::future::Future;
/// use std::task::{Context, Poll};
///
/// let netpoll = netfd::Netpoll::global()?;
/// let mut parker = netfd::Parker::new(&netpoll);
/// let waker = parker.unparker().into_waker();
/// let mut timer = std::pin::pin!(netfd::Timer::after(&netpoll, std::time::Duration::from_millis(1)));
/// while timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
///     parker.park()?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Parker {
    netpoll: Netpoll,
    events: Events,
    /// Empty between calls; kept for its memory.
    list: ReadyList,
    unparker: Unparker,
    /// A parker belongs to one thread.
    thread: PhantomData<*const ()>,
}

impl Parker {
    /// A parker for the calling thread.
    pub fn new(netpoll: &Netpoll) -> Parker {
        PARKERS.with(|parkers| parkers.set(parkers.get() + 1));
        let inner =
            Inner { state: AtomicU8::new(EMPTY), thread: thread::current(), shared: netpoll.shared_arc() };
        let unparker = Unparker(Arc::new(inner));
        Parker {
            netpoll: netpoll.clone(),
            events: Events::default(),
            list: ReadyList::new(),
            unparker,
            thread: PhantomData,
        }
    }

    /// What wakes this parker's thread.
    pub fn unparker(&self) -> Unparker {
        self.unparker.clone()
    }

    /// Sleeps until it is unparked, an event was delivered, or for no reason at all.
    ///
    /// # Errors
    /// What the kernel's wait returns; with a poller that works, none.
    ///
    /// Go: `runtime.findRunnable`
    #[doc(alias = "findRunnable")]
    pub fn park(&mut self) -> std::io::Result<()> {
        if self.unparker.consume() {
            return Ok(());
        }
        let shared = self.netpoll.shared();
        if shared.role.take() {
            let driving = Driving { shared, state: &self.unparker.0.state };
            let polled = match driving.state.compare_exchange(EMPTY, POLLING, Relaxed, Relaxed) {
                Ok(_) => shared.poll_blocking(&mut self.events, &mut self.list),
                Err(_) => Ok(()),
            };
            drop(driving);
            self.list.wake_all();
            polled
        } else {
            shared.candidates.push(self.unparker.clone());
            match shared.role.announce() {
                // It became free this moment: the caller looks for work and comes back for it.
                Announced::Free => {}
                Announced::Held { by_standby } => {
                    if by_standby {
                        shared.break_poll();
                    }
                    self.unparker.sleep();
                }
            }
            shared.candidates.remove(&self.unparker, &shared.role);
            Ok(())
        }
    }

    /// Delivers what has happened by now, without sleeping.
    ///
    /// # Errors
    /// What the kernel's wait returns; with a poller that works, none.
    pub fn poll_now(&mut self) -> std::io::Result<()> {
        let polled = self.netpoll.shared().poll_now(&mut self.events, &mut self.list);
        self.list.wake_all();
        polled
    }
}

/// The driver role in a parker's hands. It is left however the poll ends, before any task is woken.
struct Driving<'a> {
    shared: &'a Shared,
    state: &'a AtomicU8,
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        // Acquire: what was done before the unpark is seen by the caller.
        self.state.swap(EMPTY, Acquire);
        if self.shared.role.leave() {
            self.shared.rouse(false);
        }
    }
}

impl Drop for Parker {
    fn drop(&mut self) {
        PARKERS.with(|parkers| parkers.set(parkers.get() - 1));
        let shared = self.netpoll.shared();
        if shared.role.is_orphaned() && !shared.candidates.wake_first(&shared.role) {
            shared.rouse(!is_participant());
        }
    }
}

/// Wakes the thread of a [`Parker`]; once, however often it is called before the thread gets up.
#[derive(Clone)]
pub struct Unparker(Arc<Inner>);

struct Inner {
    state: AtomicU8,
    thread: thread::Thread,
    shared: Arc<Shared>,
}

impl Unparker {
    /// Wakes the parker's thread, or keeps it from its next sleep.
    pub fn unpark(&self) {
        // Release: what was done before is seen by the parker's thread.
        match self.0.state.swap(NOTIFIED, Release) {
            POLLING => self.0.shared.break_poll(),
            SLEEPING => self.0.thread.unpark(),
            _ => {}
        }
    }

    /// The unparker as a waker.
    pub fn into_waker(self) -> Waker {
        Waker::from(self.0)
    }

    /// Whether two unparkers wake the same parker.
    pub(crate) fn is(&self, other: &Unparker) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes a notification, if there is one.
    fn consume(&self) -> bool {
        self.0.state.compare_exchange(NOTIFIED, EMPTY, Acquire, Relaxed).is_ok()
    }

    /// Sleeps beside the poller until it is notified.
    fn sleep(&self) {
        if self.0.state.compare_exchange(EMPTY, SLEEPING, Relaxed, Relaxed).is_ok() {
            while self.0.state.load(Relaxed) == SLEEPING {
                thread::park();
            }
        }
        self.consume();
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        Unparker(self).unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Unparker(self.clone()).unpark();
    }
}
