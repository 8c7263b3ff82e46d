//! `cargo xtask bench`: our server beside its peers, measured in one run.
//!
//! ```text
//!   build ─► round 1: time-1: raw ours tokio ...   time-50: raw ours tokio ...   calls-1: ...
//!            round 2: the same, beginning with another server
//!            ...                                                    ─► report.md, results.json, a chart a scenario
//! ```
//!
//! Interleaved, so that a slow minute of the machine falls on everybody; paired, so that it falls out of the ratios. Every
//! server runs through the same code ([`measure`]); ours only has rows that no other can have ([`scenarios`]). What cannot be
//! measured is noted with its reason and the run goes on.

mod accounting;
mod alone;
mod build;
mod callgrind;
mod chart;
mod child;
mod columns;
mod flame;
mod go;
mod goals;
mod load;
mod markdown;
mod measure;
mod micro;
mod noise;
mod numbers;
mod output;
mod peers;
mod perf;
mod pieces;
mod pin;
mod plan;
mod results;
mod rounds;
mod scenarios;
mod setting;
mod statistics;
mod values;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use build::Builder;
use measure::{Lengths, Meter};
use peers::{Language, OURS, PEERS, RAW};
use pin::Processors;
use plan::Plan;
use results::Results;
use rounds::Rounds;
use scenarios::{Kind, SCENARIOS};

use crate::workspace::Workspace;

/// The name that is no scenario but may be asked for like one.
const PIECES: &str = "pieces";

/// What `cargo xtask bench` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    /// Two minutes after the builds instead of half an hour: fewer rounds, shorter windows, no pieces.
    ///
    /// The numbers are a first impression, and the report says so.
    #[arg(long)]
    quick: bool,
    /// Only these servers, separated by commas. The yardsticks `raw` and `blocking` are always there, the pieces only with
    /// `ours`.
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = PossibleValuesParser::new(PEERS.iter().map(|peer| peer.name)))]
    only: Vec<String>,
    /// Only these scenarios, separated by commas; --list names them.
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = PossibleValuesParser::new(SCENARIOS.iter().map(|scenario| scenario.name).chain([PIECES])))]
    scenario: Vec<String>,
    /// How many rounds [default: 5, with --quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Where the report goes [default: target/bench/DATE-TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw where the instructions in user space go, at 50 connections, and measure nothing else.
    ///
    /// A flame graph of `ours`, or of the servers named with --only, by callgrind.
    #[arg(long, conflicts_with_all = ["quick", "scenario", "rounds"])]
    flame: bool,
    /// Print the names of all servers and scenarios, and do nothing else.
    #[arg(long)]
    list: bool,
}

/// How long `--quick` may take after the builds.
const QUICK_LIMIT: Duration = Duration::from_secs(110);

/// Measures what was asked for and writes the report.
pub(crate) fn all(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.list {
        return list();
    }
    let mut plan = Plan::of(options.quick, &options.only, &options.scenario, options.rounds);
    if !options.flame && plan.is_empty() && !plan.pieces {
        bail!("{} takes no part in {}", options.only.join(", "), options.scenario.join(", "));
    }
    let processors = Processors::here()?;
    measure::raise_descriptor_limit()?;
    let mut results = Results::default();
    results.setting.date = setting::date();
    results.setting.revision = setting::revision(&workspace.root);
    results.setting.machine = setting::machine(processors.count());
    let out = match &options.out {
        Some(folder) => std::env::current_dir()?.join(folder),
        None => workspace.target.join("bench").join(setting::stamp()),
    };
    let scratch = workspace.target.join("bench/scratch");
    for folder in [&out, &scratch] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    if options.flame {
        return flames(workspace, options, processors, scratch, &out);
    }
    results.setting.ours = plan.of_ours();
    // Before the builds, which take their time.
    leave_out_what_cannot_be(&mut plan, &scratch, &mut results);
    if plan.is_empty() && !plan.pieces {
        bail!("nothing is left to measure: {}", output::reasons(&results));
    }
    let builder = Builder::new(workspace);
    let mut programs = builder.build(plan.has_without_tracing(), &mut results)?;
    let toolchain = match plan.has_go() {
        true => go::build(workspace, &mut programs, &mut results),
        false => None,
    };
    if plan.pieces {
        println!("building criterion's benchmarks");
        if let Err(error) = micro::build(&builder) {
            results.gap("the pieces", format!("{error:#}"));
            plan.pieces = false;
        }
    }
    let packages: Vec<_> = PEERS.iter().flat_map(|peer| peer.packages).copied().collect();
    results.setting.versions = builder.versions(&packages)?;
    plan.keep_built(&programs);
    if plan.is_empty() && !plan.pieces {
        bail!("nothing is left to measure: {}", output::reasons(&results));
    }
    results.setting.pinned = pinned(&processors);
    results.setting.rounds = plan.rounds;
    results.setting.quick = options.quick;
    let lengths = if options.quick { Lengths::QUICK } else { Lengths::FULL };
    results.setting.window_seconds = lengths.run.window.as_secs_f64();
    results.setting.lap_seconds = lengths.lap.window.as_secs_f64();
    let meter = Meter { programs, processors, scratch, lengths };

    let start = Instant::now();
    println!("pinned: {}", results.setting.pinned);
    let end = options.quick.then(|| start + QUICK_LIMIT);
    measure::step_aside(&meter.processors, || Rounds::new(&meter, &plan, end).run(&mut results))?;
    if plan.pieces {
        let one = meter.processors.server(1);
        pieces::all(&builder, one, toolchain.as_ref(), options.quick, &mut results);
    }
    results.setting.took_seconds = start.elapsed().as_secs_f64();
    output::write(&mut results, &out)
}

