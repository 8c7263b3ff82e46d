//! The report for people: `report.md`.
//!
//! ```text
//!   where and how ── goals, met or not ── one table of medians, a column each server ── each scenario in full
//!   ── pieces ── what was not measured
//! ```

use std::fmt::Write;

use super::columns::{Section, calls_by_name, section};
use super::goals::{Check, Judged};
use super::numbers::{number, with_quartiles};
use super::peers::PEERS;
use super::results::{CALL, Results, Row, Table};
use super::scenarios::{Kind, SCENARIOS, Scenario};

/// Writes the whole report. `charts` are the names of scenarios that have one.
pub(crate) fn report(results: &Results, judged: &Judged, charts: &[&str]) -> String {
    let mut text = String::new();
    setting(&mut text, results);
    goals(&mut text, results, judged);
    overview(&mut text, results);
    let mut last = "";
    for scenario in SCENARIOS {
        let Some(table) = results.table(scenario.name).filter(|table| !empty(table)) else { continue };
        let section = section(scenario.kind);
        if section.title != last {
            put(&mut text, format_args!("\n## {}\n\n{}\n", section.title, section.says));
            last = section.title;
        }
        put(&mut text, format_args!("\n### {} (`{}`)\n\n", scenario.title, scenario.name));
        if charts.contains(&scenario.name) {
            put(
                &mut text,
                format_args!("![{}: {}]({}.svg)\n\n", section.title, scenario.title, scenario.name),
            );
        }
        full(&mut text, &scenario, &section, table);
    }
    pieces(&mut text, results);
    gaps(&mut text, results);
    text
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes any text");
}

fn empty(table: &Table) -> bool {
    table.rows.iter().all(|row| row.samples.is_empty())
}

fn setting(text: &mut String, results: &Results) {
    let setting = &results.setting;
    put(text, format_args!("# The bench, {}\n\n", setting.date));
    let kind = if setting.quick { "a quick run, for a first impression" } else { "a full run" };
    put(
        text,
        format_args!(
            "Commit {}; {kind}: {} of {} rounds, windows of {} s, those of processor time {} s, {:.0} s in all. Every \
             number is the median over the rounds, with the quartiles in brackets; a ratio is taken within each round. \
             Where a round has several laps, each counts as one.\n\n| | |\n| --- | --- |\n",
            setting.revision,
            setting.finished,
            setting.rounds,
            setting.window_seconds,
            setting.lap_seconds,
            setting.took_seconds,
        ),
    );
    for (name, value) in &setting.machine {
        put(text, format_args!("| {name} | {value} |\n"));
    }
    put(text, format_args!("| Pinned | {} |\n", setting.pinned));
    put(text, format_args!("\n| server | what it is | versions |\n| --- | --- | --- |\n"));
    for peer in &PEERS {
        let versions: Vec<_> = peer
            .packages
            .iter()
            .filter_map(|package| Some(format!("{package} {}", setting.versions.get(*package)?)))
            .collect();
        put(text, format_args!("| {} | {} | {} |\n", peer.name, peer.what, versions.join(", ")));
    }
}

fn goals(text: &mut String, results: &Results, judged: &Judged) {
    put(text, format_args!("\n## Goals\n"));
    if results.setting.quick {
        put(text, format_args!("\nOf a quick run: its verdicts are first impressions.\n"));
    }
    let (samples, disturbed) = results.trust();
    if disturbed > 0 {
        put(
            text,
            format_args!(
                "\n**Other processes disturbed {disturbed} of the {samples} samples that count**: what is said about \
                 time is to be measured again.\n"
            ),
        );
    }
    if !judged.checks.is_empty() {
        put(text, format_args!("\n| goal | claim | measured | limit | |\n| --- | --- | --- | --- | --- |\n"));
    }
    for Check { goal, claim, measured, limit, verdict, .. } in &judged.checks {
        put(text, format_args!("| {goal} | {claim} | {measured} | {limit} | {verdict} |\n"));
    }
    if judged.beside > 0 {
        put(text, format_args!("\n{} claims are of what this run was not asked for.\n", judged.beside));
    }
}

