//! `cargo xtask bench --flame`: where each instruction in user space goes.
//!
//! ```text
//!   callgrind, N requests ──► call graph ──► stacks ─┐
//!                                                    ├─ subtract ──► SVG, and a table of the innermost functions
//!   callgrind, M requests ──► call graph ──► stacks ─┘
//! ```
//!
//! A profiler that samples would see the user-space part once in twenty samples, and would need a processor's counters. The
//! counts here are exact, and what the compiler has inlined is told apart by the line tables.

mod callgraph;
mod symbols;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use inferno::flamegraph::{self, Options};

use self::callgraph::Graph;
use self::symbols::Symbols;
use super::measure::Meter;
use super::numbers::number;
use super::scenarios::{Cell, Kind, Scenario};

/// Instructions by stack: functions from the outermost to the innermost, separated by semicolons.
type Stacks = BTreeMap<String, f64>;

/// A graph's unit: so many requests, so that whole numbers of instructions tell enough.
const REQUESTS: f64 = 1000.0;

/// Draws one server's graph and its table into a folder. Gives what the terminal is told.
pub(crate) fn draw(meter: &Meter, scenario: &Scenario, cell: &Cell, folder: &Path) -> Result<String> {
    let Kind::Instructions(traffic) = scenario.kind else {
        anyhow::bail!("{} counts no instructions", scenario.name)
    };
    let mut symbols = Symbols::default();
    let mut run = |requests: u64| -> Result<Stacks> {
        let file = meter.profile(cell, scenario.workers, traffic, requests)?;
        let text =
            fs::read_to_string(&file).with_context(|| format!("valgrind left no {}", file.display()))?;
        let graph = Graph::parse(&text).with_context(|| format!("{} is not understood", file.display()))?;
        Ok(graph.stacks(&mut symbols))
    };
    let (short, long) = meter.lengths.requests;
    let stacks = each(&run(short)?, &run(long)?, (long - short) as f64);
    let total: f64 = stacks.values().sum();

    let name = cell.label.replace(' ', "-");
    let svg = folder.join(format!("flame-{name}.svg"));
    let mut options = Options::default();
    options.title = format!("{}: {} instructions in user space a request", cell.label, number(total));
    options.subtitle = Some(format!("{}, {} worker", scenario.title, scenario.workers));
    options.count_name = format!("instructions in {REQUESTS} requests");
    options.min_width = 0.05;
    let lines: Vec<String> =
        stacks.iter().map(|(stack, count)| format!("{stack} {:.0}", count * REQUESTS)).collect();
    let mut drawn = Vec::new();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut drawn)
        .with_context(|| format!("a graph of {} stacks cannot be drawn", lines.len()))?;
    fs::write(&svg, drawn).with_context(|| format!("cannot write {}", svg.display()))?;
    fs::write(folder.join(format!("flame-{name}.folded")), lines.join("\n") + "\n")?;
    fs::write(folder.join(format!("flame-{name}.md")), table(&cell.label, &stacks))?;
    Ok(format!("{}: {} instructions a request: {}", cell.label, number(total), svg.display()))
}

/// Instructions a request: what the longer run has more, for each request that it has more.
fn each(short: &Stacks, long: &Stacks, requests: f64) -> Stacks {
    let mut stacks = long.clone();
    for (stack, count) in short {
        *stacks.entry(stack.clone()).or_default() -= count;
    }
    for count in stacks.values_mut() {
        *count /= requests;
    }
    // Starting and ending differ a little between runs; a stack that shrank is of those.
    stacks.retain(|_, count| *count > 0.0);
    stacks
}

/// The innermost function of a stack that is not the standard library's: whoever uses `Option::map` pays for it.
fn owner(stack: &str) -> &str {
    const LIBRARY: [&str; 3] = ["core", "alloc", "std"];
    let is_library = |frame: &str| match frame.rsplit_once(" (") {
        Some((_, file)) => LIBRARY.iter().any(|name| file.split('/').next() == Some(name)),
        None => LIBRARY.iter().any(|name| {
            frame.trim_start_matches('<').strip_prefix(name).is_some_and(|rest| rest.starts_with("::"))
        }),
    };
    stack.rsplit(';').find(|frame| !is_library(frame)).or(stack.rsplit(';').next()).unwrap_or(stack)
}

/// The innermost functions by their own instructions, those of the standard library that they use included.
fn table(label: &str, stacks: &Stacks) -> String {
    let mut own = BTreeMap::<&str, f64>::new();
    for (stack, count) in stacks {
        *own.entry(owner(stack)).or_default() += count;
    }
    let mut own: Vec<_> = own.into_iter().collect();
    own.sort_by(|a, b| b.1.total_cmp(&a.1));
    let total: f64 = own.iter().map(|(_, count)| count).sum();
    let mut text = format!(
        "| {label}: own instructions, inlined functions apart, the standard library's with their users | a request | share |\n| --- | --- | --- |\n"
    );
    for (function, count) in own.iter().filter(|(_, count)| *count >= 0.5) {
        text.push_str(&format!("| `{function}` | {} | {:.1} % |\n", number(*count), count / total * 100.0));
    }
    text.push_str(&format!("| all | {} | 100 % |\n", number(total)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks(counts: &[(&str, f64)]) -> Stacks {
        counts.iter().map(|(stack, count)| ((*stack).to_owned(), *count)).collect()
    }

    #[test]
    fn what_both_runs_share_falls_out_of_each_stack() {
        let short = stacks(&[("main", 500.0), ("main;read", 100.0), ("main;exit", 7.0)]);
        let long = stacks(&[("main", 500.0), ("main;read", 300.0), ("main;write", 50.0), ("main;exit", 5.0)]);
        assert_eq!(each(&short, &long, 10.0), stacks(&[("main;read", 20.0), ("main;write", 5.0)]));
    }

    #[test]
    fn the_standard_library_is_charged_to_its_user() {
        assert_eq!(owner("main;netfd::read;map (core/option.rs)"), "netfd::read");
        assert_eq!(owner("main;poll (netfd/op.rs);<core::x::Y as core::Z>::f"), "poll (netfd/op.rs)");
        assert_eq!(owner("main;corelib::f"), "corelib::f");
        assert_eq!(owner("std::a;core::b"), "core::b");
    }

    #[test]
    fn the_table_adds_up_the_innermost_functions() {
        let text = table("ours", &stacks(&[("a;b", 20.0), ("c;b", 40.0), ("a", 30.0), ("a;c", 10.0)]));
        let lines: Vec<_> = text.lines().skip(2).collect();
        let expected = [
            "| `b` | 60.0 | 60.0 % |",
            "| `a` | 30.0 | 30.0 % |",
            "| `c` | 10.0 | 10.0 % |",
            "| all | 100 | 100 % |",
        ];
        assert_eq!(lines, expected);
    }
}
