//! A thread's way of sleeping: in the poller if it gets the role, beside it if not.
//!
//! Go: `runtime.stopm`, `runtime.notesleep`

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

use foreign::Contained;
use poller::Events;

use super::role::{Announced, Class};
use super::unparker::HeldUp;
use super::{Unparker, lookout};
use crate::Netpoll;
use crate::netpoll::ready_list::ReadyList;
use crate::netpoll::shared::Shared;
use crate::sync::per_thread;

per_thread! {
    /// How many parkers this thread has: one for each nested `block_on`.
    static PARKERS: Cell<u32> = Cell::new(0);
}

per_thread! {
    /// The poller that this thread is a worker of; null if of none.
    static WORKS_FOR: Cell<*const Shared> = Cell::new(std::ptr::null());
}

per_thread! {
    /// What tells the waker of the task that this thread runs from others.
    static RUNS: Cell<*const ()> = Cell::new(std::ptr::null());
}

/// Whether this thread is a worker of the poller.
#[inline]
pub(crate) fn works_for(shared: &Shared) -> bool {
    WORKS_FOR.with(|poller| std::ptr::eq(poller.get(), shared))
}

/// Whether whoever waits with `waker` is the task that this thread, a worker of the poller, runs: it can go on only when
/// this thread is done. Anybody else may be waiting for a poll on another thread, or further up on this one.
#[inline]
pub(crate) fn runs(shared: &Shared, waker: &Waker) -> bool {
    works_for(shared) && RUNS.with(|task| std::ptr::eq(task.get(), waker.data()))
}

/// Whether this thread polls by itself when it runs out of tasks, or has others who do.
pub(crate) fn is_participant() -> bool {
    PARKERS.with(|parkers| parkers.get() > 0)
}