/// One line a scenario, one column a server: the first column of each scenario's own table.
fn overview(text: &mut String, results: &Results) {
    let servers: Vec<_> = PEERS.iter().map(|peer| peer.name).filter(|name| seen(results, name)).collect();
    if servers.is_empty() {
        return;
    }
    put(text, format_args!("\n## At a glance\n\n| medians | {} |\n", servers.join(" | ")));
    put(text, format_args!("| --- |{}\n", " --- |".repeat(servers.len())));
    for scenario in SCENARIOS {
        let Some(table) = results.table(scenario.name).filter(|table| !empty(table)) else { continue };
        let first = section(scenario.kind).columns[0];
        let cells: Vec<_> = servers
            .iter()
            .map(|server| {
                let summary = table.row(server).and_then(|row| row.summary(first.value));
                summary.map_or("–".to_owned(), |summary| number(summary.median * first.scale))
            })
            .collect();
        if cells.iter().any(|cell| cell != "–") {
            put(text, format_args!("| {}: {} | {} |\n", first.heading, scenario.title, cells.join(" | ")));
        }
    }
}

/// Whether some scenario has a number of this server under its plain name.
fn seen(results: &Results, server: &str) -> bool {
    results.tables.iter().filter_map(|table| table.row(server)).any(|row| !row.samples.is_empty())
}

/// A scenario's table: a line a row.
fn full(text: &mut String, scenario: &Scenario, section: &Section, table: &Table) {
    let mut headings: Vec<String> = vec!["server".to_owned()];
    let first = section.columns[0];
    headings.push(first.heading.to_owned());
    let against = &table.rows[0].against;
    let pairs_with_itself = table.rows.iter().any(|row| row.against != *against);
    headings.push(match pairs_with_itself {
        true => "ratio to no deadline".to_owned(),
        false => format!("ratio to {against}"),
    });
    if pairs_with_itself {
        headings.push("difference".to_owned());
    }
    headings.extend(section.columns[1..].iter().map(|column| column.heading.to_owned()));
    let calls = match scenario.kind {
        Kind::Calls(_) => calls_by_name(table.rows.iter().flat_map(|row| {
            let values = row.samples.iter().filter(|sample| sample.counts).flat_map(|sample| &sample.values);
            values.map(|(name, value)| (name.clone(), *value))
        })),
        _ => vec![],
    };
    headings.extend(calls.iter().map(|name| format!("`{}`", &name[CALL.len()..])));
    headings.push("notes".to_owned());
    put(text, format_args!("| {} |\n|{}\n", headings.join(" | "), " --- |".repeat(headings.len())));
    for row in table.rows.iter().filter(|row| !row.samples.is_empty()) {
        let of = |value: &str, scale: f64| {
            let scaled = row.by_round(value).into_values().map(|number| number * scale);
            super::statistics::Summary::of(scaled)
        };
        let shown = |summary: Option<super::statistics::Summary>| {
            summary.as_ref().map_or("–".to_owned(), with_quartiles)
        };
        let mut cells = vec![row.label.clone(), shown(of(first.value, first.scale))];
        cells.push(shown(table.ratio(row, first.value)));
        if pairs_with_itself {
            let difference = table.added(row, first.value);
            cells.push(shown(difference.map(|difference| super::statistics::Summary {
                q1: difference.q1 * first.scale,
                median: difference.median * first.scale,
                q3: difference.q3 * first.scale,
                count: difference.count,
            })));
        }
        cells.extend(section.columns[1..].iter().map(|column| {
            of(column.value, column.scale).map_or("–".to_owned(), |summary| number(summary.median))
        }));
        // A call that was not made has no count.
        cells.extend(
            calls.iter().map(|name| of(name, 1.0).map_or("0".to_owned(), |summary| number(summary.median))),
        );
        cells.push(notes(row));
        put(text, format_args!("| {} |\n", cells.join(" | ")));
    }
}

/// What is to be known about a row's samples.
fn notes(row: &Row) -> String {
    let mut notes = vec![];
    if row.disturbed() > 0 {
        notes.push(format!("**{} of {} disturbed by other processes**", row.disturbed(), row.rounds()));
    }
    if row.taken_again() > 0 {
        notes.push(format!("{} taken again", row.taken_again()));
    }
    notes.join(", ")
}

