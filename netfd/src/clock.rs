//! The clock of deadlines: nanoseconds since the poller was made, in one `u64`.
//!
//! One integer fits an atomic word and compares in one instruction. It lasts for 584 years; later instants saturate to
//! [`Clock::FARTHEST`], which no clock reaches.
//!
//! Go: `runtime.nanotime`

use std::time::{Duration, Instant};

/// A monotonic clock with its own origin. In a model its time stands still until the model moves it.
pub(crate) struct Clock {
    #[cfg(not(loom))]
    origin: Instant,
    #[cfg(loom)]
    now: crate::sync::AtomicU64,
}

impl Clock {
    /// The instant that never comes.
    pub(crate) const FARTHEST: u64 = u64::MAX;

    #[cfg(not(loom))]
    pub(crate) fn new() -> Clock {
        Clock { origin: Instant::now() }
    }

    /// Nanoseconds from the origin to the present.
    #[cfg(not(loom))]
    pub(crate) fn now(&self) -> u64 {
        nanos(self.origin.elapsed())
    }

    /// Where `instant` stands on this clock: 0 before the origin, [`Clock::FARTHEST`] past the end.
    #[cfg(not(loom))]
    pub(crate) fn at(&self, instant: Instant) -> u64 {
        nanos(instant.saturating_duration_since(self.origin))
    }

    /// Where the present is once `delay` has passed, never earlier: [`Clock::FARTHEST`] past the end.
    pub(crate) fn after(&self, delay: Duration) -> u64 {
        self.now().saturating_add(nanos(delay))
    }
}

#[cfg(loom)]
impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { now: crate::sync::AtomicU64::new(1) }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now.load(std::sync::atomic::Ordering::SeqCst)
    }

    pub(crate) fn at(&self, _: Instant) -> u64 {
        unreachable!("models give their deadlines in nanoseconds")
    }

    /// Moves the model's time on to `now`.
    pub(crate) fn set(&self, now: u64) {
        self.now.store(now, std::sync::atomic::Ordering::SeqCst);
    }
}

/// `duration` in nanoseconds, saturated.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(Clock::FARTHEST)
}
