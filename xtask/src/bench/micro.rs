//! The pieces by criterion, a file of benchmarks at a time: what it left in `criterion/*/new`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::build::{self, Builder};
use super::child::Child;
use super::results::Piece;
use super::statistics::Summary;

/// How long the benchmarks of a file may take.
const LIMIT: Duration = Duration::from_secs(1200);

/// Cargo's words for the benchmarks.
const BENCH: [&str; 3] = ["bench", "--package", "micro"];

/// Builds criterion's benchmarks, on all processors.
pub(crate) fn build(builder: &Builder) -> Result<()> {
    let mut cargo = builder.cargo(&[&BENCH[..], &["--benches", "--no-run"]].concat(), &builder.target);
    build::run(&mut cargo)?.map_err(anyhow::Error::msg)
}

/// The files of benchmarks.
pub(crate) fn groups(builder: &Builder) -> Result<Vec<String>> {
    builder.names("bench")
}

/// Runs the benchmarks of a file on some processors and reads their results.
pub(crate) fn run(builder: &Builder, group: &str, quick: bool, processors: &[usize]) -> Result<Vec<Piece>> {
    let folder = builder.target.join("criterion");
    if folder.exists() {
        // What an earlier run left would be read too.
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let mut cargo = builder.cargo(&[&BENCH[..], &["--bench", group]].concat(), &builder.target);
    cargo.args(["--", "--noplot"]);
    if quick {
        cargo.args(["--warm-up-time", "0.1", "--measurement-time", "0.2", "--sample-size", "10"]);
    }
    let mut before = String::new();
    Child::start(&mut cargo, processors)?.each(LIMIT, |line| {
        if let Some(told) = time_told(&before, &line) {
            println!("  {told}");
        }
        before = line;
    })?;
    let pieces = read(&folder)?;
    if pieces.is_empty() {
        bail!("criterion left no result in {}", folder.display());
    }
    Ok(pieces)
}

/// Criterion's line of a time, with the name: a long name has the line before to itself.
fn time_told(before: &str, line: &str) -> Option<String> {
    let line = line.trim();
    match line.split_once("time: ")? {
        ("", _) => Some(format!("{} {line}", before.trim())),
        _ => Some(line.to_owned()),
    }
}

/// What `benchmark.json` tells.
#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
}

/// What `sample.json` tells: how often it ran, and how long that took in nanoseconds.
#[derive(Deserialize)]
struct Sampled {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Reads every result below a folder, in the order of their names.
fn read(folder: &Path) -> Result<Vec<Piece>> {
    let mut pieces = vec![];
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let new = folder.join("new");
        if new.join("benchmark.json").exists() {
            pieces.push(piece(&new)?);
            continue;
        }
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let below: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.extend(below.into_iter().filter(|path| path.is_dir()));
    }
    pieces.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pieces)
}

fn piece(folder: &Path) -> Result<Piece> {
    let text = |name: &str| {
        let file = folder.join(name);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let benchmark: Benchmark = serde_json::from_str(&text("benchmark.json")?).context("a benchmark.json")?;
    let sampled: Sampled = serde_json::from_str(&text("sample.json")?).context("a sample.json")?;
    let each = sampled.times.iter().zip(&sampled.iters).map(|(time, times)| time / times);
    let nanoseconds = Summary::of(each).with_context(|| format!("{} has no sample", benchmark.full_id))?;
    Ok(Piece::new(benchmark.full_id, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_found_on_the_line_before() {
        assert_eq!(time_told("x", "a/b   time:   [1 ns]").unwrap(), "a/b   time:   [1 ns]");
        assert_eq!(time_told("a/long/name", "      time:   [1 ns]").unwrap(), "a/long/name time:   [1 ns]");
        assert_eq!(time_told("x", "Benchmarking a/b"), None);
    }

    #[test]
    fn results_are_found_at_any_depth() {
        let folder = std::env::temp_dir().join(format!("xtask-criterion-{}", std::process::id()));
        for (name, times) in [("b/one", "[200.0, 300.0, 600.0]"), ("a", "[100.0, 100.0, 100.0]")] {
            let new = folder.join(name).join("new");
            fs::create_dir_all(&new).unwrap();
            fs::write(new.join("benchmark.json"), format!(r#"{{"full_id":"{name}","group_id":"g"}}"#))
                .unwrap();
            fs::write(new.join("sample.json"), format!(r#"{{"iters":[10.0,20.0,30.0],"times":{times}}}"#))
                .unwrap();
        }
        let pieces = read(&folder);
        fs::remove_dir_all(&folder).unwrap();
        let pieces = pieces.unwrap();
        let medians: Vec<_> =
            pieces.iter().map(|piece| (piece.name.as_str(), piece.nanoseconds.median)).collect();
        assert_eq!(medians, [("a", 5.0), ("b/one", 20.0)]);
        assert!(read(&folder).is_err());
    }
}
