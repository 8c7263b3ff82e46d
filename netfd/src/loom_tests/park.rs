//! Parking against whatever ends a wait.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Waker};

use loom::thread;
use poller::{Facts, Mode, Token};

use super::{Task, Waiting, descriptor, event, model, park, poll, spawn, wait};
use crate::Error;
use crate::netpoll::poll_desc::Direction::Read;
use crate::netpoll::poll_desc::PollDesc;

/// Readiness against park. Preemption bound 3.
#[test]
fn readiness_that_comes_while_a_task_parks_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let kernel = spawn(&shared, move |shared| event(shared, token));
        let task = Task::new();
        assert_eq!(wait(&shared, token, Read, &task), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// Close against park. Preemption bound 3.
#[test]
fn a_close_that_comes_while_a_task_parks_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let closer = spawn(&shared, move |shared| shared.cache.slot(token.slot()).evict(token, shared));
        let task = Task::new();
        assert_eq!(wait(&shared, token, Read, &task), Err(Error::Closed));
        closer.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// Readiness and close together: one outcome, one wake at most. Preemption bound 2.
#[test]
fn readiness_and_close_together_wake_a_task_once() {
    model(2, || {
        let (shared, token) = descriptor();
        let task = Task::new();
        park(&shared, token, Read, &task);
        let kernel = spawn(&shared, move |shared| event(shared, token));
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
        let mut waiting = park(&shared, token, Read, &Task::new());
        let kernel = spawn(&shared, move |shared| event(shared, token));
        assert_eq!(waiting.end(&shared, &Task::new()), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A task that is dropped while parked, then another: the second is woken. Preemption bound 3.
#[test]
fn a_waiter_that_is_dropped_leaves_the_readiness_to_the_next() {
    model(3, || {
        let (shared, token) = descriptor();
        let waiting = park(&shared, token, Read, &Task::new());
        let kernel = spawn(&shared, move |shared| event(shared, token));
        waiting.cancel(&shared);
        let next = Task::new();
        assert_eq!(wait(&shared, token, Read, &next), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A task is dropped from a wait, whose waker a deadline takes at that moment, and the next gives way: it goes on without an
/// event. Preemption bound 3.
#[test]
fn a_task_that_gives_way_waits_for_nothing() {
    model(3, || {
        let (shared, token) = descriptor();
        let desc = shared.cache.slot(token.slot());
        let waiting = park(&shared, token, Read, &Task::new());
        let setter = spawn(&shared, move |shared| {
            shared.cache.slot(token.slot()).set_deadline(token, Mode::Read, Some(0), shared);
        });
        waiting.cancel(&shared);
        let task = Task::new();
        let mut next = give_way(desc, token, &task);
        assert_eq!(next.end(&shared, &task), Ok(()));
        setter.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// An event comes while a task gives way: it goes on all the same. Preemption bound 3.
#[test]
fn a_task_that_gives_way_meets_readiness() {
    model(3, || {
        let (shared, token) = descriptor();
        let kernel = spawn(&shared, move |shared| event(shared, token));
        let task = Task::new();
        let mut waiting = give_way(shared.cache.slot(token.slot()), token, &task);
        assert_eq!(waiting.end(&shared, &task), Ok(()));
        kernel.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A task that moves to another thread and is polled there with another waker: the cell goes with it, though the second
/// thread learns of the first from the word alone. Preemption bound 3.
#[test]
fn a_task_is_polled_again_on_another_thread() {
    model(3, || {
        let (shared, token) = descriptor();
        let first = spawn(&shared, move |shared| {
            park(shared, token, Read, &Task::new());
        });
        until(|| shared.cache.slot(token.slot()).state(Read) == "parked");
        // The same wait, whose operation came here without an order of its own.
        let mut waiting = Waiting { token, direction: Read, parked: true };
        waiting.go_on(&shared, &Task::new());
        first.join().unwrap();
        assert_eq!(shared.role.waiters(), 1);
    });
}

/// A task that is dropped on another thread than it parked on, and then a new one: the cell goes from each to the next,
/// though they learn of one another from the word alone. Preemption bound 3.
#[test]
fn a_task_is_dropped_on_another_thread() {
    model(3, || {
        let (shared, token) = descriptor();
        let dropper = spawn(&shared, move |shared| {
            let desc = shared.cache.slot(token.slot());
            until(|| desc.state(Read) == "parked");
            desc.cancel(Read, shared);
        });
        park(&shared, token, Read, &Task::new());
        until(|| shared.cache.slot(token.slot()).state(Read) == "nil");
        park(&shared, token, Read, &Task::new());
        dropper.join().unwrap();
        assert_eq!(shared.role.waiters(), 1);
    });
}

/// An operation that need not wait lets others run.
fn give_way(desc: &PollDesc, token: Token, task: &Arc<Task>) -> Waiting {
    desc.give_way(Read, &mut Context::from_waker(&Waker::from(task.clone())));
    Waiting { token, direction: Read, parked: true }
}

/// Yields until `reached`.
fn until(reached: impl Fn() -> bool) {
    while !reached() {
        thread::yield_now();
    }
}

/// Close against a poll of a task that has parked, with the waker that it has parked with: it ends. Preemption bound 3.
#[test]
fn a_close_that_comes_while_a_parked_task_is_polled_again_is_not_lost() {
    model(3, || {
        let (shared, token) = descriptor();
        let task = Task::new();
        let mut waiting = park(&shared, token, Read, &task);
        let closer = spawn(&shared, move |shared| shared.cache.slot(token.slot()).evict(token, shared));
        assert_eq!(waiting.end(&shared, &task), Err(Error::Closed));
        closer.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}
