//! On what machine, with what compilers, of what state of the code.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::capture;

/// Names and values of this machine. What cannot be found out is said to be unknown.
pub(crate) fn machine(processors: usize) -> Vec<(String, String)> {
    let unknown = || "unknown".to_owned();
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let pairs = [
        ("Processor", value(&cpus, "model name").unwrap_or_else(unknown)),
        ("Processors that may be used", processors.to_string()),
        ("Memory", value(&memory, "MemTotal").and_then(|text| gibibytes(&text)).unwrap_or_else(unknown)),
        ("Kernel", format!("Linux {}", kernel.trim())),
        ("Rust", says("rustc", &["--version"]).unwrap_or_else(unknown)),
        ("perf", says("perf", &["--version"]).unwrap_or_else(unknown)),
        ("valgrind", says("valgrind", &["--version"]).unwrap_or_else(unknown)),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// `N kB` in a unit that one can read.
fn gibibytes(text: &str) -> Option<String> {
    let kibibytes: f64 = text.strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{:.1} GiB", kibibytes / 1024.0 / 1024.0))
}

/// The date and the time of day, with the zone.
pub(crate) fn date() -> String {
    says("date", &["+%Y-%m-%d %H:%M %Z"]).unwrap_or_else(|| "unknown".to_owned())
}

/// A name for a run that sorts by time.
pub(crate) fn stamp() -> String {
    says("date", &["+%Y-%m-%d-%H%M%S"]).unwrap_or_else(|| "run".to_owned())
}

/// The commit of a checkout, and whether anything was changed since.
pub(crate) fn revision(root: &Path) -> String {
    let folder = root.to_string_lossy().into_owned();
    let git = |arguments: &[&str]| says("git", &[&["-C", folder.as_str()], arguments].concat());
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), None) => commit,
        (Some(commit), Some(_)) => format!("{commit} with changes"),
        (None, _) => "unknown".to_owned(),
    }
}

/// The first line that a program prints, if it succeeds and prints one.
fn says(program: &str, arguments: &[&str]) -> Option<String> {
    let captured = capture(Command::new(program).args(arguments), Duration::from_secs(20)).ok()?;
    let line = captured.output.lines().next()?.trim().to_owned();
    (captured.status?.success() && !line.is_empty()).then_some(line)
}

/// The value of the first line `name : value`.
fn value(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_behind_the_colon() {
        assert_eq!(
            value("x\t: 1\nmodel name\t: Some CPU @ 2 GHz\n", "model name").unwrap(),
            "Some CPU @ 2 GHz"
        );
        assert_eq!(value("MemTotal:  1 kB\n", "MemTotal").unwrap(), "1 kB");
        assert_eq!(value("", "MemTotal"), None);
    }

    #[test]
    fn memory_is_told_in_gibibytes() {
        assert_eq!(gibibytes("24683656 kB").unwrap(), "23.5 GiB");
        assert_eq!(gibibytes("many"), None);
    }

    #[test]
    fn a_program_that_fails_says_nothing() {
        assert_eq!(says("sh", &["-c", "echo one; echo two"]).unwrap(), "one");
        assert_eq!(says("sh", &["-c", "echo one; exit 1"]), None);
        assert_eq!(says("no-such-program", &[]), None);
    }
}