fn pieces(text: &mut String, results: &Results) {
    if results.pieces.is_empty() {
        return;
    }
    put(
        text,
        format_args!(
            "\n## Pieces\n\nBy criterion, and under `go/` by Go's own benchmarks on one processor; median over the \
             samples, with quartiles.\n\n| piece | nanoseconds | notes |\n| --- | --- | --- |\n"
        ),
    );
    for piece in &results.pieces {
        let disturbed = piece.is_disturbed().then_some("**disturbed by other processes**");
        let notes: Vec<_> = disturbed.into_iter().chain(piece.taken_again.then_some("taken again")).collect();
        let nanoseconds = with_quartiles(&piece.nanoseconds);
        put(text, format_args!("| {} | {nanoseconds} | {} |\n", piece.name, notes.join(", ")));
    }
}

fn gaps(text: &mut String, results: &Results) {
    put(text, format_args!("\n## Not measured\n\n"));
    if results.gaps.is_empty() {
        put(text, format_args!("Everything was.\n"));
    }
    for gap in &results.gaps {
        put(text, format_args!("- {}: {}\n", gap.what, gap.why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::goals::judge;
    use crate::bench::results::tests::table;
    use crate::bench::results::{CALLS, PROCESSOR, Piece, Values};
    use crate::bench::statistics::Summary;

    fn written(results: &Results) -> String {
        report(results, &judge(results), &["time-50"])
    }

    #[test]
    fn a_scenario_has_its_medians_its_ratios_and_its_chart() {
        let mut results = Results::default();
        results.setting.ours.insert("time-50".to_owned());
        results.tables.push(table(
            "time-50",
            PROCESSOR,
            &[("raw", &[5000.0, 5000.0]), ("ours", &[5500.0, 5500.0])],
        ));
        let text = written(&results);
        assert!(text.contains("| ours | 5.50 (5.50 .. 5.50) | 1.10 (1.10 .. 1.10) |"), "{text}");
        assert!(
            text.contains("| processor time, µs a request: 50 connections, 64 B | 5.00 | 5.50 |"),
            "{text}"
        );
        assert!(text.contains("(time-50.svg)"), "{text}");
        assert!(text.contains("**not met**"), "{text}");
        assert!(
            !text.contains("| 9 streams |") && text.contains("claims are of what this run was not asked for"),
            "{text}"
        );
    }

    #[test]
    fn a_disturbed_sample_shows() {
        let mut results = Results::default();
        let mut table = table("time-50", PROCESSOR, &[("raw", &[5000.0])]);
        let values = || Values::from([(PROCESSOR.to_owned(), 1.0)]);
        table.rows[0].add(2, vec![(values(), 0.5), (values(), 0.4)]);
        results.tables.push(table);
        let text = written(&results);
        assert!(text.contains("**1 of 2 disturbed by other processes**, 1 taken again"), "{text}");
        assert!(text.contains("disturbed 1 of the 2 samples that count"), "{text}");
    }

    #[test]
    fn a_disturbed_piece_shows() {
        let mut results = Results::default();
        let piece = || Piece::new("a".to_owned(), Summary::of([5.0]).unwrap());
        results.pieces = vec![piece(), Piece { others: 0.5, taken_again: true, ..piece() }];
        let text = written(&results);
        assert!(text.contains("| a | 5.00 |  |"), "{text}");
        assert!(text.contains("| a | 5.00 | **disturbed by other processes**, taken again |"), "{text}");
    }

    #[test]
    fn calls_have_a_column_each() {
        let mut results = Results::default();
        let mut table = table("calls-1", CALLS, &[("raw", &[]), ("ours", &[])]);
        table.rows[0]
            .add(1, vec![(Values::from([(CALLS.to_owned(), 3.0), ("call:read".to_owned(), 1.0)]), 0.0)]);
        table.rows[1]
            .add(1, vec![(Values::from([(CALLS.to_owned(), 3.0), ("call:recvfrom".to_owned(), 1.0)]), 0.0)]);
        results.tables.push(table);
        let text = written(&results);
        assert!(text.contains("`read` | `recvfrom` | notes"), "{text}");
        assert!(text.contains("| 1.00 | 0 |"), "{text}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let mut results = Results::default();
        assert!(written(&results).contains("Everything was."));
        results.gap("go", "there is no pip");
        assert!(written(&results).contains("- go: there is no pip"));
    }
}
