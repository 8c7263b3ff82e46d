//! What the tests left out for want of an outside tool, or of a feature of the kernel.
//!
//! A test runner keeps what a passing test prints to itself, so the tests write to a file as well: a variable names it, and
//! `integration_tests::skip` appends one line to it for each test that it sends home,
//! `skipped: socat is not installed`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// The variable that tells the tests where to write.
pub(crate) const VARIABLE: &str = "SKIP_LOG";

/// The file that the tests of one run append to.
pub(crate) struct SkipLog {
    /// Given to the tests in [`VARIABLE`].
    pub(crate) path: PathBuf,
}

impl SkipLog {
    /// Starts an empty log.
    pub(crate) fn start(workspace: &Workspace) -> Result<SkipLog> {
        fs::create_dir_all(&workspace.target)?;
        let path = workspace.target.join("skipped-tests.log");
        fs::write(&path, "").with_context(|| format!("cannot write {}", path.display()))?;
        Ok(SkipLog { path })
    }

    /// Reads what the tests have written.
    pub(crate) fn read(&self) -> Result<Skips> {
        let text =
            fs::read_to_string(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(Skips::parse(&text))
    }
}

/// How many tests were skipped, and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Skips {
    /// The distinct reasons, in order.
    pub(crate) reasons: BTreeSet<String>,
    /// The tests that went home. Their runner counts each as passed.
    pub(crate) tests: usize,
}

impl Skips {
    fn parse(log: &str) -> Skips {
        let reasons: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("skipped: ")).collect();
        Skips { tests: reasons.len(), reasons: reasons.into_iter().map(str::to_owned).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tests_may_share_a_reason() {
        let line = |tool: &str| format!("skipped: {tool} is not installed\n");
        let skips = Skips::parse(&[line("socat"), line("nc"), line("socat")].concat());
        assert_eq!(Vec::from_iter(&skips.reasons), ["nc is not installed", "socat is not installed"]);
        assert_eq!(skips.tests, 3);
    }

    #[test]
    fn the_tests_write_where_this_reads() {
        let helper = Workspace::here().root.join("integration-tests/src/skip.rs");
        let text = fs::read_to_string(helper).unwrap();
        assert!(text.contains(&format!("var_os({VARIABLE:?})")), "skip.rs does not read {VARIABLE}");
        assert!(text.contains("\"skipped: {reason}\""), "skip.rs words its lines differently");
    }

    #[test]
    fn an_empty_log_means_that_nothing_was_skipped() {
        assert_eq!(Skips::parse(""), Skips::default());
    }
}
