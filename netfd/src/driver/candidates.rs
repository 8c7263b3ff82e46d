//! Threads that sleep beside the poller and would rather sleep in it.

use super::Unparker;
use super::role::Role;
use crate::sync::{Mutex, lock};

/// A list of sleepers, in the order in which they lay down.
pub(crate) struct Candidates(Mutex<Vec<Unparker>>);

impl Candidates {
    pub(crate) fn new() -> Candidates {
        Candidates(Mutex::new(Vec::new()))
    }

    /// Adds a sleeper; it announces itself in the role afterwards.
    pub(crate) fn push(&self, sleeper: Unparker) {
        lock(&self.0).push(sleeper);
    }

    /// Removes a sleeper that got up.
    pub(crate) fn remove(&self, sleeper: &Unparker, role: &Role) {
        let mut list = lock(&self.0);
        list.retain(|other| !other.is(sleeper));
        if list.is_empty() {
            role.no_candidates();
        }
    }

    /// Wakes the one that has slept longest, so that it takes the role; false if there is none.
    pub(crate) fn wake_first(&self, role: &Role) -> bool {
        if !role.has_candidates() {
            return false;
        }
        let first = {
            let mut list = lock(&self.0);
            let first = (!list.is_empty()).then(|| list.remove(0));
            if list.is_empty() {
                role.no_candidates();
            }
            first
        };
        first.inspect(Unparker::unpark).is_some()
    }
}
