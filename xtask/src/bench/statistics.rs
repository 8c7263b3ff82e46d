//! Medians with quartiles, ratios of paired runs, and a line through points.
//!
//! ```text
//!   round      1     2     3     4     5
//!   raw      5.0   5.6   5.1   5.0   5.2         a machine that slows down slows both down
//!   ours     5.1   5.7   5.1   5.2   5.3
//!   ratio   1.02  1.02  1.00  1.04  1.02   ──►  median 1.02, quartiles 1.02 .. 1.02
//! ```
//!
//! A ratio is taken within a round and the median over the rounds, never the other way round: what the machine did in a
//! round it did to both.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a row of samples comes to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// A quarter of the samples lie below this.
    pub(crate) q1: f64,
    /// Half of the samples lie below this.
    pub(crate) median: f64,
    /// A quarter of the samples lie above this.
    pub(crate) q3: f64,
    /// How many samples there are.
    pub(crate) count: usize,
}

impl Summary {
    /// Sums up samples in any order. None without samples.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Option<Summary> {
        let mut sorted: Vec<f64> = samples.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        if sorted.is_empty() {
            return None;
        }
        Some(Summary {
            q1: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            q3: quantile(&sorted, 0.75),
            count: sorted.len(),
        })
    }

    /// From the first quartile to the third.
    pub(crate) fn spread(&self) -> f64 {
        self.q3 - self.q1
    }
}

/// The value below which a share of the sorted samples lies, between two samples in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

/// Combines two rows round by round, and leaves out the rounds that one of them lacks.
pub(crate) fn paired(
    ours: &BTreeMap<usize, f64>,
    theirs: &BTreeMap<usize, f64>,
    combine: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let both = ours.iter().filter_map(|(round, a)| Some((*a, *theirs.get(round)?)));
    both.map(|(a, b)| combine(a, b)).collect()
}

/// The slope of the line with the least sum of squared distances. None if no line is determined.
pub(crate) fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let xx: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let xy: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (points.len() > 1 && xx > 0.0).then(|| xy / xx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_samples_in_proportion() {
        let summary = Summary::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(summary, Summary { q1: 1.75, median: 2.5, q3: 3.25, count: 4 });
        assert_eq!(summary.spread(), 1.5);
        let summary = Summary::of([9.0, 1.0, 5.0, 7.0, 3.0]).unwrap();
        assert_eq!(summary, Summary { q1: 3.0, median: 5.0, q3: 7.0, count: 5 });
    }

    #[test]
    fn one_sample_is_its_own_quartiles_and_none_is_no_summary() {
        assert_eq!(Summary::of([2.0]).unwrap(), Summary { q1: 2.0, median: 2.0, q3: 2.0, count: 1 });
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        assert_eq!(Summary::of([1.0, 1.0, 1.0, 1.0, 1000.0]).unwrap().median, 1.0);
    }

    #[test]
    fn pairs_are_made_within_a_round() {
        // Of the medians alone the ratio would be 2.
        let ours = BTreeMap::from([(1, 1.0), (2, 4.0), (3, 16.0), (4, 5.0)]);
        let theirs = BTreeMap::from([(1, 1.0), (2, 2.0), (3, 4.0), (5, 9.0)]);
        assert_eq!(paired(&ours, &theirs, |a, b| a / b), [1.0, 2.0, 4.0]);
        assert_eq!(paired(&ours, &theirs, |a, b| a - b), [0.0, 2.0, 12.0]);
    }

    #[test]
    fn the_slope_is_that_of_least_squares() {
        assert_eq!(slope(&[(0.0, 7.0), (1.0, 9.0), (2.0, 11.0)]), Some(2.0));
        // The points off the line pull evenly.
        assert_eq!(slope(&[(0.0, 0.0), (1.0, 2.0), (2.0, 1.0), (3.0, 3.0)]), Some(0.8));
        assert_eq!(slope(&[(1.0, 1.0)]), None);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(slope(&[]), None);
    }
}
