//! What the generator says in the end.

use hdrhistogram::Histogram;
use serde::Serialize;

/// One run, as JSON.
#[derive(Serialize, Debug, Default)]
pub struct Report {
    /// The mode, by its name on the command line.
    pub mode: &'static str,
    /// How many connections there were at once.
    pub connections: usize,
    /// The length of a message, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Messages that came back whole within the window, or all windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// The same of each window, if there were several. What follows is of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<Vec<u64>>,
    /// Bytes of the stream within the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How long the window was.
    pub seconds: f64,
    /// From the begin of a message (with `short`, of its connection) to its last byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<Latency>,
    /// The messages of the slowest connection over those of the median one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slowest_share: Option<f64>,
    /// What went wrong: connections that failed, were silent, or brought back what was not sent.
    pub errors: u64,
    /// The first few of them, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first_errors: Vec<String>,
    /// The processor time that the generator itself used within the window.
    pub own_cpu_seconds: f64,
}

/// Latencies in microseconds.
#[derive(Serialize, Debug, Clone, Copy)]
pub struct Latency {
    /// The median.
    pub p50: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// 999 of 1,000 took no longer.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Latency {
    /// From a histogram of nanoseconds; nothing if it is empty.
    #[must_use]
    pub fn of(nanoseconds: &Histogram<u64>) -> Option<Latency> {
        let at = |quantile| nanoseconds.value_at_quantile(quantile) as f64 / 1000.0;
        (!nanoseconds.is_empty()).then(|| Latency {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: nanoseconds.max() as f64 / 1000.0,
        })
    }
}

/// The smallest over the median; nothing if the median is 0.
#[must_use]
pub fn slowest_share(mut done: Vec<u64>) -> Option<f64> {
    done.sort_unstable();
    let median = match done.len() {
        0 => return None,
        odd if odd % 2 == 1 => done[odd / 2] as f64,
        even => (done[even / 2 - 1] + done[even / 2]) as f64 / 2.0,
    };
    (median > 0.0).then(|| done[0] as f64 / median)
}

/// How many errors are told in words.
const TOLD: usize = 5;

/// What went wrong.
#[derive(Debug, Default)]
pub struct Errors {
    /// How often.
    pub count: u64,
    /// The first few.
    pub first: Vec<String>,
}

impl Errors {
    /// One more.
    #[cold]
    pub fn add(&mut self, error: impl std::fmt::Display) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_is_told_beside_the_median() {
        assert_eq!(slowest_share(vec![10, 5, 20]), Some(0.5));
        assert_eq!(slowest_share(vec![10, 5, 20, 30]), Some(5.0 / 15.0));
        assert_eq!(slowest_share(vec![0, 8, 8]), Some(0.0));
        assert_eq!(slowest_share(vec![0, 0, 8]), None);
        assert_eq!(slowest_share(Vec::new()), None);
    }

    #[test]
    fn latencies_are_in_microseconds() {
        let mut histogram = Histogram::new(3).expect("three digits");
        for micros in 1..=1000_u64 {
            histogram.record(micros * 1000).expect("it grows");
        }
        let latency = Latency::of(&histogram).expect("not empty");
        assert!((latency.p50 - 500.0).abs() < 5.0, "{latency:?}");
        assert!((latency.p99 - 990.0).abs() < 10.0, "{latency:?}");
        assert!((latency.max - 1000.0).abs() < 10.0, "{latency:?}");
        assert!(Latency::of(&Histogram::new(3).expect("three digits")).is_none());
    }
}
