//! Child processes: run to the end with their output passed on, or captured under a time limit.

#[cfg(unix)]
mod group;
#[cfg(not(unix))]
#[path = "process/single.rs"]
mod group;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) use group::Group;

/// Runs a command whose output goes where ours goes. Anything but success is an error that quotes the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", quoted(command)))?;
    succeeded(command, status)
}

/// Runs a command, passes each line of its standard output on and shows it to `see` as well.
pub(crate) fn run_and_see(command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", quoted(command)))?;
    let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
    let mut line = Vec::new();
    // By bytes: a test may print what is not UTF-8.
    while output.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        see(text.trim_end());
        line.clear();
    }
    let status = child.wait()?;
    succeeded(command, status)
}

/// Whether a command can be started and succeeds. Its output is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a captured command left behind.
pub(crate) struct Captured {
    /// Standard output, then standard error.
    pub(crate) output: String,
    /// None: the time limit passed and the process was killed.
    pub(crate) status: Option<ExitStatus>,
    /// How long it ran.
    pub(crate) took: Duration,
}

/// Runs a command with its output captured, and kills it when `limit` has passed, with everything that it started.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> Result<Captured> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::spawn(command).with_context(|| format!("cannot start `{}`", quoted(command)))?;
    let out = drain(group.leader().stdout.take().expect("standard output is piped"));
    let err = drain(group.leader().stderr.take().expect("standard error is piped"));
    let in_time = loop {
        if group.is_over()? {
            break true;
        }
        if start.elapsed() > limit {
            break false;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let status = group.end()?;
    let took = start.elapsed();
    let collect =
        |bytes: thread::JoinHandle<Vec<u8>>| bytes.join().expect("a reader of a pipe does not panic");
    let output = [collect(out), collect(err)].concat();
    Ok(Captured {
        output: String::from_utf8_lossy(&output).into_owned(),
        status: in_time.then_some(status),
        took,
    })
}

/// Reads a pipe to its end on a thread of its own, so that a full pipe never holds the child up.
fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends the output; what came before it still counts.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", quoted(command));
    }
    Ok(())
}

/// The command as somebody would type it, with the program's name instead of its path.
pub(crate) fn quoted(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> =
        std::iter::once(name).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_command_tells_its_output_and_status() {
        let captured = capture(Command::new("rustc").arg("--version"), Duration::from_secs(60)).unwrap();
        assert!(captured.output.starts_with("rustc "), "{}", captured.output);
        assert!(captured.status.unwrap().success());
    }

    #[cfg(unix)]
    #[test]
    fn a_captured_command_is_killed_at_its_time_limit() {
        let captured = capture(Command::new("sleep").arg("1000"), Duration::from_millis(50)).unwrap();
        assert!(captured.status.is_none());
    }

    #[test]
    fn a_command_that_fails_is_quoted_in_the_error() {
        let error = run(Command::new("rustc").arg("--no-such-flag").stderr(Stdio::null())).unwrap_err();
        assert!(error.to_string().starts_with("`rustc --no-such-flag` ended with exit status"), "{error}");
    }
}
