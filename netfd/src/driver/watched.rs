//! Workers whom the stand-by looks after: one of them may be held up by a task that does not yield.
//!
//! Go: `runtime.retake`

use super::Unparker;
use crate::sync::{Mutex, lock};

/// The list of them.
pub(crate) struct Watched(Mutex<Vec<Unparker>>);

impl Watched {
    pub(crate) fn new() -> Watched {
        Watched(Mutex::new(Vec::new()))
    }

    pub(super) fn add(&self, worker: Unparker) {
        lock(&self.0).push(worker);
    }

    pub(super) fn remove(&self, worker: &Unparker) {
        let removed = {
            let mut list = lock(&self.0);
            let place = list.iter().position(|other| other.is(worker));
            place.map(|place| list.swap_remove(place))
        };
        // What it calls when it is held up is somebody else's.
        drop(removed);
    }

    /// Whether anyone runs at all.
    pub(super) fn any_runs(&self) -> bool {
        lock(&self.0).iter().any(|worker| worker.running_since().is_some())
    }

    /// Those who have been running without a poll since `limit` or before.
    pub(super) fn held_up(&self, limit: u64) -> Vec<Unparker> {
        let list = lock(&self.0);
        list.iter()
            .filter(|worker| worker.running_since().is_some_and(|since| since <= limit))
            .cloned()
            .collect()
    }
}
