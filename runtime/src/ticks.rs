//! How many tasks a worker has begun: so that the stand-by can tell one task that does not yield from many that do.
//!
//! A worker looks at the clock, and so gives its heartbeat, after several tasks. If these take long it seems to be held up, though
//! each of them has its turn. If its queue were taken from it then, who had waited longest would have to line up anew, again and
//! again.
//!
//! Go: `runtime.p.schedtick`, `runtime.sysmontick`

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::{Arc, Tick};

/// A worker's own count.
///
/// Go: `runtime.p.schedtick`
#[doc(alias = "schedtick")]
pub(crate) struct Ticks(Arc<Tick>);

/// At so many looks in a row the stand-by must have found the same task. If two were enough, a worker that the kernel keeps from its
/// processor would be taken for one whose task does not yield, in the midst of a task of a millisecond: it waits for some 10 ms
/// where three threads share a processor, and what was in its queue had one turn where others had fifteen.
const LOOKS: u32 = 3;

/// The count as the stand-by saw it last.
///
/// Go: `runtime.sysmontick`
#[doc(alias = "sysmontick")]
pub(crate) struct Seen {
    ticks: Arc<Tick>,
    last: Tick,
    /// How many looks in a row have found it.
    looks: Tick,
}

impl Ticks {
    pub(crate) fn new() -> Ticks {
        Ticks(Arc::new(Tick::new(0)))
    }

    /// The worker begins a task. Nobody else counts, so this need not be one step.
    #[inline]
    pub(crate) fn begins_one(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// For who looks at it from time to time.
    pub(crate) fn watch(&self) -> Seen {
        Seen { ticks: self.0.clone(), last: Tick::new(u32::MAX), looks: Tick::new(0) }
    }
}

impl Seen {
    /// A look: whether the worker has been running the same task at this one and at those before it. Only one thread looks.
    pub(crate) fn is_stuck(&self) -> bool {
        let now = self.ticks.load(Relaxed);
        let same = self.last.swap(now, Relaxed) == now;
        let looks = if same { self.looks.load(Relaxed).saturating_add(1) } else { 1 };
        self.looks.store(looks, Relaxed);
        looks >= LOOKS
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Ticks;

    #[test]
    fn a_worker_is_stuck_in_a_task_that_three_looks_in_a_row_have_found() {
        let ticks = Ticks::new();
        let seen = ticks.watch();
        for _ in 0..3 {
            ticks.begins_one();
            assert_eq!([(); 4].map(|()| seen.is_stuck()), [false, false, true, true]);
        }
        for _ in 0..10 {
            ticks.begins_one();
            assert_eq!([(); 2].map(|()| seen.is_stuck()), [false, false]);
        }
    }
}
