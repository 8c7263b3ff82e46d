//! Until when the thread that sleeps in the poller does so, for whoever brings an earlier timer.
//!
//! Only the holder of the driver role says it: one thread at a time, and each after the one before, since the role is taken
//! with an acquire and left with a release. Without these the word of a driver that has left might come after the next one's,
//! who then would be taken for awake and sleep past an earlier timer.
//!
//! loom orders the stores to one number as they ran, and so would never show that. In a model each store therefore writes a
//! cell, too, as the holder of the role may: loom fails the model if the role does not order that after the one before.

use std::sync::atomic::Ordering::Relaxed;

#[cfg(loom)]
use crate::cell::GuardedCell;
use crate::sync::AtomicU64;

/// While nobody sleeps in the poller.
const AWAKE: u64 = 0;

/// When the thread that sleeps in the poller will look up by itself.
pub(crate) struct Until {
    when: AtomicU64,
    /// The holder's.
    #[cfg(loom)]
    held: GuardedCell<()>,
}

impl Until {
    /// Nobody sleeps.
    pub(crate) fn awake() -> Until {
        Until {
            when: AtomicU64::new(AWAKE),
            #[cfg(loom)]
            held: GuardedCell::new(()),
        }
    }

    /// The holder of the role is about to sleep. Said under the timers' lock, after the last look at them: who inserts an
    /// earlier timer takes the lock later.
    pub(crate) fn sleep(&self, until: u64) {
        self.say(until);
    }

    /// The holder of the role sleeps no more.
    pub(crate) fn wake(&self) {
        self.say(AWAKE);
    }

    /// Whether somebody sleeps past that time. Asked under the timers' lock.
    pub(crate) fn is_after(&self, when: u64) -> bool {
        when < self.when.load(Relaxed)
    }

    fn say(&self, until: u64) {
        #[cfg(loom)]
        self.held.touch();
        // Relaxed: whoever has to see it has it by the timers' lock, and the holders of the role come one after the other.
        self.when.store(until, Relaxed);
    }
}
