//! A slot that is used again while something of its last descriptor is still on its way.

use std::task::{Context, Poll, Waker};

use loom::thread;
use poller::{Facts, Mode};

use super::{Task, descriptor, event, model, park, poll, spawn, wait};
use crate::netpoll::poll_desc::Direction::Read;

/// A slot that is used again while an event of its last descriptor is on its way: the event changes nothing.
/// Preemption bound 3.
#[test]
fn a_late_event_of_an_older_sequence_changes_nothing() {
    model(3, || {
        let (shared, old) = descriptor();
        let kernel = spawn(&shared, move |shared| {
            shared.poller.raise(old, Mode::Read, Facts::ERROR_ALONE);
            poll(shared);
        });
        shared.cache.slot(old.slot()).evict(old, &shared);
        shared.cache.slot(old.slot()).retire(old.sequence());
        shared.cache.free(old.slot());
        let new = shared.alloc(3);
        assert_eq!(new.slot(), old.slot(), "the model is about one slot");
        let task = Task::new();
        park(&shared, new, Read, &task);
        kernel.join().unwrap();
        assert_eq!(task.wakes(), 0);
        assert_eq!(shared.cache.slot(new.slot()).check(Read), Ok(()));
    });
}

/// The last taker may be at work while its slot is used again: the next waiter has the cell after it. Preemption bound 3.
#[test]
fn a_slot_is_used_again_while_its_last_waker_is_being_taken() {
    model(3, || {
        let (shared, old) = descriptor();
        park(&shared, old, Read, &Task::new());
        let kernel = spawn(&shared, move |shared| event(shared, old));
        shared.cache.slot(old.slot()).evict(old, &shared);
        shared.cache.slot(old.slot()).retire(old.sequence());
        shared.cache.free(old.slot());
        let new = shared.alloc(3);
        shared.poller.raise(new, Mode::Read, Facts::EMPTY);
        let second = spawn(&shared, poll);
        assert_eq!(wait(&shared, new, Read, &Task::new()), Ok(()));
        kernel.join().unwrap();
        second.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}
