//! Writes what was found out, and says on the terminal which goals are met.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::chart::{self, Bar};
use super::columns::section;
use super::goals::{Check, Judged, Verdict, judge};
use super::markdown;
use super::peers::OURS;
use super::results::{Results, Table};
use super::scenarios::{SCENARIOS, Scenario};
use super::statistics::Summary;

/// Writes `report.md`, `results.json` and the charts.
pub(crate) fn write(results: &mut Results, folder: &Path) -> Result<()> {
    if results.tables.iter().all(|table| table.rows.iter().all(|row| row.samples.is_empty()))
        && results.pieces.is_empty()
    {
        bail!("nothing could be measured: {}", reasons(results));
    }
    results.sum_up();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let judged = judge(results);
    file("results.json", &serde_json::to_string_pretty(results)?)?;
    let mut charts = vec![];
    for scenario in &SCENARIOS {
        if let Some(svg) = results.table(scenario.name).and_then(|table| drawn(scenario, table)) {
            file(&format!("{}.svg", scenario.name), &svg)?;
            charts.push(scenario.name);
        }
    }
    file("report.md", &markdown::report(results, &judged, &charts))?;
    tell(results, &judged);
    println!("\n{}", folder.join("report.md").display());
    Ok(())
}

/// A scenario's chart: the first column of its table.
fn drawn(scenario: &Scenario, table: &Table) -> Option<String> {
    let section = section(scenario.kind);
    let first = section.columns[0];
    let bars: Vec<_> = table
        .rows
        .iter()
        .filter_map(|row| {
            let value =
                Summary::of(row.by_round(first.value).into_values().map(|value| value * first.scale))?;
            Some(Bar { label: row.label.clone(), value, accent: row.label.starts_with(OURS) })
        })
        .collect();
    let title = format!("{}: {}", section.title, scenario.title);
    chart::draw(&title, first.heading, section.less_is_better, &bars)
}

/// The goals and the gaps, in short.
fn tell(results: &Results, judged: &Judged) {
    println!();
    let first = if results.setting.quick { " (a first impression)" } else { "" };
    for Check { goal, claim, measured, limit, verdict, .. } in &judged.checks {
        let mark = match verdict {
            Verdict::Met => "met     ",
            Verdict::NotMet => "NOT MET ",
            Verdict::Open => continue,
        };
        println!("{mark} {goal}: {claim}: {measured}, limit {limit}{first}");
    }
    let open = judged.checks.iter().filter(|check| check.verdict == Verdict::Open).count();
    if open > 0 {
        println!("{open} of {} claims not measured; the report lists them", judged.checks.len());
    }
    for gap in &results.gaps {
        println!("not measured: {}: {}", gap.what, gap.why);
    }
}

/// Why nothing was measured, in one line.
pub(crate) fn reasons(results: &Results) -> String {
    let reasons: Vec<_> = results.gaps.iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
    if reasons.is_empty() { "nothing was asked for".to_owned() } else { reasons.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::PROCESSOR;
    use crate::bench::results::tests::table;

    #[test]
    fn a_run_leaves_its_files() {
        let folder = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut results = Results::default();
        results.tables.push(table("time-1", PROCESSOR, &[("raw", &[5000.0]), ("ours", &[5100.0])]));
        let written = write(&mut results, &folder);
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        let (report, json, svg) = (read("report.md"), read("results.json"), read("time-1.svg"));
        fs::remove_dir_all(&folder).unwrap();
        written.unwrap();
        assert!(report.contains("(time-1.svg)"));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["tables"][0]["rows"][1]["ratio"]["processor_ns"]["median"], 1.02);
        assert!(svg.contains(">5.10<"), "{svg}");
    }

    #[test]
    fn an_empty_run_is_an_error_that_says_why() {
        let mut results = Results::default();
        results.gap("raw in time-1", "it ended");
        let error = write(&mut results, Path::new("/nowhere")).unwrap_err().to_string();
        assert_eq!(error, "nothing could be measured: raw in time-1: it ended");
    }
}
