//! Which workers sleep, and how many look for work.
//!
//! Go: `runtime.schedt.pidle`, `runtime.schedt.nmspinning`
//!
//! ```text
//!   a task comes:  into a queue ── fence ── does anybody search? does anybody sleep?
//!                                                     ╳
//!   a worker lies down:  "I sleep", "I no longer search" ── fence ── is there a task in any queue?
//! ```
//!
//! Each side says its own thing and then looks for the other's (Dekker), so at least one of them sees the other: a task
//! that comes does not lie in a queue while all who could take it sleep. It wakes nobody while somebody searches: whoever
//! stops searching looks again after having said so, and if it stops because it found something and was the last to
//! search, wakes the next.
//!
//! A sleeper's bit is cleared by whoever gets it up. If that is another, the sleeper searches from then on, and is counted
//! by the other before it wakes: so of many tasks that come at once only the first wakes anybody.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::sync::{AtomicU32, AtomicU64, fence};

/// Who does nothing.
pub(crate) struct Idle {
    /// One bit for each worker.
    sleeping: Box<[AtomicU64]>,
    searching: AtomicU32,
}

impl Idle {
    pub(crate) fn new(workers: usize) -> Idle {
        Idle {
            sleeping: (0..workers.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            searching: AtomicU32::new(0),
        }
    }

    /// A worker is about to sleep, unless there is a task in some queue: it looks after this.
    pub(crate) fn lie_down(&self, worker: usize, searched: bool) {
        let (word, bit) = self.place(worker);
        word.fetch_or(bit, Relaxed);
        if searched {
            self.searching.fetch_sub(1, Relaxed);
        }
        fence(SeqCst);
    }

    /// A worker that lay down runs again; true if another got it up, and counted it among those who search.
    pub(crate) fn get_up(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        word.fetch_and(!bit, Relaxed) & bit == 0
    }

    /// A worker looks for work that is not its own.
    pub(crate) fn start_searching(&self) {
        self.searching.fetch_add(1, Relaxed);
    }

    /// A worker found something; true if it was the last to search, so that it has to look whether there is more.
    pub(crate) fn stop_searching(&self) -> bool {
        let last = self.searching.fetch_sub(1, Relaxed) == 1;
        fence(SeqCst);
        last
    }

    /// A task has come. True if somebody sleeps and nobody searches, who then has to be got up with [`Idle::claim`]: the
    /// caller counts as one that searches until it has found a sleeper.
    pub(crate) fn may_wake(&self) -> bool {
        fence(SeqCst);
        self.searching.load(Relaxed) == 0
            && self.sleeping.iter().any(|word| word.load(Relaxed) != 0)
            && self.searching.compare_exchange(0, 1, Relaxed, Relaxed).is_ok()
    }

    /// Gets a worker up; false if another was faster.
    pub(crate) fn claim(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        word.fetch_and(!bit, Relaxed) & bit != 0
    }

    /// The workers that sleep, or did a moment ago.
    pub(crate) fn sleepers(&self) -> impl Iterator<Item = usize> {
        self.sleeping.iter().enumerate().flat_map(|(index, word)| {
            let mut bits = word.load(Relaxed);
            std::iter::from_fn(move || {
                let lowest = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(index * 64 + lowest)
            })
        })
    }

    /// Whether somebody seems to sleep: who asks does not depend on the answer.
    pub(crate) fn some_sleep(&self) -> bool {
        self.sleeping.iter().any(|word| word.load(Relaxed) != 0)
    }

    /// How many sleep.
    pub(crate) fn count(&self) -> usize {
        self.sleeping.iter().map(|word| word.load(Relaxed).count_ones() as usize).sum()
    }

    fn place(&self, worker: usize) -> (&AtomicU64, u64) {
        (&self.sleeping[worker / 64], 1 << (worker % 64))
    }
}
