//! System calls counted by the kernel's own trace points, through `perf stat`.
//!
//! ```text
//!   perf attaches, counting nothing ─► warm-up ─► enable ─ ack ─► measured window ─► disable ─ ack ─► perf ends and prints
//! ```
//!
//! strace would stop the server at each call and so change which calls it makes. A trace point costs some tens of
//! nanoseconds. All of the kernel's 350 points at once take it 14 seconds to attach, so one counts every call, and those that
//! a server is likely to make are counted by name; what is over is shown as `other`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use super::child::Child;

/// The point that every system call passes.
const EVERY: &str = "raw_syscalls:sys_enter";

/// The calls that goal 1 forbids. They are counted by name, too.
pub(crate) const FORBIDDEN: [&str; 3] = ["futex", "epoll_ctl", "timerfd_settime"];

/// The others that are counted by name.
const NAMES: [&str; 21] = [
    "read",
    "write",
    "readv",
    "writev",
    "recvfrom",
    "sendto",
    "recvmsg",
    "sendmsg",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "accept4",
    "close",
    "shutdown",
    "setsockopt",
    "getsockname",
    "getpeername",
    "nanosleep",
    "sched_yield",
    "madvise",
    "tgkill",
];

/// Calls counted within a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calls {
    /// All of them.
    pub(crate) total: u64,
    /// Those that are counted by name and were made at all.
    pub(crate) by_name: Vec<(String, u64)>,
}

impl Calls {
    /// Calls with other names.
    pub(crate) fn other(&self) -> u64 {
        self.total.saturating_sub(self.by_name.iter().map(|(_, count)| count).sum())
    }
}

/// Why calls cannot be counted here, if they cannot.
pub(crate) fn unavailable(folder: &Path) -> Option<String> {
    let mut perf = Command::new("perf");
    let output = folder.join("perf-probe.csv");
    perf.args(["stat", "-x,", "-o"]).arg(&output).args(["-e", EVERY, "true"]);
    let captured = match crate::process::capture(&mut perf, Duration::from_secs(30)) {
        Ok(captured) => captured,
        Err(_) => {
            return Some("perf is not installed (the package `linux-perf`, or `linux-tools`)".to_owned());
        }
    };
    if captured.status.is_some_and(|status| status.success()) {
        let counted = fs::read_to_string(&output).map_err(anyhow::Error::from).and_then(|text| parse(&text));
        return counted.err().map(|error| format!("perf counts no system calls here: {error:#}"));
    }
    let said = captured.output.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing").to_owned();
    Some(format!(
        "perf counts no system calls here (it needs root, or a low kernel.perf_event_paranoid): {said}"
    ))
}

/// A perf that is attached to a process.
pub(crate) struct Counter {
    perf: Child,
    control: File,
    acknowledged: File,
    output: PathBuf,
}

impl Counter {
    /// Attaches to all threads of a process, present and future, and counts nothing yet.
    pub(crate) fn attach(pid: u32, folder: &Path, processors: &[usize]) -> Result<Counter> {
        let pipe = |name: &str| -> Result<(PathBuf, File)> {
            let path = folder.join(name);
            if path.exists() {
                fs::remove_file(&path)?;
            }
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
                .with_context(|| format!("cannot make the pipe {}", path.display()))?;
            // Open for both, so that no side waits for the other to open.
            let file = File::options().read(true).write(true).open(&path)?;
            Ok((path, file))
        };
        let (control_path, control) = pipe("perf-control")?;
        let (acknowledged_path, acknowledged) = pipe("perf-acknowledged")?;
        let output = folder.join("perf.csv");
        let named: Vec<_> =
            NAMES.iter().chain(&FORBIDDEN).map(|name| format!("syscalls:sys_enter_{name}")).collect();
        let mut command = Command::new("perf");
        command.args(["stat", "-x,", "--delay=-1", "--no-big-num", "-p", &pid.to_string()]);
        command.args(["-e", &format!("{EVERY},{}", named.join(","))]).arg("-o").arg(&output);
        command.arg(format!("--control=fifo:{},{}", control_path.display(), acknowledged_path.display()));
        let perf = Child::start(&mut command, processors)?;
        let mut counter = Counter { perf, control, acknowledged, output };
        // The first answer means that every event is attached.
        counter.tell("disable")?;
        Ok(counter)
    }

