//! Whether other processes used the processors that are measured on while a sample was taken.
//!
//! ```text
//!   busy time of the processors in use  −  the server's, the generator's, the harness's own  =  the others'
//! ```
//!
//! What the others used is compared with what these processors had to give. The kernel counts busy time in ticks, so a short
//! window cannot tell a few per cent: one tick a processor is allowed for.

use std::time::Duration;

use super::accounting::Machine;

/// The share of the processors in use that others may have before a sample counts as disturbed.
pub(crate) const LIMIT: f64 = 0.05;

/// The tick in which busy time is counted.
const TICK: Duration = Duration::from_millis(10);

/// The share of these processors that others used between two readings, less what counting in ticks may have made up.
pub(crate) fn others(before: Machine, after: Machine, own: Duration, processors: usize) -> f64 {
    let busy = after.busy.saturating_sub(before.busy);
    let total = after.total.saturating_sub(before.total);
    if total.is_zero() {
        return 0.0;
    }
    let grain = TICK * u32::try_from(processors).unwrap_or(u32::MAX);
    busy.saturating_sub(own).saturating_sub(grain).as_secs_f64() / total.as_secs_f64()
}

/// Whether so large a share of others disturbs a sample.
pub(crate) fn disturbs(others: f64) -> bool {
    others > LIMIT
}

/// How often a disturbed sample is taken again: a few times each, and not without end on a machine that is never quiet.
#[derive(Default)]
pub(crate) struct Patience {
    samples: usize,
    retaken: usize,
}

/// How many times one sample is taken again.
const RETAKES: usize = 2;

impl Patience {
    /// Whether a sample with this share of others, taken again so many times already, is taken once more. In all, no more
    /// are taken again than half of the samples so far, so that those that come late have their turn.
    pub(crate) fn again(&mut self, others: f64, taken_again: usize) -> bool {
        if taken_again == 0 {
            self.samples += 1;
        }
        let again = disturbs(others) && taken_again < RETAKES && self.retaken < self.samples.div_ceil(2);
        if again {
            self.retaken += 1;
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(busy: u64, total: u64) -> Machine {
        Machine { busy: Duration::from_millis(busy), total: Duration::from_millis(total) }
    }

    #[test]
    fn what_is_ours_is_not_the_others() {
        // Two processors for a second; busy for 1.5 s, of which 1.28 s are our own and 0.02 s are the grain.
        let share = others(at(100, 1000), at(1600, 3000), Duration::from_millis(1280), 2);
        assert!((share - 0.1).abs() < 1e-9, "{share}");
        assert!(disturbs(share));
    }

    #[test]
    fn a_tick_a_processor_is_no_disturbance() {
        assert_eq!(others(at(0, 0), at(420, 500), Duration::from_millis(400), 2), 0.0);
        assert_eq!(others(at(0, 0), at(400, 500), Duration::from_millis(410), 2), 0.0);
        assert_eq!(others(at(5, 5), at(5, 5), Duration::ZERO, 2), 0.0);
        assert!(!disturbs(0.0));
    }

    #[test]
    fn a_disturbed_sample_is_taken_again_but_not_for_ever() {
        let mut patience = Patience::default();
        // Quiet ones save up.
        assert!((0..10).all(|_| !patience.again(0.0, 0)));
        assert!(patience.again(0.5, 0));
        assert!(patience.again(0.5, 1));
        assert!(!patience.again(0.5, 2), "twice is enough for one");
    }

    #[test]
    fn on_a_machine_that_is_never_quiet_every_second_sample_is_taken_again() {
        let mut patience = Patience::default();
        let mut retaken = 0;
        for _ in 0..100 {
            let mut times = 0;
            while patience.again(0.5, times) {
                times += 1;
            }
            retaken += times;
        }
        assert_eq!(retaken, 50);
    }
}
