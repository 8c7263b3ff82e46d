//! The system's clocks, as `std::time` does not offer them.

/// A clock that counts from the system's start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SystemClock {
    /// To the nanosecond: the clock of [`std::time::Instant`].
    Exact,
    /// As the exact one stood at the kernel's last tick.
    Coarse,
}

impl SystemClock {
    /// Nanoseconds since the system's start; 0 where there is no such clock.
    #[inline]
    pub(crate) fn now(self) -> u64 {
        let clock = match self {
            SystemClock::Exact => libc::CLOCK_MONOTONIC,
            SystemClock::Coarse => libc::CLOCK_MONOTONIC_COARSE,
        };
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the call writes nothing but the time, which is ours. If it fails the time stays zero.
        unsafe { libc::clock_gettime(clock, &raw mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

#[cfg(test)]
mod tests {
    use super::SystemClock::{Coarse, Exact};

    #[test]
    fn the_coarse_clock_follows_the_exact_one_and_never_leads() {
        let first = Coarse.now();
        for _ in 0..1000 {
            let (coarse, exact) = (Coarse.now(), Exact.now());
            assert!(first <= coarse && coarse <= exact, "{first}, then {coarse}, at {exact}");
        }
    }
}
