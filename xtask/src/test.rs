//! The one command that runs everything.

use anyhow::{Result, bail};

use crate::process::run_and_see;
use crate::report::Report;
use crate::skips::{self, SkipLog};
use crate::workspace::Workspace;
use crate::{lint, loom};

/// Lints, tests and models, in this order, up to the first step that fails.
pub(crate) fn all(workspace: &Workspace, report: &mut Report, require_all: bool) -> Result<()> {
    lint::all(workspace, report)?;
    let log = SkipLog::start(workspace)?;
    // The tests run programs of the same sources: that what the README starts is built as well, is seen here.
    report.step("examples", |_| {
        let mut cargo = workspace.cargo();
        run_and_see(cargo.args(["build", "--workspace", "--examples"]), |_| {})
    })?;
    let tested = report
        .step("unit and integration tests", |report| {
            cargo_test(workspace, report, &log, &["--lib", "--bins", "--tests", "--no-fail-fast"])
        })
        .and_then(|()| report.step("doc tests", |report| cargo_test(workspace, report, &log, &["--doc"])));
    report.add(log.read()?);
    tested?;
    loom::all(workspace, report, &loom::Options::default())?;
    match report.skips() {
        0 => Ok(()),
        skips if require_all => bail!("nothing may be skipped with --require-all, and {skips} things were"),
        _ => Ok(()),
    }
}

fn cargo_test(workspace: &Workspace, report: &mut Report, log: &SkipLog, what: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace"]).args(what).env(skips::VARIABLE, &log.path);
    let before = report.tally.results;
    run_and_see(&mut cargo, |line| report.tally.see(line))?;
    if report.tally.results == before {
        bail!("no test runner reported a result");
    }
    Ok(())
}