    /// Begins to count.
    pub(crate) fn enable(&mut self) -> Result<()> {
        self.tell("enable")
    }

    /// Stops counting.
    pub(crate) fn disable(&mut self) -> Result<()> {
        self.tell("disable")
    }

    /// Detaches and gives what was counted.
    pub(crate) fn finish(self) -> Result<Calls> {
        // Ctrl-C is how it is told to print; it knows no word for it.
        self.perf.end(Signal::INT, Duration::from_secs(30))?;
        let text = fs::read_to_string(&self.output)
            .with_context(|| format!("perf left no {}", self.output.display()))?;
        parse(&text)
    }

    fn tell(&mut self, word: &str) -> Result<()> {
        self.control.write_all(format!("{word}\n").as_bytes())?;
        let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
        if poll(&mut [PollFd::new(&self.acknowledged, PollFlags::IN)], Some(&limit))? == 0 {
            self.perf.still_runs()?;
            bail!("perf did not answer to `{word}` for 20 s");
        }
        let mut answer = [0; 16];
        let length = self.acknowledged.read(&mut answer)?;
        if !answer[..length].starts_with(b"ack") {
            bail!("perf answered {:?} to `{word}`", String::from_utf8_lossy(&answer[..length]));
        }
        Ok(())
    }
}

/// Lines of `perf stat -x,`: the count, an empty unit, the event, and more.
fn parse(text: &str) -> Result<Calls> {
    let mut calls = Calls::default();
    let mut seen_total = false;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut fields = line.split(',');
        let (Some(count), Some(_unit), Some(event)) = (fields.next(), fields.next(), fields.next()) else {
            bail!("perf printed {line:?}");
        };
        let count: u64 = count.parse().with_context(|| format!("perf did not count {event}: {count}"))?;
        if event == EVERY {
            calls.total = count;
            seen_total = true;
        } else if let Some(name) = event.strip_prefix("syscalls:sys_enter_") {
            if count > 0 {
                calls.by_name.push((name.to_owned(), count));
            }
        } else {
            bail!("perf counted {event}, which nobody asked for");
        }
    }
    if !seen_total {
        bail!("perf printed no count of all calls");
    }
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "# started on Wed Nov 25 09:19:42 2026\n\n\
        2052,,raw_syscalls:sys_enter,116223,100.00,,\n\
        0,,syscalls:sys_enter_futex,116223,100.00,,\n\
        1000,,syscalls:sys_enter_read,116223,100.00,,\n\
        1002,,syscalls:sys_enter_write,116223,100.00,,\n";

    #[test]
    fn calls_are_told_apart_and_the_rest_is_other() {
        let calls = parse(PRINTED).unwrap();
        assert_eq!(calls.total, 2052);
        assert_eq!(calls.by_name, [("read".to_owned(), 1000), ("write".to_owned(), 1002)]);
        assert_eq!(calls.other(), 50);
    }

    #[test]
    fn what_was_not_counted_is_an_error_and_not_a_nought() {
        let error = parse("<not counted>,,raw_syscalls:sys_enter,0,0.00,,\n").unwrap_err();
        assert_eq!(error.to_string(), "perf did not count raw_syscalls:sys_enter: <not counted>");
        assert!(parse("").is_err());
        assert!(parse("5,,syscalls:sys_enter_read,1,100.00,,\n").is_err());
        assert!(parse("5,,cycles,1,100.00,,\n").is_err());
        assert!(parse("nonsense\n").is_err());
    }
}
