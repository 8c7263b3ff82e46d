//! The loom models of every package that has some.
//!
//! A model is a test whose path contains `loom`, built with `--cfg loom` in release mode. The test binary is built first
//! and then run by itself: so a filter can be checked against its list of models, and a run can be timed and killed.
//! Each model states its own bound on preemptions; none is set from outside. A package in which no source has a model of the
//! name that was asked for is not built at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::process::{capture, quoted, run_and_see};
use crate::report::Report;
use crate::workspace::Workspace;

/// The packages that have models, from the bottom floor up.
pub(crate) const PACKAGES: [&str; 3] = ["poller", "netfd", "runtime"];

/// What `cargo xtask loom` is asked to run.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Break the shipped code instead, in a copy and one place at a time, and require that a model fails each time.
    #[arg(long)]
    pub(crate) mutants: bool,
    /// Only this package.
    #[arg(long, short, value_parser = PACKAGES)]
    pub(crate) package: Option<String>,
    /// Only models, or with --mutants only mutants, whose name contains this.
    pub(crate) filter: Option<String>,
}

impl Options {
    /// The packages asked for.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &'static str> {
        PACKAGES.into_iter().filter(|package| self.package.as_deref().is_none_or(|asked| asked == *package))
    }

    /// Whether a name contains what was asked for.
    pub(crate) fn selects(&self, name: &str) -> bool {
        self.filter.as_deref().is_none_or(|part| name.contains(part))
    }
}

/// Runs the models of each package. It is an error if none runs: in any package, or with a filter in all of them.
pub(crate) fn all(workspace: &Workspace, report: &mut Report, options: &Options) -> Result<()> {
    let mut ran = 0;
    let mut packages: Vec<_> = options.packages().collect();
    if let Some(filter) = &options.filter {
        packages = with_models(workspace, packages, options)?;
        if packages.is_empty() {
            bail!("no model contains `{filter}`");
        }
    }
    for package in packages {
        report.step(&format!("loom models of {package}"), |report| {
            let models = Models::build(workspace, package)?;
            let names: Vec<_> = models.names()?.into_iter().filter(|name| options.selects(name)).collect();
            match (names.as_slice(), &options.filter) {
                ([], None) => bail!("{package} has no model"),
                ([], Some(filter)) => println!("no model of {package} contains `{filter}`"),
                _ => run_and_see(&mut models.run(&names), |line| report.tally.see(line))?,
            }
            ran += names.len();
            Ok(())
        })?;
    }
    if ran == 0 {
        bail!("no model contains `{}`", options.filter.as_deref().unwrap_or_default());
    }
    Ok(())
}

/// Those of the packages whose sources have a model that was asked for.
fn with_models(
    workspace: &Workspace,
    packages: Vec<&'static str>,
    options: &Options,
) -> Result<Vec<&'static str>> {
    let mut with = vec![];
    for package in packages {
        let names = in_sources(&workspace.root.join(package).join("src"))?;
        if names.iter().any(|name| options.selects(name)) {
            with.push(package);
        }
    }
    Ok(with)
}

/// The full path of each model below a folder of sources, read from their text.
fn in_sources(sources: &Path) -> Result<Vec<String>> {
    let (mut names, mut folders) = (vec![], vec![sources.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(module) = path.strip_prefix(sources).ok().and_then(module_of) else { continue };
            if module.contains("loom") {
                let text =
                    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                names.extend(tests_in(&text).map(|name| format!("{module}::{name}")));
            }
        }
    }
    Ok(names)
}

/// The path of the module that a file below `src` is.
fn module_of(file: &Path) -> Option<String> {
    let module = file.to_str()?.strip_suffix(".rs")?;
    let module = module.strip_suffix("/mod").unwrap_or(module);
    Some(module.replace('/', "::"))
}

/// The names of the functions that follow a `#[test]`.
fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("#[test]").skip(1);
    after.filter_map(|rest| rest.split_once("fn ")?.1.split_once('(')).map(|(name, _)| name)
}

/// The built models of one package.
pub(crate) struct Models {
    folder: PathBuf,
    binary: PathBuf,
}

/// How long building may take before it counts as stuck.
const BUILD_LIMIT: std::time::Duration = std::time::Duration::from_secs(1800);

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

    /// A command that runs exactly these models.
    pub(crate) fn run(&self, names: &[String]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--exact").args(names).current_dir(&self.folder);
        command
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

    #[test]
    fn every_model_that_a_mutant_names_is_found_in_the_sources() {
        let workspace = Workspace::here();
        for package in PACKAGES {
            let names = in_sources(&workspace.root.join(package).join("src")).unwrap();
            for model in crate::mutants::models_of(package) {
                assert!(names.iter().any(|name| name == model), "{package}: {model} is not in {names:?}");
            }
        }
    }

    #[test]
    fn every_model_has_a_mutant_that_shows_that_it_can_fail() {
        let workspace = Workspace::here();
        for package in PACKAGES {
            let named: Vec<_> = crate::mutants::models_of(package).collect();
            let names = in_sources(&workspace.root.join(package).join("src")).unwrap();
            let without: Vec<_> = names.iter().filter(|name| !named.contains(&name.as_str())).collect();
            assert!(without.is_empty(), "no mutant of {package} shows that these can fail: {without:?}");
        }
    }

    #[test]
    fn a_package_without_such_a_model_is_left_out() {
        let with = |filter: &str| {
            let options = Options { filter: Some(filter.to_owned()), ..Options::default() };
            with_models(&Workspace::here(), PACKAGES.into(), &options).unwrap()
        };
        assert_eq!(with("loom_tests"), PACKAGES);
        assert_eq!(with("loom_tests::park::"), ["netfd"]);
        assert!(with("nonsense").is_empty());
    }

    #[test]
    fn without_a_filter_everything_is_selected() {
        assert!(Options::default().selects("anything"));
        assert_eq!(Options::default().packages().count(), PACKAGES.len());
        let some = Options { filter: Some("break".to_owned()), ..Options::default() };
        assert!(some.selects("loom_tests::a_break_wakes"));
        assert!(!some.selects("loom_tests::an_edge_wakes"));
    }
}
