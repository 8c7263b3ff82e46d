//! The built models of one package, each of which is run as a process of its own.
//!
//! A model starts threads by the million, each with a stack that the kernel maps and unmaps. Two models in one process wait
//! for each other there: all models of a package take twice as long as in processes of their own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{Captured, capture, quoted};
use crate::workspace::Workspace;

/// How long building may take before it counts as stuck.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// The built models of one package.
pub(crate) struct Models {
    folder: PathBuf,
    binary: PathBuf,
}

/// A model that has been run.
pub(crate) struct Ended {
    pub(crate) name: String,
    pub(crate) run: Captured,
}

impl Ended {
    /// Whether it held.
    pub(crate) fn passed(&self) -> bool {
        self.run.status.is_some_and(|status| status.success())
    }

    /// What became of it, in a word or two.
    pub(crate) fn fate(&self) -> &'static str {
        match self.run.status {
            Some(status) if status.success() => "ok",
            Some(_) => "FAILED",
            None => "STOPPED at its time limit",
        }
    }
}

/// How many models run at once: one for each processor.
pub(crate) fn at_once() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Models {
    /// Builds a package's models. What the compiler says is part of the error.
    pub(crate) fn build(workspace: &Workspace, package: &str) -> Result<Models> {
        let start = Instant::now();
        let mut cargo = workspace.cargo_for_loom();
        cargo.args(["test", "--release", "--lib", "--no-run", "--color", "never", "--package", package]);
        let built = capture(&mut cargo, BUILD_LIMIT)?;
        if !built.status.is_some_and(|status| status.success()) {
            bail!(
                "`{}` with `--cfg loom` failed after {:.0?}:\n{}",
                quoted(&cargo),
                start.elapsed(),
                built.output
            );
        }
        let binary = executable(&built.output)
            .with_context(|| format!("`{}` names no executable:\n{}", quoted(&cargo), built.output))?;
        Ok(Models { folder: workspace.root.join(package), binary: workspace.root.join(binary) })
    }

    /// The full path of each model, in the order of the test runner.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let mut list = Command::new(&self.binary);
        list.args(["loom", "--list", "--format", "terse"]).current_dir(&self.folder);
        let listed = capture(&mut list, BUILD_LIMIT)?;
        if !listed.status.is_some_and(|status| status.success()) {
            bail!("cannot list the models:\n{}", listed.output);
        }
        Ok(listed.output.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    /// Runs one model, for `limit` at most.
    pub(crate) fn run(&self, name: &str, limit: Duration) -> Result<Ended> {
        let mut command = Command::new(&self.binary);
        command.args(["--exact", name]).current_dir(&self.folder);
        Ok(Ended { name: name.to_owned(), run: capture(&mut command, limit)? })
    }

    /// Runs these models, as many at once as there are processors, each for `limit` at most. Each is shown to `see` as it ends.
    pub(crate) fn run_each(
        &self,
        names: &[String],
        limit: Duration,
        mut see: impl FnMut(Ended),
    ) -> Result<()> {
        let next = AtomicUsize::new(0);
        let (ended, runs) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..at_once().min(names.len()) {
                let (next, ended) = (&next, ended.clone());
                scope.spawn(move || {
                    while let Some(name) = names.get(next.fetch_add(1, Relaxed)) {
                        // Nobody listens any more if another one could not be started.
                        if ended.send(self.run(name, limit)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(ended);
            runs.into_iter().try_for_each(|run| run.map(&mut see))
        })
    }
}

/// Finds the test binary in what `cargo test --no-run` prints: `Executable unittests src/lib.rs (PATH)`.
fn executable(output: &str) -> Option<&str> {
    output
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("Executable "))
        .find_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_in_cargos_words() {
        let output = "    Finished `release` profile in 0.1s\n  Executable unittests src/lib.rs (target/deps/x-1a2b)\n";
        assert_eq!(executable(output), Some("target/deps/x-1a2b"));
        assert_eq!(executable("error: could not compile"), None);
    }
}
