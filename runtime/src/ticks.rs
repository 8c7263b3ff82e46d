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

/// The count as the stand-by saw it last.
///
/// Go: `runtime.sysmontick`
#[doc(alias = "sysmontick")]
pub(crate) struct Seen {
    ticks: Arc<Tick>,
    last: Tick,
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
        Seen { ticks: self.0.clone(), last: Tick::new(u32::MAX) }
    }
}

impl Seen {
    /// Whether the worker has begun no task since the last call: it still runs the same one.
    pub(crate) fn is_the_same(&self) -> bool {
        let now = self.ticks.load(Relaxed);
        self.last.swap(now, Relaxed) == now
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Ticks;

    #[test]
    fn a_task_is_the_same_if_none_has_begun_since_the_last_look() {
        let ticks = Ticks::new();
        let seen = ticks.watch();
        ticks.begins_one();
        assert!(!seen.is_the_same(), "nobody has looked before");
        assert!(seen.is_the_same());
        ticks.begins_one();
        assert!(!seen.is_the_same());
        assert!(seen.is_the_same());
    }
}
