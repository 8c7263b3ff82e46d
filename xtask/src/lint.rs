//! Format, clippy and rustdoc, each with warnings denied.

use anyhow::Result;

use crate::loom::PACKAGES;
use crate::process::{run, works};
use crate::report::Report;
use crate::workspace::Workspace;

/// Every lint, in the order of what fails soonest.
pub(crate) fn all(workspace: &Workspace, report: &mut Report) -> Result<()> {
    if has(workspace, report, "fmt", "rustfmt") {
        report.step("format", |_| run(workspace.cargo().args(["fmt", "--all", "--", "--check"])))?;
    }
    if has(workspace, report, "clippy", "clippy") {
        report.step("clippy", |_| {
            run(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        })?;
        report.step("clippy over the loom models", |_| {
            let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
            // With the test profile cargo turns cfg(test) on for the library, without the integration tests beside it.
            run(workspace.cargo_for_loom().arg("clippy").args(packages).args([
                "--lib",
                "--profile",
                "test",
                "--",
                "-D",
                "warnings",
            ]))
        })?;
    }
    // What the last one leaves is the documentation for users.
    report.step("rustdoc with private items", |_| rustdoc(workspace, true))?;
    report.step("rustdoc", |_| rustdoc(workspace, false))
}

/// The documentation of every crate, perhaps with its private items, with warnings denied.
pub(crate) fn rustdoc(workspace: &Workspace, private: bool) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    if private {
        cargo.arg("--document-private-items");
    }
    run(&mut cargo)
}

/// A toolchain may come without its optional components.
fn has(workspace: &Workspace, report: &mut Report, subcommand: &str, component: &str) -> bool {
    let present = works(workspace.cargo().args([subcommand, "--version"]));
    if !present {
        report.skip(format!("{component} is not installed"));
    }
    present
}