/// What a thread sleeps in that waits or has nothing to run. While it sleeps it drives the poller, if nobody else is to.
///
/// There are two kinds. A worker runs whatever comes; while it sleeps, it or another worker drives. A guest waits for
/// one future; it drives only as long as the poller has no workers, so that no event crosses threads for want of a
/// better place to be found.
///
/// A parker belongs to the thread that made it. When it is dropped, another sleeper or the stand-by thread takes over.
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
///
/// Go: `runtime.notesleep`, `runtime.stopm`
#[doc(alias = "notesleep")]
#[doc(alias = "stopm")]
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
    /// How many events one poll may bring: as many as Go's. What does not fit in comes with the next.
    pub const MOST_EVENTS: usize = 128;

    /// A guest's parker, for the calling thread.
    pub fn new(netpoll: &Netpoll) -> Parker {
        Parker::of(netpoll, Class::Guest, None)
    }

    /// A worker's parker, for the calling thread.
    pub fn for_worker(netpoll: &Netpoll) -> Parker {
        Parker::of(netpoll, Class::Worker, None)
    }

    /// A worker's parker, for the calling thread, which the stand-by looks after 100 times a second while it runs: if
    /// it has neither polled nor given a [heartbeat](Parker::heartbeat) for 0.2 ms, `held_up` is called on the stand-by's thread, to
    /// get somebody else to do its work. It must not block.
    pub fn for_watched_worker(netpoll: &Netpoll, held_up: impl Fn() + Send + Sync + 'static) -> Parker {
        Parker::of(netpoll, Class::Worker, Some(Contained::new(Box::new(held_up))))
    }

    fn of(netpoll: &Netpoll, class: Class, held_up: Option<HeldUp>) -> Parker {
        PARKERS.with(|parkers| parkers.set(parkers.get() + 1));
        let unparker = Unparker::new(&netpoll.shared_arc(), class, held_up);
        let parker = Parker {
            netpoll: netpoll.clone(),
            events: Events::with_capacity(Parker::MOST_EVENTS),
            list: ReadyList::new(),
            unparker,
            thread: PhantomData,
        };
        if class == Class::Worker {
            let (shared, unparker) = (netpoll.shared(), &parker.unparker);
            WORKS_FOR.with(|poller| poller.set(shared));
            if unparker.is_watched() {
                unparker.says_running(shared.now());
                shared.watched.add(unparker.clone());
            }
            if shared.role.add_worker() && unparker.is_watched() {
                shared.rouse(false);
            }
        }
        parker
    }

    /// Says that this thread, which has a worker's parker, is about to poll the task whose waker this is.
    ///
    /// Waits with this waker need no poll while the worker is busy, for its tasks could not go on; waits with any other do, such as in
    /// another executor's `block_on` within the task. A worker that never calls this has each wait counted as another's, and costs the
    /// stand-by 100 looks a second while it runs.
    #[inline]
    pub fn runs(waker: &Waker) {
        RUNS.with(|task| task.set(waker.data()));
    }

    /// Says that this thread is between two of its tasks, and so not held up by one: for a worker that is watched. Each poll
    /// says so, too. It reads the clock: once in several tasks is often enough. Not after [`Unparker::step_aside`], until the
    /// next park, for it would count as running again.
    pub fn heartbeat(&self) {
        if self.unparker.is_watched() {
            self.unparker.says_running(self.netpoll.shared().now());
        }
    }

    /// What wakes this parker's thread.
    pub fn unparker(&self) -> Unparker {
        self.unparker.clone()
    }

    /// Sleeps until it is unparked, or until a poll has woken tasks. It may return for no reason: look at the condition again.
    ///
    /// If this thread has read a piece of 32 KiB or more, and is no guest of a poller that has workers, it polls for 20 µs before it sleeps, as
    /// long as that finds something often enough: so a stream that flows need not wake its reader for each piece.
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
        if lookout::is_due() && self.may_drive() && self.look_out()? {
            return Ok(());
        }
        let shared = self.netpoll.shared();
        if shared.role.take(self.unparker.class()) {
            let driving = Driving { shared, unparker: &self.unparker };
            let polled = if self.unparker.begin_polling() {
                self.unparker.says_asleep();
                shared.poll_blocking(&mut self.events, &mut self.list)
            } else {
                Ok(())
            };
            drop(driving);
            self.list.wake_all();
            polled
        } else {
            self.sleep_beside();
            Ok(())
        }
    }

    fn sleep_beside(&self) {
        let (shared, unparker) = (self.netpoll.shared(), &self.unparker);
        shared.candidates.push(unparker.clone());
        match shared.role.announce(unparker.class()) {
            // It became free this moment: the caller looks for work and comes back for it.
            Announced::Free => {}
            Announced::Held { ask, unwatched } => {
                if ask {
                    shared.break_poll();
                }
                if unwatched {
                    shared.rouse(false);
                }
                unparker.says_asleep();
                unparker.sleep();
                unparker.says_running(shared.now());
                if unparker.is_watched() && shared.role.got_up() {
                    shared.rouse(false);
                }
            }
        }
        shared.candidates.remove(unparker, &shared.role);
    }

    /// Delivers what has happened by now, without sleeping.
    ///
    /// # Errors
    /// What the kernel's wait returns; with a poller that works, none.
    pub fn poll_now(&mut self) -> std::io::Result<()> {
        self.poll_and_wake().map(drop)
    }

    /// [`Parker::poll_now`]; whether anybody was woken.
    fn poll_and_wake(&mut self) -> std::io::Result<bool> {
        let shared = self.netpoll.shared();
        if shared.stands_in.load(Relaxed) && self.unparker.class() == Class::Worker {
            self.ask_back();
        }
        let polled = shared.poll_now(&mut self.events, &mut self.list);
        self.unparker.says_running(shared.last_poll());
        let woken = !self.list.is_empty();
        self.list.wake_all();
        polled.map(|()| woken)
    }

    /// The role is the workers', who poll again.
    #[cold]
    fn ask_back(&self) {
        let shared = self.netpoll.shared();
        if shared.role.is_asked_back() {
            shared.break_poll();
        }
    }

    /// Polls for a moment without sleeping; whether there is a reason not to sleep.
    #[cold]
    fn look_out(&mut self) -> std::io::Result<bool> {
        let begun = self.netpoll.shared().now();
        let found = loop {
            if self.poll_and_wake()? || self.unparker.consume() {
                break true;
            }
            if lookout::is_over(begun, self.netpoll.shared().last_poll()) {
                break false;
            }
        };
        lookout::learn(found);
        Ok(found)
    }

    /// Whether it is this thread's business to poll: a guest that finds others' events would hand them across threads.
    fn may_drive(&self) -> bool {
        self.unparker.class() == Class::Worker || !self.netpoll.shared().role.has_workers()
    }
}

/// The driver role in a parker's hands. It is left however the poll ends, before any task is woken.
struct Driving<'a> {
    shared: &'a Shared,
    unparker: &'a Unparker,
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.unparker.end_polling();
        self.unparker.says_running(self.shared.last_poll());
        let class = self.unparker.class();
        let left = self.shared.role.leave(class, self.unparker.is_watched());
        if class == Class::Guest && left.wanted {
            self.shared.candidates.wake_first(&self.shared.role);
        }
        if left.unwatched {
            self.shared.rouse(false);
        }
    }
}

impl Drop for Parker {
    fn drop(&mut self) {
        PARKERS.with(|parkers| parkers.set(parkers.get() - 1));
        let shared = self.netpoll.shared();
        let (role, candidates) = (&shared.role, &shared.candidates);
        let last_worker = self.unparker.class() == Class::Worker && {
            WORKS_FOR.with(|poller| poller.set(std::ptr::null()));
            if self.unparker.is_watched() {
                shared.watched.remove(&self.unparker);
            }
            role.sub_worker()
        };
        // A guest drives from now on.
        let handed_over = last_worker && candidates.wake_first(role);
        if !handed_over && role.is_orphaned() {
            // A guest that ends takes no worker from its sleep, and is in no hurry: others run, and will poll.
            let may_drive = self.may_drive();
            if !(may_drive && candidates.wake_first(role)) {
                shared.rouse(may_drive && !is_participant());
            }
        }
    }
}
