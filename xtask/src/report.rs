//! Headings, times and the closing lines of a run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::skips::Skips;
use crate::tally::Tally;

/// What a run has done so far.
pub(crate) struct Report {
    steps: Vec<(String, Duration)>,
    /// What the test runners reported.
    pub(crate) tally: Tally,
    /// How many tests went home for want of a tool.
    sent_home: usize,
    /// Everything left out, one sentence each.
    reasons: BTreeSet<String>,
}

impl Report {
    /// An empty report.
    pub(crate) fn new() -> Report {
        Report { steps: vec![], tally: Tally::default(), sent_home: 0, reasons: BTreeSet::new() }
    }

    /// Runs one step under a heading and notes its time. The name of a step that fails becomes part of the error.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce(&mut Report) -> Result<()>) -> Result<()> {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = work(self);
        let took = start.elapsed();
        println!(
            "--- {name}: {} in {:.1} s",
            if outcome.is_ok() { "done" } else { "failed" },
            took.as_secs_f64()
        );
        self.steps.push((name.to_owned(), took));
        outcome.with_context(|| name.to_owned())
    }

    /// Notes that a part of the work was left out.
    pub(crate) fn skip(&mut self, reason: impl Into<String>) {
        self.reasons.insert(reason.into());
    }

    /// Takes in the tests' own log of skips.
    pub(crate) fn add(&mut self, skips: Skips) {
        self.reasons.extend(skips.reasons);
        self.sent_home += skips.tests;
    }

    /// How many sentences [`close`](Report::close) will print about what was left out.
    pub(crate) fn skips(&self) -> usize {
        self.reasons.len() + self.tally.ignored.len()
    }

    /// Prints the times of several steps, what was skipped, and last the counts of tests.
    pub(crate) fn close(&self) {
        if self.steps.len() > 1 {
            println!();
            for (name, took) in &self.steps {
                println!("{:>8.1} s  {name}", took.as_secs_f64());
            }
        }
        for reason in self.reasons.iter().chain(&self.tally.ignored) {
            println!("skipped: {reason}");
        }
        if self.tally.results > 0 {
            println!("{}", self.counts());
        }
    }

    /// A test that was sent home counts as skipped, though its runner saw it pass.
    fn counts(&self) -> String {
        let passed = self.tally.passed.saturating_sub(self.sent_home);
        let skipped = self.tally.ignored.len() + self.sent_home;
        format!("{passed} passed, {} failed, {skipped} skipped", self.tally.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_without_its_tool_counts_as_skipped_and_not_as_passed() {
        let mut report = Report::new();
        report.tally.see("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        report.tally.see("test slow ... ignored");
        report.sent_home = 1;
        assert_eq!(report.counts(), "4 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_step_that_fails_is_named_in_the_error() {
        let error = Report::new().step("clippy", |_| anyhow::bail!("it broke")).unwrap_err();
        assert_eq!(format!("{error:#}"), "clippy: it broke");
    }
}
