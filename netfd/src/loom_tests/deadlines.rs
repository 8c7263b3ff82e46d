//! Deadlines and timers: firing against parking, against being moved, and against a sleeper that knows of later ones.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::thread;
use poller::{Events, Facts, Mode, Token};

use super::{Task, Waiting, descriptor, event, model, park, poll, spawn, wait};
use crate::netpoll::poll_desc::Direction::{Read, Write};
use crate::netpoll::ready_list::ReadyList;
use crate::netpoll::shared::Shared;
use crate::{Error, Netpoll, Timer};

/// A deadline in the past against park. Preemption bound 3.
#[test]
fn a_past_deadline_that_is_set_while_a_task_parks_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let setter = spawn(&shared, move |shared| {
            shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(0), shared);
        });
        let task = Task::new();
        assert_eq!(wait(&shared, token, Read, &task), Err(Error::DeadlineExceeded));
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
        let driver = spawn(&shared, poll);
        let task = Task::new();
        assert_eq!(wait(&shared, token, Write, &task), Err(Error::DeadlineExceeded));
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
        let mut waiting = park(&shared, token, Read, &task);
        let driver = spawn(&shared, poll);
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, None, &shared);
        event(&shared, token);
        assert_eq!(waiting.end(&shared, &task), Ok(()));
        driver.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A deadline that is moved later while it fires: what begins after the setter has returned does not time out on the old
/// one. Preemption bound 3.
#[test]
fn a_deadline_that_is_moved_later_while_it_fires_no_longer_counts() {
    model(3, || {
        let (shared, token) = descriptor();
        let desc = shared.cache.slot(token.slot());
        desc.set_deadline(token, Mode::Read, Some(10), &shared);
        shared.clock.set(10);
        let driver = spawn(&shared, poll);
        desc.set_deadline(token, Mode::Read, Some(50), &shared);
        let task = Task::new();
        let mut waiting = park(&shared, token, Read, &task);
        driver.join().unwrap();
        waiting.go_on(&shared, &task);
        // The new one counts, whichever timer it stands in.
        shared.clock.set(50);
        poll(&shared);
        assert_eq!(waiting.end(&shared, &task), Err(Error::DeadlineExceeded));
        assert_eq!(shared.role.waiters(), 0);
        assert!(!shared.role.has_timers());
    });
}

/// A deadline that is cleared and set again while it fires: the old timer does nothing, and the new one is the only one.
/// Preemption bound 3.
#[test]
fn a_deadline_that_is_set_again_while_it_fires_has_one_timer() {
    model(3, || {
        let (shared, token) = descriptor();
        let desc = shared.cache.slot(token.slot());
        desc.set_deadline(token, Mode::Read, Some(10), &shared);
        shared.clock.set(10);
        let driver = spawn(&shared, poll);
        desc.set_deadline(token, Mode::Read, None, &shared);
        desc.set_deadline(token, Mode::Read, Some(50), &shared);
        driver.join().unwrap();
        assert!(shared.role.has_timers());
        desc.set_deadline(token, Mode::Read, None, &shared);
        assert!(!shared.role.has_timers(), "a timer was left behind");
    });
}

