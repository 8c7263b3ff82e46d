//! The project's own commands, run as `cargo xtask <command>`.
//!
//! ```text
//!   cargo xtask test ──┬─ lint ── format, clippy, clippy over the models, rustdoc
//!                      ├─ unit and integration tests
//!                      ├─ doc tests
//!                      └─ loom ── every model of every package that has some
//!
//!   cargo xtask loom --mutants ── breaks the shipped code in a copy, one place at a time; a model must notice
//!   cargo xtask bench ── our server beside its peers, and whether each goal is met
//! ```
//!
//! `test` is the one command for contributors and for CI alike. Its last line adds up what the test runners themselves
//! reported.

#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod bench;
mod lint;
mod loom;
mod mutants;
mod process;
mod report;
mod skips;
mod tally;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Report;
use crate::workspace::Workspace;

/// Tests, lints, loom models and their mutants, and the bench.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything: format, clippy, rustdoc, unit, integration and doc tests, loom.
    ///
    /// Stops at the first step that fails. A test that lacks an outside tool is skipped, and a line at the end says why.
    Test {
        /// Fail if anything was skipped, as CI does.
        #[arg(long)]
        require_all: bool,
    },
    /// Check format, clippy and rustdoc, with warnings denied.
    Lint,
    /// Build the documentation of every crate, with warnings denied.
    Doc {
        /// With the private items too, so that rustdoc's search answers to the Go names of the machinery.
        #[arg(long)]
        private: bool,
    },
    /// Run the loom models of every package that has some.
    ///
    /// A package in which no model ran is a failure, not a success.
    Loom(loom::Options),
    /// Measure our server beside its peers: processor time, system calls, instructions, latency, memory.
    ///
    /// Once built, half an hour, or two minutes with --quick. Leaves a report in Markdown, all samples in JSON, and charts.
    /// Wants perf (as root), valgrind, and Python's pip for Go; what is missing is left out and said. docs/performance.md
    /// tells how the numbers are taken and how to read them.
    #[cfg(target_os = "linux")]
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let workspace = Workspace::here();
    let mut report = Report::new();
    let outcome = match &arguments.command {
        Command::Test { require_all } => test::all(&workspace, &mut report, *require_all),
        Command::Lint => lint::all(&workspace, &mut report),
        Command::Doc { private } => report.step("rustdoc", |_| lint::rustdoc(&workspace, *private)),
        Command::Loom(options) if options.mutants => mutants::all(&workspace, options),
        #[cfg(target_os = "linux")]
        Command::Bench(options) => bench::all(&workspace, options),
        Command::Loom(options) => loom::all(&workspace, &mut report, options),
    };
    report.close();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
