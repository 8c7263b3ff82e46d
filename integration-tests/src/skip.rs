//! Tests that need a tool of the machine, or a feature of its kernel: a machine without it skips them and says so.

use std::io::Write;
use std::path::Path;

/// Whether `tool` is installed. If it is not, the skip is printed, and noted where the test command asked for it.
pub fn needs(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| Path::new(&folder).join(tool).is_file()) {
        return true;
    }
    skip(&format!("skipped: {tool} is not installed"));
    false
}

/// Whether the kernel has `feature`, as `found` says. If it has not, the skip is printed and noted.
pub fn kernel_has(feature: &str, found: bool) -> bool {
    if !found {
        skip(&format!("skipped: the kernel has no {feature}"));
    }
    found
}

fn skip(line: &str) {
    println!("{line}");
    if let Some(log) = std::env::var_os("SKIP_LOG") {
        let noted = std::fs::OpenOptions::new()
            .append(true)
            .open(&log)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        noted.unwrap_or_else(|error| panic!("{line}, which cannot be noted in {log:?}: {error}"));
    }
}
