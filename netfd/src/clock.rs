//! The clock of deadlines: nanoseconds since the poller was made, in one `u64`.
//!
//! One integer fits an atomic word and compares in one instruction. It lasts for 584 years; later instants saturate to
//! [`Clock::FARTHEST`], which no clock reaches.
//!
//! Go: `runtime.nanotime`

use std::time::{Duration, Instant};

#[cfg(not(loom))]
use crate::sys::SystemClock;

/// A monotonic clock with its own origin. In a model its time stands still until the model moves it.
pub(crate) struct Clock {
    #[cfg(not(loom))]
    origin: Instant,
    /// Where the origin stands on the system's clock, or a moment later.
    #[cfg(not(loom))]
    boot: u64,
    #[cfg(loom)]
    now: crate::sync::AtomicU64,
}

impl Clock {
    /// The instant that never comes.
    pub(crate) const FARTHEST: u64 = u64::MAX;

    #[cfg(not(loom))]
    pub(crate) fn new() -> Clock {
        // In this order: what is counted from `boot` is never ahead of what is counted from `origin`.
        let origin = Instant::now();
        Clock { origin, boot: SystemClock::Exact.now() }
    }

    /// Whether `when` is still to come; false also if it is so near that only the exact clock could tell.
    ///
    /// The coarse clock costs a third of the exact one. It stands still between two ticks of the kernel, which come at least
    /// each 10 ms, so what is further away than two of them on this clock has not passed.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn is_to_come(&self, when: u64) -> bool {
        let coarse = SystemClock::Coarse.now().saturating_sub(self.boot);
        when > coarse + COARSE
    }

    /// Nanoseconds from the origin to the present, or a moment less: no deadline comes too soon.
    ///
    /// Go: `runtime.nanotime`
    #[doc(alias = "nanotime")]
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        // Not by the `Instant`: what it is subtracted with costs more than the look at the clock.
        SystemClock::Exact.now().saturating_sub(self.boot)
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

    pub(crate) fn is_to_come(&self, when: u64) -> bool {
        when > self.now()
    }

    pub(crate) fn at(&self, _: Instant) -> u64 {
        unreachable!("models give their deadlines in nanoseconds")
    }

    /// Moves the model's time on to `now`.
    pub(crate) fn set(&self, now: u64) {
        self.now.store(now, std::sync::atomic::Ordering::SeqCst);
    }
}

/// How far the coarse clock may lag behind: two of the kernel's longest ticks.
#[cfg(not(loom))]
const COARSE: u64 = 20_000_000;

/// `duration` in nanoseconds, saturated: in 64 bits throughout, for each deadline comes through here.
fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(duration.subsec_nanos()))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_never_ahead_of_an_instant_nor_does_it_stand_still() {
        let clock = Clock::new();
        let mut last = clock.now();
        for _ in 0..1000 {
            let now = clock.now();
            assert!(last <= now && now <= clock.at(Instant::now()), "{last}, then {now}");
            last = now;
        }
        assert!((0..1_000_000).any(|_| clock.now() > last), "it stands at {last}");
    }
}
