//! Instructions in user space, counted by valgrind's simulated processor.
//!
//! ```text
//!   instructions a request  =  ( those of a run of M requests  −  those of a run of N )  /  ( M − N )
//! ```
//!
//! Starting, accepting and ending cost the same in both runs and fall out. A virtual machine often has no counters of the
//! processor's own, and these are exact where those are not; what the kernel does is not in them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::capture;

/// How much slower than by itself a program may start here.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);

/// Why instructions cannot be counted here, if they cannot.
pub(crate) fn unavailable() -> Option<String> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--version"]);
    match capture(&mut valgrind, Duration::from_secs(30)) {
        Ok(captured) if captured.status.is_some_and(|status| status.success()) => None,
        Ok(_) => Some("the valgrind that is installed has no callgrind".to_owned()),
        Err(_) => Some("valgrind is not installed (the package `valgrind`)".to_owned()),
    }
}

/// valgrind about to run a program, with its count to be left in a file. The program is to be added.
pub(crate) fn counting(file: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", file.display()));
    valgrind
}

/// The same, with the graph of calls and the address of each instruction.
pub(crate) fn telling_calls(file: &Path) -> Command {
    let mut valgrind = counting(file);
    valgrind.args(["--dump-instr=yes", "--separate-callers=40", "--demangle=no"]);
    valgrind.args(["--compress-pos=no", "--compress-strings=no"]);
    valgrind
}

/// Reads how many instructions a run took, after the program has ended.
pub(crate) fn instructions(file: &Path) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("valgrind left no {}", file.display()))?;
    total(&text).with_context(|| format!("{} has no total", file.display()))
}

/// The `summary:` line of each part, added up. A program that forks or dumps early has several.
fn total(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text
        .lines()
        .filter_map(|line| line.strip_prefix("summary:"))
        .map(|counts| counts.split_ascii_whitespace().next()?.parse().ok())
        .collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.iter().sum())
}

/// Instructions for each request, out of two runs of different lengths.
pub(crate) fn each(short: (u64, u64), long: (u64, u64)) -> f64 {
    (long.1 as f64 - short.1 as f64) / (long.0 as f64 - short.0 as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_in_the_summary() {
        let text = "version: 1\nevents: Ir\n\nfn=(1) main\n10 100\nsummary: 1234\ntotals: 1234\n";
        assert_eq!(total(text), Some(1234));
        assert_eq!(total("summary: 1\nsummary: 2 9\n"), Some(3));
        assert_eq!(total("events: Ir\n"), None);
        assert_eq!(total("summary: many\n"), None);
    }

    #[test]
    fn what_both_runs_share_falls_out() {
        assert_eq!(each((1000, 5_000_000), (3000, 5_900_000)), 450.0);
    }
}
