//! The measured window: when it begins and ends, and what this process itself used meanwhile.
//!
//! ```text
//!   Warmup ── its time is over ──► Measuring ── its time, or the number, is reached ──► Over
//!                                    │                                                   │
//!                              "measuring"                                           "measured"
//! ```

use std::io::Write;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::Length;

/// Where the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing counts yet.
    Warmup,
    /// What is completed counts.
    Measuring,
    /// Nothing counts any more.
    Over,
}

/// The measured window.
pub struct Window<'a> {
    signs: &'a mut dyn Write,
    length: Length,
    warmup: Duration,
    phase: Phase,
    /// When the phase began.
    since: Instant,
    cpu: Duration,
    measured: Duration,
}

impl<'a> Window<'a> {
    /// A window that begins `warmup` from now; its begin and its end are told on `signs`.
    #[must_use]
    pub fn new(signs: &'a mut dyn Write, length: Length, warmup: Duration) -> Window<'a> {
        let since = Instant::now();
        Window {
            signs,
            length,
            warmup,
            phase: Phase::Warmup,
            since,
            cpu: Duration::ZERO,
            measured: Duration::ZERO,
        }
    }

    /// Has the warm-up begin now, also after the end: then there is another window.
    pub fn restart(&mut self) {
        self.phase = Phase::Warmup;
        self.since = Instant::now();
    }

    /// Has the phase begin now: a rest after its sign is no part of it.
    pub fn rested(&mut self) {
        self.since = Instant::now();
    }

    /// Where the run is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Goes on to the phase that it is time for at `now`, after `done` messages of the window; whether that is another one.
    ///
    /// # Errors
    /// If that cannot be told.
    #[inline]
    pub fn tick(&mut self, now: Instant, done: u64) -> anyhow::Result<bool> {
        let next = match (self.phase, self.length) {
            (Phase::Warmup, _) => now.saturating_duration_since(self.since) >= self.warmup,
            (Phase::Measuring, Length::Time(time)) => now.saturating_duration_since(self.since) >= time,
            (Phase::Measuring, Length::Requests(total)) => done >= total,
            (Phase::Over, _) => false,
        };
        if next {
            self.advance()?;
        }
        Ok(next)
    }

    /// Ends the window early.
    ///
    /// # Errors
    /// If its end cannot be told.
    pub fn end(&mut self) -> anyhow::Result<()> {
        while self.phase != Phase::Over {
            self.advance()?;
        }
        Ok(())
    }

    #[cold]
    fn advance(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        let (phase, sign) = match self.phase {
            Phase::Warmup => {
                self.cpu = own_cpu();
                (Phase::Measuring, "measuring")
            }
            Phase::Measuring => {
                self.cpu = own_cpu() - self.cpu;
                self.measured = now - self.since;
                (Phase::Over, "measured")
            }
            Phase::Over => return Ok(()),
        };
        self.phase = phase;
        self.since = now;
        writeln!(self.signs, "{sign}")?;
        self.signs.flush()?;
        Ok(())
    }

    /// Whether another message may be begun, with `done` done and `under_way` under way.
    #[inline]
    #[must_use]
    pub fn room(&self, done: u64, under_way: u64) -> bool {
        match (self.phase, self.length) {
            (Phase::Over, _) => false,
            (Phase::Measuring, Length::Requests(total)) => done + under_way < total,
            _ => true,
        }
    }

    /// How long the window was.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.measured.as_secs_f64()
    }

    /// The processor time that this process used in it.
    #[must_use]
    pub fn own_cpu_seconds(&self) -> f64 {
        self.cpu.as_secs_f64()
    }
}

fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_messages_ends_with_the_last() {
        let mut signs = Vec::new();
        let mut window = Window::new(&mut signs, Length::Requests(2), Duration::ZERO);
        let now = Instant::now();
        assert!(window.room(9, 9), "what warms up is not counted");
        assert!(window.tick(now, 0).expect("told"));
        assert_eq!(window.phase(), Phase::Measuring);
        assert!(window.room(0, 1) && !window.room(0, 2) && !window.room(1, 1));
        assert!(!window.tick(now, 1).expect("told"));
        assert!(window.tick(now, 2).expect("told"));
        assert!(!window.room(0, 0));
        assert_eq!(signs, b"measuring\nmeasured\n");
    }

    #[test]
    fn a_window_of_time_ends_when_it_is_over() {
        let mut signs = Vec::new();
        let mut window =
            Window::new(&mut signs, Length::Time(Duration::from_secs(5)), Duration::from_secs(1));
        let begin = Instant::now();
        assert!(!window.tick(begin, 1 << 40).expect("told"));
        assert!(window.tick(begin + Duration::from_secs(2), 0).expect("told"));
        assert!(!window.tick(begin + Duration::from_secs(4), 1 << 40).expect("told"));
        assert!(window.tick(begin + Duration::from_secs(8), 0).expect("told"));
        assert_eq!(window.phase(), Phase::Over);
    }
}
