//! Runs the table: one mutant at a time, in a copy, against its package's models.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::{Mutant, copy, table};
use crate::loom::{Ended, Models, Options};
use crate::workspace::Workspace;

/// How long a model may search a mutant. Beyond it the table is at fault: a model should fail soon.
const LIMIT: Duration = Duration::from_secs(180);

/// How long a model may take unbroken.
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
    let start = Instant::now();
    let mut failed = vec![];
    models.run_each(&names, BASELINE_LIMIT, |ended| {
        if !ended.passed() {
            failed.push(format!("{} {}:\n{}", ended.name, ended.fate(), ended.run.output));
        }
    })?;
    if !failed.is_empty() {
        bail!("before anything is broken in {package}:\n{}", failed.join("\n"));
    }
    println!("baseline  {package}: {} models pass ({:.1} s)", names.len(), start.elapsed().as_secs_f64());
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
        match judge(&models.run(named, LIMIT)?) {
            Verdict::Failed => {}
            Verdict::Unclear(why) => return Ok(Fate::Wrong(format!("{model} {why}"))),
            Verdict::Passed => return look_for_others(&models, &names, model),
        }
    }
    Ok(Fate::Caught)
}

/// A model that the table names has passed: whether any of all models sees the mutant.
fn look_for_others(models: &Models, names: &[String], model: &str) -> Result<Fate> {
    let (mut seen_by, mut unclear) = (vec![], vec![]);
    models.run_each(names, LIMIT, |ended| match judge(&ended) {
        Verdict::Passed => {}
        Verdict::Failed => seen_by.push(ended.name),
        Verdict::Unclear(why) => unclear.push(format!("{} {why}", ended.name)),
    })?;
    Ok(match (&seen_by[..], &unclear[..]) {
        ([], []) => Fate::Survived,
        ([], unclear) => Fate::Wrong(format!("{model} does not see it, and {}", unclear.join(", "))),
        (others, _) => Fate::Wrong(format!("{model} does not see it; what does: {}", others.join(", "))),
    })
}

/// What a model says of a mutant.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    /// It failed, or aborted the process before its runner could report.
    Failed,
    /// It ended in another way, which says nothing of the mutant.
    Unclear(String),
}

/// Reads from the runner's status and output what a model says.
fn judge(ended: &Ended) -> Verdict {
    let failed = format!("test {} ... FAILED", ended.name);
    match ended.run.status {
        None => Verdict::Unclear(format!("ran longer than {LIMIT:?}")),
        Some(status) if status.success() => Verdict::Passed,
        Some(_) if ended.run.output.lines().any(|line| line == failed) => Verdict::Failed,
        // A panic while panicking aborts the process.
        Some(status) if status.signal() == Some(Signal::ABORT.as_raw()) => Verdict::Failed,
        Some(status) => Verdict::Unclear(format!("ended with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::*;
    use crate::process::Captured;

    /// A model whose process ends with a wait status, as the kernel encodes it.
    fn ended(wait_status: Option<i32>, output: &str) -> Ended {
        let run = Captured {
            output: output.to_owned(),
            status: wait_status.map(ExitStatus::from_raw),
            took: Duration::ZERO,
        };
        Ended { name: "a::b".to_owned(), run }
    }

    #[test]
    fn a_model_has_failed_if_its_runner_says_so_or_it_aborted() {
        let said = "running 1 test\ntest a::b ... FAILED\n\ntest result: FAILED. 0 passed\n";
        assert_eq!(judge(&ended(Some(101 << 8), said)), Verdict::Failed);
        assert_eq!(judge(&ended(Some(Signal::ABORT.as_raw()), "")), Verdict::Failed);
        assert_eq!(judge(&ended(Some(0), "test a::b ... ok\n")), Verdict::Passed);
    }

    #[test]
    fn a_model_that_ends_in_another_way_says_nothing() {
        let unclear = |wait_status, output| matches!(judge(&ended(wait_status, output)), Verdict::Unclear(_));
        assert!(unclear(None, ""));
        assert!(unclear(Some(Signal::KILL.as_raw()), ""));
        assert!(unclear(Some(101 << 8), "test a::bc ... FAILED\n"));
    }
}
