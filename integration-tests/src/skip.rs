//! Tests that need something of the machine, a tool or a part of its kernel: a machine without it skips them and says so.

use std::io::Write;
use std::path::Path;

/// Whether `tool` is installed. If it is not, the skip is printed, and noted where the test command asked for it.
pub fn needs(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| Path::new(&folder).join(tool).is_file());
    found || skipped(&format!("{tool} is not installed"))
}

/// Whether loopback has IPv6. If it has not, the skip is printed, and noted where the test command asked for it.
pub fn needs_ipv6() -> bool {
    std::net::TcpListener::bind("[::1]:0").is_ok() || skipped("there is no IPv6 here")
}

/// Whether the kernel has `feature`, as `found` says. If it has not, the skip is printed, and noted where the test command
/// asked for it.
pub fn kernel_has(feature: &str, found: bool) -> bool {
    found || skipped(&format!("the kernel has no {feature}"))
}

/// Says that a test is left out, and why.
fn skipped(reason: &str) -> bool {
    let line = format!("skipped: {reason}");
    println!("{line}");
    if let Some(log) = std::env::var_os("SKIP_LOG") {
        let noted = std::fs::OpenOptions::new()
            .append(true)
            .open(&log)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        noted.unwrap_or_else(|error| panic!("the skip ({reason}) cannot be noted in {log:?}: {error}"));
    }
    false
}
