//! Builds what is measured, in release mode and into a folder of its own, so that the crates' own builds stay as they are.
//!
//! All programs are built at once. If that fails each is built by itself, so that one peer that no longer builds does not
//! take the others along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::peers::{Language, PEERS};
use super::results::Results;
use crate::process::{Captured, capture, quoted};
use crate::workspace::Workspace;

/// How long one build may take.
const LIMIT: Duration = Duration::from_secs(1800);

/// The load generator's name.
pub(crate) const LOAD: &str = "load";

/// The program that breaks a poller from several threads.
pub(crate) const STORM: &str = "break-storm";

/// The built programs.
#[derive(Default)]
pub(crate) struct Programs {
    built: BTreeMap<String, PathBuf>,
}

impl Programs {
    /// Where a program lies.
    pub(crate) fn path(&self, name: &str) -> Result<&Path> {
        self.built.get(name).map(PathBuf::as_path).with_context(|| format!("`{name}` was not built"))
    }

    /// Whether there is such a program.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.built.contains_key(name)
    }

    /// Adds one that was built elsewhere.
    pub(crate) fn add(&mut self, name: &str, path: PathBuf) {
        self.built.insert(name.to_owned(), path);
    }
}

/// The name under which a server without tracing is kept.
pub(crate) fn without_tracing(program: &str) -> String {
    format!("{program} without tracing")
}

/// The program that holds a peer's idle connections. Both flavours of tokio share one.
pub(crate) fn memory_program(peer: &str) -> String {
    format!("memory-{}", peer.strip_suffix("-current").unwrap_or(peer))
}

/// Cargo's part of the bench.
pub(crate) struct Builder<'a> {
    /// The checkout.
    pub(crate) workspace: &'a Workspace,
    /// Where `bench` builds to.
    pub(crate) target: PathBuf,
}

impl<'a> Builder<'a> {
    /// Builds to `target/bench/build`.
    pub(crate) fn new(workspace: &'a Workspace) -> Builder<'a> {
        Builder { workspace, target: workspace.target.join("bench/build") }
    }

    /// The bench's own workspace.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.workspace.root.join("bench/Cargo.toml")
    }

    /// Cargo, at work in the bench's workspace. The lock file is part of what is measured.
    pub(crate) fn cargo(&self, arguments: &[&str], target: &Path) -> std::process::Command {
        let mut cargo = self.workspace.cargo();
        cargo.args(arguments).arg("--locked").arg("--manifest-path").arg(self.manifest());
        cargo.env("CARGO_TARGET_DIR", target);
        cargo
    }

    /// Builds everything that can be built. Without the generator there is no bench.
    pub(crate) fn build(&self, bare: bool, results: &mut Results) -> Result<Programs> {
        println!("building the servers and the load generator (the first time takes some minutes)");
        let mut programs = Programs::default();
        let every = ["build", "--release", "--workspace", "--bins"];
        let at_once = run(&mut self.cargo(&every, &self.target))?;
        let names = self.names("bin")?;
        for name in names {
            if let Err(why) = &at_once {
                println!("  by itself: {name}");
                if let Err(error) =
                    run(&mut self.cargo(&["build", "--release", "--bin", &name], &self.target))?
                {
                    results.gap(&name, error);
                    continue;
                }
                results.gap("a build of everything at once", why);
            }
            programs.add(&name, self.target.join("release").join(&name));
        }
        if !programs.has(LOAD) {
            bail!("the load generator cannot be built: {}", at_once.err().unwrap_or_default());
        }
        for peer in PEERS.iter().filter(|peer| peer.language == Language::Rust) {
            if !programs.has(peer.program) && results.gaps.iter().all(|gap| gap.what != peer.program) {
                results.gap(peer.name, format!("bench has no program `{}`", peer.program));
            }
        }
        if bare {
            self.build_without_tracing(&mut programs, results)?;
        }
        Ok(programs)
    }

