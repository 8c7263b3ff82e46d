//! Models of the shipped state machines: every interleaving of a few threads, up to a bound of preemptions each states.
//!
//! Only the kernel is faked: events are raised by the model, time moves when the model says so. A wake-up that is lost
//! leaves a model's waiter asleep for ever, which loom reports as a deadlock.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;
use loom::sync::atomic::AtomicUsize;
use loom::thread;
use poller::{Events, Facts, Mode, Token};

use crate::Error;
use crate::cell::GuardedCell;
use crate::fd_mutex::FdMutex;
use crate::netpoll::poll_desc::Direction::{self, Read, Write};
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
    builder.check(run);
}

/// A poller with one descriptor in it.
fn descriptor() -> (Arc<Shared>, Token) {
    let shared = Arc::new(Shared::new().expect("the fake kernel refuses nothing"));
    let token = shared.alloc();
    (shared, token)
}

fn wait(
    shared: &Shared,
    token: Token,
    direction: Direction,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    shared.cache.slot(token.slot()).poll_wait(token.sequence(), direction, cx, shared)
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

/// Readiness against park. Preemption bound 3.
#[test]
fn readiness_that_comes_while_a_task_parks_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let kernel = {
            let shared = shared.clone();
            thread::spawn(move || event(&shared, token))
        };
        let task = Task::new();
        assert_eq!(task.block_on(|cx| wait(&shared, token, Read, cx)), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// Close against park. Preemption bound 3.
#[test]
fn a_close_that_comes_while_a_task_parks_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || shared.cache.slot(token.slot()).evict(token, &shared))
        };
        let task = Task::new();
        assert_eq!(task.block_on(|cx| wait(&shared, token, Read, cx)), Err(Error::Closed));
        closer.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A deadline in the past against park. Preemption bound 3.
#[test]
fn a_past_deadline_that_is_set_while_a_task_parks_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let setter = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(0), &shared);
            })
        };
        let task = Task::new();
        assert_eq!(task.block_on(|cx| wait(&shared, token, Read, cx)), Err(Error::DeadlineExceeded));
        setter.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A timer against park. Preemption bound 2.
