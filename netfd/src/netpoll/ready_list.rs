//! The tasks that a poll found runnable, in the order in which their events came.
//!
//! Go: `runtime.gList`
//!
//! Differs: Go's list is last-in first-out; this one is fair.

use std::task::Waker;

use crate::wake::wake_each;

/// Wakers that have been taken out of their cells and are owed a wake.
///
/// Go: `runtime.gList`
#[doc(alias = "gList")]
pub(crate) struct ReadyList {
    wakers: Vec<Waker>,
    taken: u32,
}

impl ReadyList {
    pub(crate) const fn new() -> ReadyList {
        ReadyList { wakers: Vec::new(), taken: 0 }
    }

    /// Adds a waker that came out of a descriptor's cell, where it was counted.
    #[inline]
    pub(crate) fn extend(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.taken += 1;
            self.wakers.push(waker);
        }
    }

    /// Adds the waker of a timer, which the count of waiters knows nothing of.
    pub(crate) fn extend_uncounted(&mut self, waker: Option<Waker>) {
        self.wakers.extend(waker);
    }

    /// Whether nobody is owed a wake.
    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// How many counted wakers came since the last call: what is to be subtracted from the count.
    pub(crate) fn take_count(&mut self) -> u32 {
        std::mem::take(&mut self.taken)
    }

    /// Wakes all of them. A waker that panics does not keep the others from theirs.
    pub(crate) fn wake_all(&mut self) {
        wake_each(self.wakers.drain(..));
    }
}

impl Drop for ReadyList {
    /// Nobody who was taken out of a cell is forgotten, however the poll ended.
    fn drop(&mut self) {
        self.wake_all();
    }
}
