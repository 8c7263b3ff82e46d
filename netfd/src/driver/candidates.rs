//! Threads that sleep beside the poller and could sleep in it.

use super::Unparker;
use super::role::{Class, Role};
use crate::sync::{Mutex, lock};

/// A list of sleepers, in the order in which they lay down.
pub(crate) struct Candidates(Mutex<Vec<Unparker>>);

impl Candidates {
    pub(crate) fn new() -> Candidates {
        Candidates(Mutex::new(Vec::new()))
    }

    /// Adds a sleeper; it announces itself in the role afterwards.
    pub(super) fn push(&self, sleeper: Unparker) {
        lock(&self.0).push(sleeper);
    }

    /// Removes a sleeper that got up.
    pub(super) fn remove(&self, sleeper: &Unparker, role: &Role) {
        let mut list = lock(&self.0);
        list.retain(|other| !other.is(sleeper));
        if list.is_empty() {
            role.no_candidates();
        }
    }

    /// Wakes the one that has slept longest, so that it takes the role: a worker, or a guest if the poller has no workers.
    /// False if there is none.
    pub(super) fn wake_first(&self, role: &Role) -> bool {
        if !role.has_candidates() {
            return false;
        }
        let first = {
            let mut list = lock(&self.0);
            let class = if role.has_workers() { Class::Worker } else { Class::Guest };
            let place = list.iter().position(|sleeper| sleeper.class() == class);
            let first = place.map(|place| list.remove(place));
            if list.is_empty() {
                role.no_candidates();
            }
            first
        };
        first.inspect(Unparker::unpark).is_some()
    }
}