/// Draws the flame graphs of the servers that were asked for.
fn flames(
    workspace: &Workspace,
    options: &Options,
    processors: Processors,
    scratch: PathBuf,
    out: &Path,
) -> Result<()> {
    if let Some(why) = callgrind::unavailable() {
        bail!("there is no flame graph without callgrind: {why}");
    }
    let mut results = Results::default();
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == "instructions");
    let scenario = scenario.context("the table of scenarios counts instructions")?;
    let asked = |name: &str| match &options.only[..] {
        [] => name == OURS,
        names => names.iter().any(|asked| asked == name),
    };
    let mut cells = scenario.cells();
    cells.retain(|cell| {
        asked(cell.peer.name) && cell.peer.language == Language::Rust && !cell.without_tracing
    });
    if cells.is_empty() {
        bail!("callgrind tells nothing about {}", options.only.join(", "));
    }
    let programs = Builder::new(workspace).build(false, &mut results)?;
    let meter = Meter { programs, processors, scratch, lengths: Lengths::FULL };
    for cell in &cells {
        println!("{}", flame::draw(&meter, scenario, cell, out)?);
    }
    Ok(())
}

/// Takes out of the plan what lacks a tool, and says why.
fn leave_out_what_cannot_be(plan: &mut Plan, scratch: &Path, results: &mut Results) {
    if plan.has(|kind| matches!(kind, Kind::Calls(_)))
        && let Some(why) = perf::unavailable(scratch)
    {
        results.gap("system calls", why);
        plan.leave_out(|kind| matches!(kind, Kind::Calls(_)));
    }
    if plan.has(|kind| matches!(kind, Kind::Instructions(_))) {
        if let Some(why) = callgrind::unavailable() {
            results.gap("instructions", why);
            plan.leave_out(|kind| matches!(kind, Kind::Instructions(_)));
        } else {
            plan.leave_out_go_of_instructions();
            results
                .gap("go's instructions", "Go's runtime under valgrind does not do what it does by itself");
        }
    }
}

/// Who runs where, in words.
fn pinned(processors: &Processors) -> String {
    let words = |list: &[usize]| list.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ");
    format!(
        "one worker: server on processor {}, generator on {}; two workers: server on {}, generator on {}",
        words(processors.server(1)),
        words(processors.generator(1)),
        words(processors.server(2)),
        words(processors.generator(2)),
    )
}

fn list() -> Result<()> {
    let mut text = String::from("servers (--only):\n");
    for peer in &PEERS {
        text += &format!("  {:<24}{}\n", peer.name, peer.what);
    }
    text += "\nscenarios (--scenario):\n";
    for scenario in SCENARIOS {
        let section = columns::section(scenario.kind).title;
        let quick = if scenario.quick { "" } else { " (not with --quick)" };
        text += &format!("  {:<24}{section}: {}{quick}\n", scenario.name, scenario.title);
    }
    text += &format!("  {PIECES:<24}criterion's micro-benchmarks, and Go's own (not with --quick)\n");
    text += &format!("\nEverything is paired with `{RAW}`, streams with `blocking`.\n");
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads it may have seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output"),
    }
}
