//! Counts of tests, added up from the lines that the test runners print.

/// What every test runner so far has reported.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed.
    pub(crate) failed: usize,
    /// One entry for each test marked `#[ignore]`: its name, and the reason if it gives one.
    pub(crate) ignored: Vec<String>,
    /// How many `test result:` lines were read.
    pub(crate) results: usize,
}

impl Tally {
    /// Takes in one line of a test runner's output. Lines of any other form are passed over.
    pub(crate) fn see(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.results += 1;
            self.passed += count_before(counts, " passed");
            self.failed += count_before(counts, " failed");
        } else if let Some((name, fate)) =
            line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ignored"))
        {
            let reason = fate.strip_prefix(", ").unwrap_or("no reason given");
            self.ignored.push(format!("{name} is ignored: {reason}"));
        }
    }
}

/// The number that stands directly before `word`: 12 for " passed" in "ok. 12 passed; 0 failed".
fn count_before(text: &str, word: &str) -> usize {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_runners_add_up() {
        let mut tally = Tally::default();
        tally.see(
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        tally.see("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 9 filtered out; finished in 1.00s");
        assert_eq!(tally, Tally { passed: 15, failed: 2, ignored: vec![], results: 2 });
    }

    #[test]
    fn an_ignored_test_is_kept_with_its_reason() {
        let mut tally = Tally::default();
        tally.see("test slow::one ... ignored, takes a day");
        tally.see("test src/lib.rs - thing (line 3) ... ignored");
        assert_eq!(
            tally.ignored,
            ["slow::one is ignored: takes a day", "src/lib.rs - thing (line 3) is ignored: no reason given"]
        );
    }

    #[test]
    fn other_lines_count_for_nothing() {
        let mut tally = Tally::default();
        for line in ["", "running 3 tests", "test a ... ok", "7 passed", "the test result: 9 passed"] {
            tally.see(line);
        }
        assert_eq!(tally, Tally::default());
    }
}
