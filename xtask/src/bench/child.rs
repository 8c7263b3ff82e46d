//! A child process that is listened to while it runs: a server, the load generator, perf, a server under valgrind.
//!
//! Its lines come one by one with a time limit on each, what it says on standard error is kept for the report, and it ends
//! with everything that it started, at the latest when this program does.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::pin;
use crate::process::{Group, quoted};

/// How much of a program's standard error is kept.
const KEPT: u64 = 16 * 1024;

/// A running program.
pub(crate) struct Child {
    group: Group,
    lines: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
    command: String,
}

impl Child {
    /// Starts a program on some processors.
    pub(crate) fn start(command: &mut Command, processors: &[usize]) -> Result<Child> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = pin::on(processors, || Group::spawn(command))?
            .with_context(|| format!("cannot start `{}`", quoted(command)))?;
        let stdout = group.leader().stdout.take().expect("standard output is piped");
        let stderr = group.leader().stderr.take().expect("standard error is piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let complaints = thread::spawn(move || {
            let mut kept = Vec::new();
            let mut stderr = stderr;
            // A pipe that breaks ends the text; what came before it still counts.
            let _ = stderr.by_ref().take(KEPT).read_to_end(&mut kept);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            String::from_utf8_lossy(&kept).trim().to_owned()
        });
        Ok(Child { group, lines, complaints: Some(complaints), command: shortened(quoted(command)) })
    }

    /// The process, as the kernel numbers it.
    pub(crate) fn pid(&mut self) -> u32 {
        self.group.leader().id()
    }

    /// The pipe to the program's standard input. Dropping it is the end of the input.
    pub(crate) fn input(&mut self) -> Option<ChildStdin> {
        self.group.leader().stdin.take()
    }

    /// Waits for the next line of output. An end of the output is an error that tells how the program ended.
    pub(crate) fn line(&mut self, limit: Duration) -> Result<String> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => {
                bail!("`{}` has said nothing for {} s", self.command, limit.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                // It may still be on its way out.
                let status = self.wait(Duration::from_secs(5))?;
                bail!("{}", self.told(status))
            }
        }
    }

    /// Waits for the output's end, and gives the lines until then. Anything but success is an error.
    pub(crate) fn rest(self, limit: Duration) -> Result<Vec<String>> {
        let mut lines = vec![];
        self.each(limit, |line| lines.push(line))?;
        Ok(lines)
    }

    /// The same, with each line as it comes.
    pub(crate) fn each(mut self, limit: Duration, mut see: impl FnMut(String)) -> Result<()> {
        let end = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => see(line),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("`{}` was not done after {} s", self.command, limit.as_secs())
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match self.wait(Duration::from_secs(5))? {
            Some(status) if status.success() => Ok(()),
            status => bail!("{}", self.told(status)),
        }
    }

    /// An error if the program has ended, which it had no reason to.
    pub(crate) fn still_runs(&mut self) -> Result<()> {
        if self.group.is_over()? {
            let status = self.wait(Duration::ZERO)?;
            bail!("{}", self.told(status));
        }
        Ok(())
    }

    /// Asks the program to end, by a signal, and gives it time for that. Killed afterwards, whatever it does.
    pub(crate) fn end(mut self, signal: Signal, limit: Duration) -> Result<()> {
        self.group.signal(signal);
        let ended = self.wait(limit)?.is_some();
        self.group.end()?;
        if !ended {
            bail!("`{}` had not ended {} s after it was asked to", self.command, limit.as_secs());
        }
        Ok(())
    }

    /// The status of the program if it ends in time.
    fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let end = Instant::now() + limit;
        while !self.group.is_over()? {
            if Instant::now() >= end {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(Some(self.group.end()?))
    }

    /// How the program ended, in its own last words if it had some.
    fn told(&mut self, status: Option<ExitStatus>) -> String {
        let Some(status) = status else {
            return format!("`{}` closed its output and runs on", self.command);
        };
        let said = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        match said.lines().last() {
            Some(last) => format!("`{}` ended with {status}: {last}", self.command),
            None => format!("`{}` ended with {status}", self.command),
        }
    }
}

/// A command as an error quotes it: its first words.
fn shortened(command: String) -> String {
    const LENGTH: usize = 80;
    match command.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{} ...", &command[..end]),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::pin::Processors;

    const LIMIT: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Child {
        let processors = Processors::for_tests();
        Child::start(Command::new("sh").args(["-c", script]), processors.all()).unwrap()
    }

    #[test]
    fn lines_come_as_they_are_written() {
        let mut child = shell("echo one; read go; echo two");
        assert_eq!(child.line(LIMIT).unwrap(), "one");
        child.still_runs().unwrap();
        drop(child.input());
        assert_eq!(child.rest(LIMIT).unwrap(), ["two"]);
    }

    #[test]
    fn a_program_that_ends_early_is_quoted() {
        let error = shell("echo no such mode >&2; exit 2").line(LIMIT).unwrap_err().to_string();
        assert!(error.ends_with("ended with exit status: 2: no such mode"), "{error}");
        let error = shell("echo no >&2; exit 3").rest(LIMIT).unwrap_err().to_string();
        assert!(error.ends_with("exit status: 3: no"), "{error}");
    }

    #[test]
    fn a_long_command_is_quoted_by_its_beginning() {
        assert_eq!(shortened("x".repeat(80)), "x".repeat(80));
        assert_eq!(shortened("é".repeat(81)), format!("{} ...", "é".repeat(80)));
    }

    #[test]
    fn a_program_that_says_nothing_is_given_up() {
        let error = shell("sleep 1000").line(Duration::from_millis(20)).unwrap_err().to_string();
        assert!(error.contains("has said nothing"), "{error}");
    }

    #[test]
    fn a_program_that_will_not_end_is_killed() {
        let mut child = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
        child.line(LIMIT).unwrap();
        let pid = child.pid();
        assert!(child.end(Signal::TERM, Duration::from_millis(50)).is_err());
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
        let mut child = shell("echo ready; exec sleep 1000");
        child.line(LIMIT).unwrap();
        child.end(Signal::TERM, LIMIT).unwrap();
    }
}
