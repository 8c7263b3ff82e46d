//! Runs the table: one mutant at a time, in a copy, against its package's models.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::{Mutant, copy, table};
use crate::loom::{Models, Options};
use crate::process::capture;
use crate::workspace::Workspace;

/// How long the models may search one mutant. Beyond it the table is at fault: a model should fail soon.
const LIMIT: Duration = Duration::from_secs(180);

/// How long the models of a package may take unbroken.
const BASELINE_LIMIT: Duration = Duration::from_secs(900);

/// What became of a mutant.
enum Fate {
    /// The models that the table names failed, each of them.
    Caught,
    /// Every model passed: a hole in the net.
    Survived,
    /// Neither: the table must be mended before this mutant says anything.
    Wrong(String),
}

/// Runs the mutants that were asked for. Any that is not caught is an error.
pub(crate) fn all(workspace: &Workspace, options: &Options) -> Result<()> {
    let asked: Vec<_> = table()
        .filter(|mutant| {
            options.packages().any(|package| package == mutant.package()) && options.selects(mutant.name)
        })
        .collect();
    if asked.is_empty() {
        let package = options.package.as_deref().map(|package| format!(" of {package}")).unwrap_or_default();
        match &options.filter {
            Some(filter) => bail!("no mutant{package} has a name that contains `{filter}`"),
            None => bail!("there is no mutant{package}"),
        }
    }

    let broken = Workspace {
        root: workspace.target.join("mutants").join("src"),
        target: workspace.target.join("mutants").join("target"),
    };
    fs::create_dir_all(&broken.root).with_context(|| format!("cannot create {}", broken.root.display()))?;
    copy::mirror(&workspace.root, &broken.root)?;

    // Building takes a while and says nothing.
    println!("{} mutants; first the models as they are", asked.len());
    let start = Instant::now();
    for package in
        options.packages().filter(|package| asked.iter().any(|mutant| mutant.package() == *package))
    {
        let models = baseline(&broken, package)?;
        let aimed = |model: &String| asked.iter().any(|mutant| mutant.models.contains(&model.as_str()));
        let unseen: Vec<_> = models.into_iter().filter(|model| !aimed(model)).collect();
        if options.filter.is_none() && !unseen.is_empty() {
            bail!("no mutant of {package} shows that these models can fail: {}", unseen.join(", "));
        }
    }

    let (mut caught, mut survived, mut wrong) = (0, 0, 0);
    for mutant in &asked {
        let start = Instant::now();
        let fate = with_mutant(&broken, mutant)?;
        let (word, detail) = match fate {
            Fate::Caught => {
                caught += 1;
                ("caught  ", format!("by {}", mutant.models.join(", ")))
            }
            Fate::Survived => {
                survived += 1;
                ("SURVIVED", format!("though it breaks this: {}", mutant.breaks))
            }
            Fate::Wrong(why) => {
                wrong += 1;
                ("WRONG   ", why)
            }
        };
        let (package, name, took) = (mutant.package(), mutant.name, start.elapsed().as_secs_f64());
        println!("{word}  {package}: {name}  {detail} ({took:.1} s)");
    }

    println!(
        "\n{} mutants in {:.0} s: {caught} caught, {survived} survived, {wrong} wrong in the table",
        asked.len(),
        start.elapsed().as_secs_f64()
    );
    if survived + wrong > 0 {
        bail!("{survived} survived and {wrong} are wrong in the table");
    }
    Ok(())
}

/// The copy must pass before it is broken, or a failure afterwards says nothing. The names of its models.
fn baseline(broken: &Workspace, package: &str) -> Result<Vec<String>> {
    let models = Models::build(broken, package)?;
    let names = models.names()?;
    if names.is_empty() {
        bail!("{package} has no model");
    }
    let run = capture(&mut models.run(&names), BASELINE_LIMIT)?;
    match run.status {
        Some(status) if status.success() => {}
        Some(_) => bail!("the models of {package} fail before anything is broken:\n{}", run.output),
        None => bail!("the models of {package} take longer than {BASELINE_LIMIT:?}"),
    }
    println!("baseline  {package}: {} models pass ({:.1} s)", names.len(), run.took.as_secs_f64());
    Ok(names)
}

/// Breaks one place, tries it, and puts the file back whatever came of it.
fn with_mutant(broken: &Workspace, mutant: &Mutant) -> Result<Fate> {
    let path = broken.root.join(mutant.file);
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(Fate::Wrong(format!("there is no file {}", mutant.file)));
    };
    let mutated = match mutant.apply(&text) {
        Ok(mutated) => mutated,
        Err(error) => return Ok(Fate::Wrong(format!("{}: {error}", mutant.file))),
    };
    fs::write(&path, mutated).with_context(|| format!("cannot write {}", path.display()))?;
    let fate = try_mutant(broken, mutant);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    fate
}

/// The models that the table names; and if one of them passes, all of them, to tell a hole from a wrong aim.
fn try_mutant(broken: &Workspace, mutant: &Mutant) -> Result<Fate> {
    let models = match Models::build(broken, mutant.package()) {
        Ok(models) => models,
        Err(error) => return Ok(Fate::Wrong(format!("it does not compile: {error}"))),
    };
    let names = models.names()?;
    for model in mutant.models {
        let Some(named) = names.iter().find(|name| name == model) else {
            return Ok(Fate::Wrong(format!("there is no model {model}")));
        };
        match judge(&models, std::slice::from_ref(named))? {
            Verdict::Failed(_) => {}
            Verdict::TooLong => return Ok(Fate::Wrong(format!("{model} ran longer than {LIMIT:?}"))),
            Verdict::Ended(status) => return Ok(Fate::Wrong(format!("{model} ended with {status}"))),
            Verdict::Passed => {
                return Ok(match judge(&models, &names)? {
                    Verdict::Passed => Fate::Survived,
                    Verdict::Failed(others) => {
                        Fate::Wrong(format!("{model} does not see it; what does: {}", others.join(", ")))
                    }
                    Verdict::TooLong => Fate::Wrong(format!(
                        "{model} does not see it, and all models together ran longer than {LIMIT:?}"
                    )),
                    Verdict::Ended(status) => Fate::Wrong(format!(
                        "{model} does not see it, and all models together ended with {status}"
                    )),
                });
            }
        }
    }
    Ok(Fate::Caught)
}

/// What some models say of a mutant.
enum Verdict {
    Passed,
    /// These failed; or one of them aborted the process before its runner could report.
    Failed(Vec<String>),
    TooLong,
    /// The process ended in another way, which says nothing of the models.
    Ended(ExitStatus),
}

/// Runs some models over the mutant and reads from their runner's output which ones failed.
fn judge(models: &Models, names: &[String]) -> Result<Verdict> {
    let run = capture(&mut models.run(names), LIMIT)?;
    Ok(match run.status {
        None => Verdict::TooLong,
        Some(status) if status.success() => Verdict::Passed,
        Some(status) => match failed_models(&run.output) {
            // A panic while panicking aborts the process.
            failed if failed.is_empty() && status.signal() == Some(Signal::ABORT.as_raw()) => {
                Verdict::Failed(vec!["one that aborted".to_owned()])
            }
            failed if failed.is_empty() => Verdict::Ended(status),
            failed => Verdict::Failed(failed),
        },
    })
}

/// The tests that libtest calls failed.
fn failed_models(output: &str) -> Vec<String> {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_models_are_named_from_the_runners_output() {
        let output =
            "running 2 tests\ntest a::b ... FAILED\ntest a::c ... ok\n\ntest result: FAILED. 1 passed\n";
        assert_eq!(failed_models(output), ["a::b"]);
    }
}