/// Both directions' deadlines share a timer and split while it fires: the one that stays fires, the one that moves does
/// not, and fires later. Preemption bound 2.
#[test]
fn deadlines_of_both_directions_split_while_they_fire() {
    model(2, || {
        let (shared, token) = descriptor();
        let desc = shared.cache.slot(token.slot());
        desc.set_deadline(token, Mode::Both, Some(10), &shared);
        shared.clock.set(10);
        let driver = spawn(&shared, poll);
        desc.set_deadline(token, Mode::Write, Some(50), &shared);
        let writer = Task::new();
        let mut waiting = park(&shared, token, Write, &writer);
        assert_eq!(wait(&shared, token, Read, &Task::new()), Err(Error::DeadlineExceeded));
        driver.join().unwrap();
        // The firing may have moved it on, but not out.
        waiting.go_on(&shared, &writer);
        shared.clock.set(50);
        poll(&shared);
        assert_eq!(waiting.end(&shared, &writer), Err(Error::DeadlineExceeded));
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A deadline that joins the other direction's while that fires: both waits are ended. Preemption bound 3.
#[test]
fn deadlines_of_both_directions_merge_while_one_fires() {
    model(3, || {
        let (shared, token) = descriptor();
        let desc = shared.cache.slot(token.slot());
        desc.set_deadline(token, Mode::Read, Some(10), &shared);
        desc.set_deadline(token, Mode::Write, Some(50), &shared);
        let waits = [Read, Write].map(|direction| {
            let task = Task::new();
            (park(&shared, token, direction, &task), task)
        });
        let driver = spawn(&shared, move |shared| {
            shared.clock.set(10);
            poll(shared);
        });
        desc.set_deadline(token, Mode::Write, Some(10), &shared);
        driver.join().unwrap();
        // What was set too late for that poll is due in the next.
        poll(&shared);
        for (mut waiting, task) in waits {
            assert_eq!(task.wakes(), 1);
            assert_eq!(waiting.end(&shared, &task), Err(Error::DeadlineExceeded));
        }
        assert_eq!(shared.role.waiters(), 0);
        assert!(!shared.role.has_timers());
    });
}

/// Readiness, close and time-out together: one wake. Preemption bound 3.
#[test]
fn readiness_close_and_time_out_together_wake_a_task_once() {
    model(3, || {
        let (shared, waiting, task, [driver, closer]) = readiness_close_and_time_out();
        driver.join().unwrap();
        closer.join().unwrap();
        assert_eq!(task.wakes(), 1);
        assert_eq!(wait(&shared, waiting.token, Read, &task), Err(Error::Closed));
        assert_eq!(shared.role.waiters(), 0);
        assert!(!shared.role.has_timers());
    });
}

/// Readiness, close and time-out together, seen by a task that polls on: one outcome, and after it the close.
/// Preemption bound 2.
#[test]
fn readiness_close_and_time_out_together_have_one_outcome() {
    model(2, || {
        let (shared, mut waiting, task, threads) = readiness_close_and_time_out();
        let first = waiting.end(&shared, &task);
        assert!(matches!(first, Ok(()) | Err(Error::Closed | Error::DeadlineExceeded)), "{first:?}");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(wait(&shared, waiting.token, Read, &task), Err(Error::Closed));
        assert_eq!(shared.role.waiters(), 0);
        assert!(!shared.role.has_timers());
    });
}

/// A task that waits to read, and threads that end its wait: one delivers an event and fires a deadline, one closes.
fn readiness_close_and_time_out() -> (Arc<Shared>, Waiting, Arc<Task>, [thread::JoinHandle<()>; 2]) {
    let (shared, token) = descriptor();
    shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(10), &shared);
    let task = Task::new();
    let waiting = park(&shared, token, Read, &task);
    shared.poller.raise(token, Mode::Read, Facts::EMPTY);
    shared.clock.set(10);
    let driver = spawn(&shared, poll);
    let closer = spawn(&shared, move |shared| shared.cache.slot(token.slot()).evict(token, shared));
    (shared, waiting, task, [driver, closer])
}

/// A timer against a driver that goes to sleep without one, or with a later one: the sleeper is broken, and the timer
/// fires. Preemption bound 3.
#[test]
fn a_new_timer_breaks_a_longer_sleep() {
    const DAY: u64 = 86_400_000_000_000;
    for other in [None, Some(DAY)] {
        model(3, move || {
            let netpoll = Netpoll::without_standby();
            let shared = netpoll.shared_arc();
            let (token, _) = (shared.alloc(3), shared.alloc(4));
            shared.cache.slot(token.slot()).set_deadline(token, Mode::Write, other, &shared);
            let driver = spawn(&shared, sleep);
            let mut timer = std::pin::pin!(Timer::due(&netpoll, 2));
            let task = Task::new();
            let waker = Waker::from(task.clone());
            assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            driver.join().unwrap();
            shared.clock.set(2);
            poll(&shared);
            task.block_on(|cx| timer.as_mut().poll(cx));
        });
    }
}

/// A timer that is dropped while it fires: nothing of it is left. Preemption bound 3.
#[test]
fn a_timer_is_dropped_while_it_fires() {
    model(3, || {
        let netpoll = Netpoll::without_standby();
        let shared = netpoll.shared_arc();
        let task = Task::new();
        let waker = Waker::from(task.clone());
        let mut timer = Box::pin(Timer::due(&netpoll, 2));
        assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        shared.clock.set(2);
        let driver = spawn(&shared, poll);
        drop(timer);
        drop(waker);
        driver.join().unwrap();
        assert!(!shared.role.has_timers());
        assert_eq!(Arc::strong_count(&task), 1, "a waker was left behind");
    });
}

/// An earlier timer against a driver that goes to sleep for longer: the sleeper is broken. Preemption bound 3.
#[test]
fn an_earlier_deadline_breaks_a_longer_sleep() {
    const DAY: u64 = 86_400_000_000_000;
    model(3, || {
        let (shared, token) = descriptor();
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Write, Some(DAY), &shared);
        let driver = spawn(&shared, sleep);
        shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(2), &shared);
        driver.join().unwrap();
    });
}

/// Sleeps in the poller once: looks up at the break, or has not slept because it saw the timer. A deadlock if neither.
fn sleep(shared: &Shared) {
    let mut list = ReadyList::new();
    shared.poll_blocking(&mut Events::default(), &mut list).unwrap();
    list.wake_all();
}
