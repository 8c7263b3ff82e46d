//! The fdMutex: exclusion, order, the one destruction, and what close does to those who queue.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Waker};

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use super::{Task, model};
use crate::cell::GuardedCell;
use crate::fd_mutex::{FdMutex, Found};
use crate::netpoll::poll_desc::Direction::{Read, Write};
use crate::netpoll::poll_desc::Reason;

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
                assert!(!mutex.unlock(Write, Found::default()));
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
                assert!(!mutex.unlock(Read, Found::default()));
            })
        };
        let holder = {
            let mutex = mutex.clone();
            thread::spawn(move || assert!(!mutex.unlock(Read, Found::default())))
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
                    Ok(()) => drop(mutex.unlock(Read, Found::default())),
                    Err(error) => assert_eq!(error, Reason::Closed),
                }
            })
        };
        mutex.incref_and_close().unwrap();
        assert!(!mutex.decref(), "the lock's holder has a reference");
        let _ = mutex.unlock(Read, Found::default());
        waiter.join().unwrap();
    });
}

/// A close against a grant that nobody has polled yet: whoever polls it afterwards sees one of the two, and everyone gets
/// out; the descriptor is destroyed once. Preemption bound 3.
#[test]
fn a_close_meets_a_grant_that_was_not_polled() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let destroyed = Arc::new(AtomicUsize::new(0));
        let idle = Waker::from(Task::new());
        let mut cx = Context::from_waker(&idle);
        assert!(mutex.poll_lock(Write, &mut None, &mut cx).is_ready());
        let mut queued = [None, None];
        for ticket in &mut queued {
            assert!(mutex.poll_lock(Write, ticket, &mut cx).is_pending());
        }
        let done = |last: bool, destroyed: &AtomicUsize| {
            if last {
                destroyed.fetch_add(1, SeqCst);
            }
        };
        let holder = {
            let (mutex, destroyed) = (mutex.clone(), destroyed.clone());
            thread::spawn(move || done(mutex.unlock(Write, Found::default()), &destroyed))
        };
        let closer = {
            let (mutex, destroyed) = (mutex.clone(), destroyed.clone());
            thread::spawn(move || {
                mutex.incref_and_close().unwrap();
                done(mutex.decref(), &destroyed);
            })
        };
        // The first is granted the lock, or not, and polls it; the second is dropped.
        let first = Task::new().block_on(|cx| mutex.poll_lock(Write, &mut queued[0], cx));
        if first.is_ok() {
            done(mutex.unlock(Write, Found::default()), &destroyed);
        } else {
            assert_eq!(first, Err(Reason::Closed));
        }
        if let Some(ticket) = queued[1].take() {
            mutex.cancel(Write, ticket);
        }
        holder.join().unwrap();
        closer.join().unwrap();
        assert_eq!(destroyed.load(SeqCst), 1);
    });
}

/// An unlock whose only waiter is dropped meanwhile frees the lock; whoever takes it then comes after the holder.
/// Preemption bound 3.
#[test]
fn a_lock_is_freed_whose_queue_has_emptied() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let value = Arc::new(GuardedCell::new(0));
        let idle = Waker::from(Task::new());
        let mut cx = Context::from_waker(&idle);
        assert!(mutex.poll_lock(Read, &mut None, &mut cx).is_ready());
        let mut dropped = None;
        assert!(mutex.poll_lock(Read, &mut dropped, &mut cx).is_pending());
        let dropper = {
            let mutex = mutex.clone();
            thread::spawn(move || mutex.cancel(Read, dropped.expect("it stands in the queue")))
        };
        let next = {
            let (mutex, value) = (mutex.clone(), value.clone());
            thread::spawn(move || {
                let mut ticket = None;
                let locked = Task::new().block_on(|cx| mutex.poll_lock(Read, &mut ticket, cx));
                assert_eq!(locked, Ok(()));
                // SAFETY: the read lock is held; loom fails the model if that does not exclude the first holder.
                unsafe { value.with_mut(|value| *value += 1) };
                assert!(!mutex.unlock(Read, Found::default()));
            })
        };
        // SAFETY: the read lock is held; loom fails the model if that does not exclude the next holder.
        unsafe { value.with_mut(|value| *value += 1) };
        assert!(!mutex.unlock(Read, Found::default()));
        dropper.join().unwrap();
        next.join().unwrap();
    });
}

/// A close against one who waits for it alone, and against one who gives that up: the first is told, and nobody is left.
/// Preemption bound 3.
#[test]
fn a_close_ends_a_wait_for_the_end() {
    model(3, || {
        let mutex = Arc::new(FdMutex::new());
        let closer = {
            let mutex = mutex.clone();
            thread::spawn(move || {
                mutex.incref_and_close().unwrap();
                assert!(mutex.decref());
            })
        };
        let quitter = {
            let mutex = mutex.clone();
            thread::spawn(move || {
                let idle = Waker::from(Task::new());
                let mut ticket = None;
                if mutex.poll_closed(&mut ticket, &mut Context::from_waker(&idle)).is_pending() {
                    mutex.unwatch(ticket.expect("it has a place"));
                }
            })
        };
        let mut ticket = None;
        Task::new().block_on(|cx| mutex.poll_closed(&mut ticket, cx));
        assert!(mutex.is_closed() && ticket.is_none());
        closer.join().unwrap();
        quitter.join().unwrap();
    });
}