    /// Builds our server once more with tracing compiled out. A folder of its own keeps both builds fresh.
    fn build_without_tracing(&self, programs: &mut Programs, results: &mut Results) -> Result<()> {
        let program = super::peers::OURS;
        println!("building `{program}` with tracing compiled out");
        let target = self.target.join("without-tracing");
        let arguments =
            ["build", "--release", "--package", "servers", "--features", "no-tracing", "--bin", program];
        let name = without_tracing(program);
        match run(&mut self.cargo(&arguments, &target))? {
            Ok(()) => programs.add(&name, target.join("release").join(program)),
            Err(why) => results.gap(name, why),
        }
        Ok(())
    }

    /// What the bench's workspace has of a kind: `bin`, `bench`.
    pub(crate) fn names(&self, kind: &str) -> Result<Vec<String>> {
        let mut cargo = self.workspace.cargo();
        cargo.args(["metadata", "--no-deps", "--format-version=1", "--locked", "--manifest-path"]);
        let captured = capture(cargo.arg(self.manifest()), LIMIT)?;
        let json = captured.output.lines().find(|line| line.starts_with('{'));
        let json = json.with_context(|| format!("cargo describes no workspace: {}", captured.output))?;
        let metadata: Metadata = serde_json::from_str(json).context("cargo's description of bench")?;
        let targets = metadata.packages.into_iter().flat_map(|package| package.targets);
        Ok(targets
            .filter(|target| target.kind.iter().any(|of| of == kind))
            .map(|target| target.name)
            .collect())
    }

    /// The versions of some packages, from the bench's lock file.
    pub(crate) fn versions(&self, packages: &[&str]) -> Result<BTreeMap<String, String>> {
        let file = self.workspace.root.join("bench/Cargo.lock");
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(versions_in(&text, packages))
    }
}

/// The part of `cargo metadata` that is read here.
#[derive(serde::Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package of the bench.
#[derive(serde::Deserialize)]
struct Package {
    targets: Vec<Target>,
}

/// One thing that a package builds.
#[derive(serde::Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

/// Runs a build. The inner error is why it failed, in the compiler's words.
pub(crate) fn run(command: &mut std::process::Command) -> Result<Result<(), String>> {
    let Captured { output, status, took } = capture(command, LIMIT)?;
    Ok(match status {
        Some(status) if status.success() => Ok(()),
        Some(_) => Err(format!("`{}` failed: {}", quoted(command), first_error(&output))),
        None => Err(format!("`{}` was not done after {} s", quoted(command), took.as_secs())),
    })
}

/// The first line that cargo or the compiler calls an error.
fn first_error(output: &str) -> &str {
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    lines().find(|line| line.starts_with("error")).or(lines().next_back()).unwrap_or("it said nothing")
}

/// Finds `name = "x"` followed by `version = "y"`. Several versions of one package are all given.
fn versions_in(lock: &str, packages: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::<String, String>::new();
    let value = |line: &str, key: &str| {
        Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let mut name = String::new();
    for line in lock.lines() {
        if let Some(new) = value(line, "name") {
            name = new;
        } else if let Some(version) = value(line, "version")
            && packages.contains(&name.as_str())
        {
            let versions = found.entry(name.clone()).or_default();
            if !versions.is_empty() {
                versions.push_str(" and ");
            }
            versions.push_str(&version);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"may\"\nversion = \"0.3.51\"\n\n\
            [[package]]\nname = \"polling\"\nversion = \"2.8.0\"\n\n[[package]]\nname = \"polling\"\nversion = \"3.1.0\"\n";
        let versions = versions_in(lock, &["may", "polling", "absent"]);
        assert_eq!(versions["may"], "0.3.51");
        assert_eq!(versions["polling"], "2.8.0 and 3.1.0");
        assert_eq!(versions.len(), 2);
    }

    #[test]
    fn the_first_error_is_the_reason() {
        assert_eq!(
            first_error("  Compiling x\nerror[E0425]: no y\n --> z\nerror: aborting\n"),
            "error[E0425]: no y"
        );
        assert_eq!(first_error("Killed\n"), "Killed");
        assert_eq!(first_error(""), "it said nothing");
    }

    #[test]
    fn both_flavours_of_tokio_hold_connections_alike() {
        assert_eq!(memory_program("tokio-current"), "memory-tokio");
        assert_eq!(memory_program("smol"), "memory-smol");
    }
}