#[test]
fn a_deadline_that_fires_while_a_task_parks_is_not_lost() {
    model(2, || {
        let (shared, token) = descriptor();
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Both, Some(10), &shared);
        shared.clock.set(10);
        let driver = {
            let shared = shared.clone();
            thread::spawn(move || poll(&shared))
        };
        let task = Task::new();
        assert_eq!(task.block_on(|cx| wait(&shared, token, Write, cx)), Err(Error::DeadlineExceeded));
        driver.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A deadline that is cleared while it fires: a wait that it moved on goes on waiting, and the event that follows is
/// seen. Preemption bound 2.
#[test]
fn a_deadline_that_is_cleared_while_it_fires_costs_no_readiness() {
    model(2, || {
        let (shared, token) = descriptor();
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(10), &shared);
        shared.clock.set(10);
        let task = Task::new();
        let waker = Waker::from(task.clone());
        let first = wait(&shared, token, Read, &mut Context::from_waker(&waker));
        assert_eq!(first, Poll::Pending);
        let driver = {
            let shared = shared.clone();
            thread::spawn(move || poll(&shared))
        };
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, None, &shared);
        event(&shared, token);
        assert_eq!(task.block_on(|cx| wait(&shared, token, Read, cx)), Ok(()));
        driver.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// Readiness and close together: one outcome, one wake at most. Preemption bound 2.
#[test]
fn readiness_and_close_together_wake_a_task_once() {
    model(2, || {
        let (shared, token) = descriptor();
        let task = Task::new();
        let waker = Waker::from(task.clone());
        assert!(wait(&shared, token, Read, &mut Context::from_waker(&waker)).is_pending());
        let kernel = {
            let shared = shared.clone();
            thread::spawn(move || event(&shared, token))
        };
        shared.cache.slot(token.slot()).evict(token, &shared);
        kernel.join().unwrap();
        assert_eq!(task.wakes(), 1);
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A second poll with another waker against readiness: the waker that is woken is one of the two, and if it is the old
/// one the poll has seen the readiness. Preemption bound 3.
#[test]
fn a_poll_with_a_new_waker_meets_readiness_without_losing_it() {
    model(3, || {
        let (shared, token) = descriptor();
        let first = Waker::from(Task::new());
        assert!(wait(&shared, token, Read, &mut Context::from_waker(&first)).is_pending());
        let kernel = {
            let shared = shared.clone();
            thread::spawn(move || event(&shared, token))
        };
        let second = Task::new();
        assert_eq!(second.block_on(|cx| wait(&shared, token, Read, cx)), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A task that is dropped while parked, then another: the second is woken. Preemption bound 3.
#[test]
fn a_waiter_that_is_dropped_leaves_the_readiness_to_the_next() {
    model(3, || {
        let (shared, token) = descriptor();
        let dropped = Waker::from(Task::new());
        assert!(wait(&shared, token, Read, &mut Context::from_waker(&dropped)).is_pending());
        let kernel = {
            let shared = shared.clone();
            thread::spawn(move || event(&shared, token))
        };
        shared.cache.slot(token.slot()).cancel(token.sequence(), Read, &*shared);
        let next = Task::new();
        assert_eq!(next.block_on(|cx| wait(&shared, token, Read, cx)), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A slot that is used again while an event of its last descriptor is on its way: the event changes nothing.
/// Preemption bound 3.
#[test]
fn a_late_event_of_an_older_sequence_changes_nothing() {
    model(3, || {
        let (shared, old) = descriptor();
        let kernel = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.poller.raise(old, Mode::Read, Facts::ERROR_ALONE);
                poll(&shared);
            })
        };
        shared.cache.slot(old.slot()).evict(old, &shared);
        shared.cache.slot(old.slot()).retire(old.sequence());
        shared.cache.free(old.slot());
        let new = shared.alloc();
        assert_eq!(new.slot(), old.slot(), "the model is about one slot");
        let task = Task::new();
        let waker = Waker::from(task.clone());
        let waited = wait(&shared, new, Read, &mut Context::from_waker(&waker));
        kernel.join().unwrap();
        assert_eq!(waited, Poll::Pending);
        assert_eq!(task.wakes(), 0);
        assert_eq!(shared.cache.slot(new.slot()).check(new.sequence(), Read), Ok(()));
    });
}

/// The last taker may be at work while its slot is used again: the next waiter has the cell after it. Preemption bound 3.
#[test]
fn a_slot_is_used_again_while_its_last_waker_is_being_taken() {
    model(3, || {
        let (shared, old) = descriptor();
        let parked = Waker::from(Task::new());
        assert!(wait(&shared, old, Read, &mut Context::from_waker(&parked)).is_pending());
        let kernel = {
            let shared = shared.clone();
            thread::spawn(move || event(&shared, old))
        };
        shared.cache.slot(old.slot()).evict(old, &shared);
        shared.cache.slot(old.slot()).retire(old.sequence());
        shared.cache.free(old.slot());
        let new = shared.alloc();
        shared.poller.raise(new, Mode::Read, Facts::EMPTY);
        let second = {
            let shared = shared.clone();
            thread::spawn(move || poll(&shared))
        };
        assert_eq!(Task::new().block_on(|cx| wait(&shared, new, Read, cx)), Ok(()));
        kernel.join().unwrap();
        second.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// Two users of one direction: one at a time, and the second is handed the lock. Preemption bound 3.
#[test]
fn a_lock_is_one_users_at_a_time_and_is_handed_on() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let value = Arc::new(GuardedCell::new(0));
        let user = |mutex: Arc<FdMutex>, value: Arc<GuardedCell<i32>>| {
            move || {
                let mut ticket = None;
                let locked = Task::new().block_on(|cx| mutex.poll_lock(Write, &mut ticket, cx));
                assert_eq!(locked, Ok(()));
                // SAFETY: the write lock is held; loom fails the model if that does not exclude the other user.
                unsafe { value.with_mut(|value| *value += 1) };
                assert!(!mutex.unlock(Write));
            }
        };
        let other = thread::spawn(user(mutex.clone(), value.clone()));
        user(mutex.clone(), value.clone())();
        other.join().unwrap();
        // SAFETY: the other user has ended.
        assert_eq!(unsafe { value.with(|value| *value) }, 2);
    });
}

/// A close against an operation: the descriptor is destroyed once, by whoever was last, after all uses.
/// Preemption bound 3.
#[test]
fn the_last_reference_of_a_closed_mutex_destroys_once() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let socket = Arc::new(GuardedCell::new(true));
        let destroyed = Arc::new(AtomicUsize::new(0));
        let user = |mutex: Arc<FdMutex>, socket: Arc<GuardedCell<bool>>, destroyed: Arc<AtomicUsize>| {
            move |close: bool| {
                let entered = if close { mutex.incref_and_close() } else { mutex.incref() };
                if entered.is_ok() {
                    // SAFETY: a reference is held; loom fails the model if the destroyer does not come after it.
                    assert!(unsafe { socket.with(|open| *open) }, "a closed socket was used");
                    if mutex.decref() {
                        // SAFETY: there are no references left.
                        unsafe { socket.with_mut(|open| *open = false) };
                        destroyed.fetch_add(1, SeqCst);
                    }
                }
            }
        };
        let closer = user(mutex.clone(), socket.clone(), destroyed.clone());
        let closer = thread::spawn(move || closer(true));
        user(mutex.clone(), socket, destroyed.clone())(false);
        closer.join().unwrap();
        assert_eq!(destroyed.load(SeqCst), 1);
    });
}

/// A waiter that is dropped as it is handed the lock hands it on; a close against a grant that was not polled leaves the
/// lock free. Preemption bound 3.
#[test]
fn a_dropped_waiter_hands_its_grant_on() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let mut none = None;
        let idle = Waker::from(Task::new());
        let mut cx = Context::from_waker(&idle);
        assert!(mutex.poll_lock(Read, &mut none, &mut cx).is_ready());
        let mut dropped = None;
        assert!(mutex.poll_lock(Read, &mut dropped, &mut cx).is_pending());
        let last = {
            let mutex = mutex.clone();
            thread::spawn(move || {
                let mut ticket = None;
                let locked = Task::new().block_on(|cx| mutex.poll_lock(Read, &mut ticket, cx));
                assert_eq!(locked, Ok(()));
                assert!(!mutex.unlock(Read));
            })
        };
        let holder = {
            let mutex = mutex.clone();
            thread::spawn(move || assert!(!mutex.unlock(Read)))
        };
        mutex.cancel(Read, dropped.expect("it stands in the queue"));
        last.join().unwrap();
        holder.join().unwrap();
    });
}

/// Close wakes a waiter of the lock, granted or not. Preemption bound 3.
#[test]
fn a_close_ends_a_wait_for_the_lock() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let idle = Waker::from(Task::new());
        let mut none = None;
        assert!(mutex.poll_lock(Read, &mut none, &mut Context::from_waker(&idle)).is_ready());
        let waiter = {
            let mutex = mutex.clone();
            thread::spawn(move || {
                let mut ticket = None;
                match Task::new().block_on(|cx| mutex.poll_lock(Read, &mut ticket, cx)) {
                    Ok(()) => drop(mutex.unlock(Read)),
                    Err(error) => assert_eq!(error, Error::Closed),
                }
            })
        };
        mutex.incref_and_close().unwrap();
        assert!(!mutex.decref(), "the lock's holder has a reference");
        let _ = mutex.unlock(Read);
        waiter.join().unwrap();
    });
}

/// An earlier timer against a driver that goes to sleep for longer: the sleeper is broken. Preemption bound 3.
#[test]
fn an_earlier_deadline_breaks_a_longer_sleep() {
    const DAY: u64 = 86_400_000_000_000;
    model(3, || {
        let (shared, token) = descriptor();
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Write, Some(DAY), &shared);
        let driver = {
            let shared = shared.clone();
            thread::spawn(move || {
                // Looks up at the break, or has not slept because it saw the new time. A deadlock if neither.
                let mut list = ReadyList::new();
                shared.poll_blocking(&mut Events::default(), &mut list).unwrap();
                list.wake_all();
            })
        };
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(2), &shared);
        driver.join().unwrap();
    });
}
