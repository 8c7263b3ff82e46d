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

    /// How many run, and those who have been running without a heartbeat since `limit` or before.
    ///
    /// Go: `runtime.retake`
    #[doc(alias = "retake")]
    pub(super) fn look(&self, limit: u64) -> (usize, Vec<Unparker>) {
        let (mut run, mut held_up) = (0, Vec::new());
        for worker in lock(&self.0).iter() {
            if let Some(since) = worker.running_since() {
                run += 1;
                held_up.extend((since <= limit).then(|| worker.clone()));
            }
        }
        (run, held_up)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::{Netpoll, Parker};

    #[test]
    fn a_heartbeat_or_a_poll_tells_that_a_worker_is_not_held_up() {
        let netpoll = Netpoll::new().expect("a poller");
        let shared = netpoll.shared();
        let mut parker = Parker::for_watched_worker(&netpoll, || {});
        let later = || {
            let before = shared.now();
            while shared.now() <= before {}
            before
        };
        let held_up_since = |limit| shared.watched.look(limit).1.len();
        let limit = later();
        assert_eq!(held_up_since(limit), 1, "it was made before, and has done nothing since");
        parker.heartbeat();
        assert_eq!(held_up_since(limit), 0);
        let limit = later();
        assert_eq!(held_up_since(limit), 1, "the heartbeat was before");
        parker.poll_now().expect("the kernel's wait succeeds");
        assert_eq!(held_up_since(limit), 0);
    }
}
