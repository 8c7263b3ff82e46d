//! The loom models of every package that has some.
//!
//! A model is a test whose path contains `loom`, built with `--cfg loom` in release mode. The test binary is built first
//! and then run by itself: so a filter can be checked against its list of models, and a run can be timed and killed.
//! Each model states its own bound on preemptions; none is set from outside. A package in which no source has a model of the
//! name that was asked for is not built at all.

mod models;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

pub(crate) use models::{Ended, Models};

use crate::report::Report;
use crate::workspace::Workspace;

/// The packages that have models, from the bottom floor up.
pub(crate) const PACKAGES: [&str; 3] = ["poller", "netfd", "runtime"];

/// How long one model may take: many times what the longest one does.
const LIMIT: Duration = Duration::from_secs(1800);

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
                _ => run(&models, &names, report)?,
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

/// Runs models, with a line for each as it ends, and all that one printed if it did not pass.
fn run(models: &Models, names: &[String], report: &mut Report) -> Result<()> {
    println!("{} models, {} at a time", names.len(), models::at_once());
    let mut failed = vec![];
    models.run_each(names, LIMIT, |ended| {
        println!("test {} ... {} ({:.1} s)", ended.name, ended.fate(), ended.run.took.as_secs_f64());
        ended.run.output.lines().for_each(|line| report.tally.see(line));
        if !ended.passed() {
            println!("{}", ended.run.output);
            failed.push(ended.name.clone());
        }
    })?;
    if !failed.is_empty() {
        bail!("these models failed: {}", failed.join(", "));
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

#[cfg(test)]
mod tests {
    use super::*;

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
