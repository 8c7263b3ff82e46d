//! Whether each goal is met, from the numbers of the run alone.
//!
//! A goal that was not measured is never met. Where a peer is compared with, the peer is read from the same table and the
//! same rounds. The allowance for noise, where a goal has one, is the peer's spread and not ours: our own noise excuses
//! nothing.

use std::fmt;

use super::PIECES;
use super::numbers::{number, with_quartiles};
use super::peers::{GO, OURS, RAW};
use super::perf::FORBIDDEN;
use super::results::{
    ADDED, BUFFER, CALL, CALLS, CHURNED, GROWTH, INSTRUCTIONS, LIVE, P99, PROCESSOR, Piece, RESIDENT,
    Results, SLOWEST, THROUGHPUT, Table, WAKEUPS, WRITES, WRITES_EACH,
};
use super::scenarios::{EARLIER, LATER, READABLE};
use super::statistics::{Summary, paired};

/// What became of a goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The number is within the limit.
    Met,
    /// It is not.
    NotMet,
    /// There is no number, or it cannot tell.
    Open,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Met => "met",
            Verdict::NotMet => "**not met**",
            Verdict::Open => "not measured",
        })
    }
}

/// One claim of a goal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    /// The goal's name in docs/performance.md.
    pub(crate) goal: &'static str,
    /// The scenario that tells, by its name on the command line.
    pub(crate) scenario: &'static str,
    /// What is claimed.
    pub(crate) claim: String,
    /// What was measured.
    pub(crate) measured: String,
    /// What it may be.
    pub(crate) limit: String,
    /// Whether it is.
    pub(crate) verdict: Verdict,
}

/// The claims of which a run was to tell something, and how many there are beside them.
pub(crate) struct Judged {
    /// Those that were to be measured.
    pub(crate) checks: Vec<Check>,
    /// How many others there are.
    pub(crate) beside: usize,
}

/// Judges what a run was asked for.
pub(crate) fn judge(results: &Results) -> Judged {
    let (checks, beside): (Vec<_>, Vec<_>) =
        every(results).into_iter().partition(|check| results.setting.ours.contains(check.scenario));
    Judged { checks, beside: beside.len() }
}

/// Every claim of every goal.
fn every(results: &Results) -> Vec<Check> {
    let judge = Judge { results };
    [
        judge.calls(),
        judge.instructions(),
        judge.processor_time(),
        judge.two_workers(),
        judge.tail(),
        judge.short(),
        judge.memory(),
        judge.deadlines(),
        judge.storm(),
        judge.streams(),
    ]
    .concat()
}

struct Judge<'a> {
    results: &'a Results,
}

/// Differences of this many nanoseconds are the smallest that goal 7 speaks of.
const GRAIN: f64 = 40.0;

/// A check that is open if `value` varies by more than `most`: then neither verdict would say anything.
fn told_by(mut check: Check, value: Option<Summary>, most: f64) -> Check {
    if let Some(spread) = value.map(|summary| summary.spread()).filter(|spread| *spread > most) {
        check.measured.push_str(&format!("; a spread of {} cannot tell", number(spread)));
        check.verdict = Verdict::Open;
    }
    check
}

fn verdict(met: bool) -> Verdict {
    if met { Verdict::Met } else { Verdict::NotMet }
}

/// What a check is about: the goal, and the scenario that tells.
type About = (&'static str, &'static str);

/// A number that may be at most so large.
fn at_most(about: About, claim: &str, value: Option<Summary>, limit: f64, text: &str) -> Check {
    by_median(about, claim, value, text, |median| median <= limit)
}

/// A number that may be no smaller.
fn at_least(about: About, claim: &str, value: Option<Summary>, limit: f64) -> Check {
    by_median(about, claim, value, &format!("at least {limit}"), |median| median >= limit)
}

fn by_median(
    (goal, scenario): About,
    claim: &str,
    value: Option<Summary>,
    limit: &str,
    is_within: impl FnOnce(f64) -> bool,
) -> Check {
    Check {
        goal,
        scenario,
        claim: claim.to_owned(),
        measured: value.as_ref().map_or("–".to_owned(), with_quartiles),
        limit: limit.to_owned(),
        verdict: value.map_or(Verdict::Open, |value| verdict(is_within(value.median))),
    }
}

impl Judge<'_> {
    fn summary(&self, table: &str, row: &str, value: &str) -> Option<Summary> {
        self.results.table(table)?.row(row)?.summary(value)
    }

    fn ratio(&self, table: &str, row: &str, value: &str) -> Option<Summary> {
        let table = self.results.table(table)?;
        table.ratio(table.row(row)?, value)
    }

    fn calls(&self) -> Vec<Check> {
        const GOAL: &str = "1 system calls";
        let mut checks = vec![];
        for (table, claim, limit, text) in [
            ("calls-1", "a request, 1 connection", 3.049, "3.0, to one decimal"),
            ("calls-50", "a request, 50 connections", 2.1, "2.1"),
            ("calls-1000", "a request, 1,000 connections", 2.1, "2.1"),
        ] {
            checks.push(at_most((GOAL, table), claim, self.summary(table, OURS, CALLS), limit, text));
            let forbidden = self
                .results
                .table(table)
                .and_then(|table| table.row(OURS))
                .filter(|row| !row.samples.is_empty());
            let sum = forbidden.map(|row| {
                // The worst round, for "none" is not a matter of medians.
                let rounds = row.samples.iter().filter(|sample| sample.counts).map(|sample| {
                    let call =
                        |name: &str| sample.values.get(&format!("{CALL}{name}")).copied().unwrap_or(0.0);
                    FORBIDDEN.map(call).iter().sum::<f64>()
                });
                rounds.fold(0.0, f64::max)
            });
            let [one, two, three] = FORBIDDEN;
            checks.push(Check {
                goal: GOAL,
                scenario: table,
                claim: format!("{one}, {two} and {three} {claim}"),
                measured: sum.map_or("–".to_owned(), |sum| format!("{} in the worst round", number(sum))),
                limit: "none (below 0.001)".to_owned(),
                verdict: sum.map_or(Verdict::Open, |sum| verdict(sum < 0.001)),
            });
        }
        checks
    }

    fn instructions(&self) -> Vec<Check> {
        const ABOUT: About = ("2 instructions", "instructions");
        let of = |row: &str| self.summary(ABOUT.1, row, INSTRUCTIONS);
        let ours = of(OURS);
        let mut checks = vec![at_most(ABOUT, "a request, 50 connections", ours, 450.0, "450")];
        let tokio =
            [of("tokio-current"), of("tokio-multi")].into_iter().flatten().map(|summary| summary.median);
        let tokio = tokio.min_by(f64::total_cmp);
        let against = [("half of tokio's best", tokio.map(|best| best / 2.0))]
            .into_iter()
            .chain(["may", "monoio"].map(|peer| (peer, of(peer).map(|summary| summary.median))));
        for (peer, limit) in against {
            let limit_text = limit.map_or("–".to_owned(), number);
            let mut check =
                at_most(ABOUT, &format!("against {peer}"), ours, limit.unwrap_or(0.0), &limit_text);
            if limit.is_none() {
                check.verdict = Verdict::Open;
            }
            checks.push(check);
        }
        let bare = of(&format!("{OURS} without tracing"));
        checks.push(Check {
            goal: ABOUT.0,
            scenario: ABOUT.1,
            claim: "what compiled-out tracing saves".to_owned(),
            measured: match (ours, bare) {
                (Some(ours), Some(bare)) => number(ours.median - bare.median),
                _ => "–".to_owned(),
            },
            limit: "to be stated".to_owned(),
            verdict: if ours.and(bare).is_some() { Verdict::Met } else { Verdict::Open },
        });
        checks
    }

    fn processor_time(&self) -> Vec<Check> {
        const GOAL: &str = "3 processor time";
        let mut checks = vec![];
        for (table, claim) in [
            ("time-1", "1 connection"),
            ("time-50", "50 connections"),
            ("time-1000", "1,000 connections"),
            ("time-16k", "50 connections of 16 KiB"),
        ] {
            let ours = self.ratio(table, OURS, PROCESSOR);
            checks.push(at_most((GOAL, table), &format!("ratio to raw, {claim}"), ours, 1.03, "1.03"));
            let best = self.best_peer(table, PROCESSOR);
            let limit = best.as_ref().map(|(_, ratio)| ratio.median + ratio.spread());
            let text = best.map_or("–".to_owned(), |(peer, ratio)| {
                format!("{peer}'s {} + its spread {}", number(ratio.median), number(ratio.spread()))
            });
            let claim = format!("ratio to raw beside the best peer's, {claim}");
            let mut check = at_most((GOAL, table), &claim, ours, limit.unwrap_or(0.0), &text);
            if limit.is_none() {
                check.verdict = Verdict::Open;
            }
            checks.push(check);
        }
        checks
    }

    /// The peer with the lowest ratio to raw; raw is no peer.
    fn best_peer(&self, table: &str, value: &str) -> Option<(String, Summary)> {
        let table: &Table = self.results.table(table)?;
        let peers = table.rows.iter().filter(|row| row.label != RAW && row.label != OURS);
        let ratios = peers.filter_map(|row| Some((row.label.clone(), table.ratio(row, value)?)));
        ratios.min_by(|a, b| a.1.median.total_cmp(&b.1.median))
    }

    fn two_workers(&self) -> Vec<Check> {
        const GOAL: &str = "3 two workers";
        let mut checks = vec![];
        for (table, connections) in [("two-50", "50"), ("two-1000", "1,000")] {
            for (value, what) in [(PROCESSOR, "processor time"), (P99, "p99")] {
                let ours = self.ratio(table, OURS, value);
                let theirs =
                    ["tokio-multi", "smol", "may", GO].map(|peer| (peer, self.ratio(table, peer, value)));
                let named = theirs.iter().map(|(peer, ratio)| {
                    format!("{peer} {}", ratio.map_or("–".to_owned(), |ratio| number(ratio.median)))
                });
                let behind = |ratio: &Summary| ours.is_some_and(|ours| ours.median >= ratio.median);
                let known: Vec<_> = theirs.iter().filter_map(|(_, ratio)| *ratio).collect();
                checks.push(Check {
                    goal: GOAL,
                    scenario: table,
                    claim: format!("{what}'s ratio to raw, {connections} connections, ahead of each peer's"),
                    measured: ours.as_ref().map_or("–".to_owned(), with_quartiles),
                    limit: named.collect::<Vec<_>>().join(", "),
                    verdict: match ours {
                        Some(_) if known.iter().any(behind) => Verdict::NotMet,
                        Some(_) if known.len() == theirs.len() => Verdict::Met,
                        _ => Verdict::Open,
                    },
                });
            }
        }
        checks
    }

    fn tail(&self) -> Vec<Check> {
        const ABOUT: About = ("4 tail", "time-1000");
        let p99 = self.ratio(ABOUT.1, OURS, P99);
        let slowest = self.summary(ABOUT.1, OURS, SLOWEST);
        vec![
            at_most(ABOUT, "p99's ratio to raw, 1,000 connections", p99, 1.05, "1.05"),
            at_least(ABOUT, "the slowest connection's share of the median one's", slowest, 0.5),
        ]
    }

    fn short(&self) -> Vec<Check> {
        const ABOUT: About = ("5 short", "calls-short");
        let row = self.results.table(ABOUT.1).and_then(|table| table.row(OURS));
        let without_waits = row.and_then(|row| {
            let all = row.by_round(CALLS);
            let rounds = all.into_iter().map(|(round, calls)| {
                let waits = ["epoll_wait", "epoll_pwait", "epoll_pwait2"]
                    .map(|name| row.by_round(&format!("{CALL}{name}")).get(&round).copied().unwrap_or(0.0));
                calls - waits.iter().sum::<f64>()
            });
            Summary::of(rounds)
        });
        vec![at_most(ABOUT, "system calls a connection beside the waits", without_waits, 7.0, "7")]
    }

    fn memory(&self) -> Vec<Check> {
        const ABOUT: About = ("6 memory", "memory");
        let beyond = |value: &str| {
            let row = self.results.table(ABOUT.1)?.row(OURS)?;
            let buffer = row.summary(BUFFER)?.median;
            Summary::of(row.by_round(value).into_values().map(|bytes| bytes - buffer))
        };
        let readable = |value: &str| self.summary(ABOUT.1, &format!("{OURS} {READABLE}"), value);
        vec![
            at_most(ABOUT, "allocated beyond the buffer, bytes", beyond(LIVE), 512.0, "512"),
            at_most(ABOUT, "resident beyond the buffer, bytes", beyond(RESIDENT), 512.0, "512"),
            at_most(ABOUT, "allocated with `readable()`, bytes", readable(LIVE), 640.0, "640"),
            at_most(ABOUT, "resident with `readable()`, bytes", readable(RESIDENT), 640.0, "640"),
        ]
    }

    fn deadlines(&self) -> Vec<Check> {
        const GOAL: &str = "7 deadlines";
        let added = |table: &str, mode: &str| self.summary(table, &format!("{OURS} {mode}"), ADDED);
        let mut checks = vec![];
        for (mode, word, limit) in [(LATER, "later", 40.0), (EARLIER, "earlier", 250.0)] {
            let echo = added("deadlines", mode);
            let claim = format!("moved {word} before each read, ns a request over none (echo)");
            let check = at_most((GOAL, "deadlines"), &claim, echo, limit, &number(limit));
            checks.push(told_by(check, echo, limit));
            let name = format!("SetReadDeadline/{word}/{OURS}");
            let piece = self.results.pieces.iter().find(|piece| piece.name == name);
            let claim = format!("moved {word}, ns each (the setter alone)");
            let alone = piece.map(|piece| piece.nanoseconds);
            let mut check = at_most((GOAL, PIECES), &claim, alone, limit, &number(limit));
            if piece.is_some_and(Piece::is_disturbed) {
                check.measured.push_str("; disturbed by other processes");
            }
            checks.push(check);
        }
        let (alone, armed) = (added("deadlines", LATER), added("armed", LATER));
        let check = Check {
            goal: GOAL,
            scenario: "armed",
            claim: "the same beside 9,000 armed deadlines, ns a request over none".to_owned(),
            measured: armed.as_ref().map_or("–".to_owned(), with_quartiles),
            limit: alone.map_or("–".to_owned(), |alone| {
                format!("{} as without them, and {GRAIN} for what a run can tell", number(alone.median))
            }),
            verdict: alone
                .zip(armed)
                .map_or(Verdict::Open, |(alone, armed)| verdict(armed.median <= alone.median + GRAIN)),
        };
        checks.push(told_by(told_by(check, armed, GRAIN), alone, GRAIN));
        let row = format!("{OURS} {LATER}");
        let growth = self.summary("churn", &row, GROWTH);
        let churned = self.summary("churn", &row, CHURNED);
        let connections = churned.map_or("–".to_owned(), |churned| number(churned.median));
        checks.push(at_most(
            (GOAL, "churn"),
            &format!("growth by each of {connections} connections that came and went, bytes"),
            growth,
            1.0,
            "below 1",
        ));
        checks
    }

    fn storm(&self) -> Vec<Check> {
        let row = self.results.table("storm").and_then(|table| table.row(OURS));
        let each = row.and_then(|row| row.summary(WRITES_EACH));
        let rounds = row.map(|row| {
            let (writes, wakeups) = (row.by_round(WRITES), row.by_round(WAKEUPS));
            paired(&writes, &wakeups, |writes, wakeups| writes - wakeups)
        });
        let verdict = match rounds {
            // The last break of all may find nobody left to wake.
            Some(over) if !over.is_empty() => verdict(over.iter().all(|over| *over <= 1.0)),
            _ => Verdict::Open,
        };
        vec![Check {
            goal: "8 storm",
            scenario: "storm",
            claim: "eventfd writes for each wake-up, 4 threads".to_owned(),
            measured: each.as_ref().map_or("–".to_owned(), with_quartiles),
            limit: "1, in every round".to_owned(),
            verdict,
        }]
    }

    fn streams(&self) -> Vec<Check> {
        let checks = [("push", "to the server"), ("pull", "from the server")].map(|(table, way)| {
            let ratio = self.ratio(table, OURS, THROUGHPUT);
            let claim = format!("throughput {way}, ratio to a blocking loop");
            at_least(("9 streams", table), &claim, ratio, 0.97)
        });
        checks.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Row;
    use crate::bench::results::tests::table;
    use crate::bench::scenarios::SCENARIOS;

    fn verdicts(results: &Results, goal: &str) -> Vec<Verdict> {
        every(results).into_iter().filter(|check| check.goal == goal).map(|check| check.verdict).collect()
    }

    #[test]
    fn nothing_measured_is_nothing_met() {
        let checks = every(&Results::default());
        assert!(checks.iter().all(|check| check.verdict == Verdict::Open), "{checks:?}");
        let goals: Vec<_> =
            ('1'..='9').filter(|goal| checks.iter().any(|check| check.goal.starts_with(*goal))).collect();
        assert_eq!(goals.len(), 9, "every goal is judged");
    }

    #[test]
    fn what_was_not_asked_for_is_not_judged() {
        let all = every(&Results::default());
        for check in &all {
            let is_there = SCENARIOS.iter().any(|scenario| scenario.name == check.scenario);
            assert!(is_there || check.scenario == PIECES, "{check:?}");
        }
        let mut results = Results::default();
        results.setting.ours.extend(["churn".to_owned(), PIECES.to_owned()]);
        let judged = judge(&results);
        let scenarios: Vec<_> = judged.checks.iter().map(|check| check.scenario).collect();
        assert_eq!(scenarios, [PIECES, PIECES, "churn"]);
        assert_eq!(judged.beside, all.len() - 3);
    }

    #[test]
    fn a_disturbed_setter_says_so() {
        let mut results = Results::default();
        let nanoseconds = Summary::of([20.0]).unwrap();
        let piece = Piece::new(format!("SetReadDeadline/later/{OURS}"), nanoseconds);
        results.pieces.push(Piece { others: 0.5, ..piece });
        let checks = every(&results);
        let setter = checks.iter().find(|check| check.scenario == PIECES).unwrap();
        assert_eq!(
            (setter.measured.as_str(), setter.verdict),
            ("20.0; disturbed by other processes", Verdict::Met)
        );
    }

    fn with(table: Table) -> Results {
        Results { tables: vec![table], ..Results::default() }
    }

    #[test]
    fn the_median_is_held_against_the_limit() {
        let results = |ours: &[f64]| with(table("calls-50", CALLS, &[(RAW, &[2.0; 3]), (OURS, ours)]));
        assert_eq!(
            verdicts(&results(&[2.0, 2.1, 9.0]), "1 system calls")[2..4],
            [Verdict::Met, Verdict::Met]
        );
        assert_eq!(verdicts(&results(&[2.0, 2.11, 9.0]), "1 system calls")[2], Verdict::NotMet);
    }

    #[test]
    fn one_round_with_a_forbidden_call_is_one_too_many() {
        let results = with(table("calls-1", "call:futex", &[(RAW, &[0.0; 3]), (OURS, &[0.0, 0.0, 0.01])]));
        assert_eq!(verdicts(&results, "1 system calls")[1], Verdict::NotMet);
    }

    #[test]
    fn instructions_are_held_against_the_peers_too() {
        let rows: [(&str, &[f64]); 6] = [
            (RAW, &[70.0]),
            (OURS, &[440.0]),
            ("ours without tracing", &[400.0]),
            ("tokio-current", &[870.0]),
            ("may", &[600.0]),
            ("tokio-multi", &[1000.0]),
        ];
        let results =
            Results { tables: vec![table("instructions", INSTRUCTIONS, &rows)], ..Results::default() };
        let verdicts = verdicts(&results, "2 instructions");
        assert_eq!(verdicts, [Verdict::Met, Verdict::NotMet, Verdict::Met, Verdict::Open, Verdict::Met]);
    }

    #[test]
    fn our_own_noise_excuses_nothing() {
        let rows: [(&str, &[f64]); 3] =
            [(RAW, &[100.0; 3]), (OURS, &[80.0, 102.0, 150.0]), ("smol", &[101.0, 101.0, 101.0])];
        let results = with(table("time-50", PROCESSOR, &rows));
        assert_eq!(verdicts(&results, "3 processor time")[2..4], [Verdict::Met, Verdict::NotMet]);
    }

    #[test]
    fn two_workers_are_ahead_only_if_ahead_of_each() {
        let of = |may: f64, go: &[f64]| {
            let rows: [(&str, &[f64]); 6] = [
                (RAW, &[10.0]),
                (OURS, &[11.0]),
                ("tokio-multi", &[12.0]),
                ("smol", &[13.0]),
                ("may", &[may]),
                (GO, go),
            ];
            verdicts(&with(table("two-50", PROCESSOR, &rows)), "3 two workers")[0]
        };
        assert_eq!(of(11.5, &[14.0]), Verdict::Met);
        assert_eq!(of(10.9, &[14.0]), Verdict::NotMet);
        assert_eq!(of(11.5, &[]), Verdict::Open, "one is missing");
        assert_eq!(of(10.9, &[]), Verdict::NotMet);
    }

    #[test]
    fn more_writes_than_wakeups_are_too_many() {
        let storm = |writes: &[f64]| {
            let mut row = Row::new(OURS, OURS);
            for (round, writes) in writes.iter().enumerate() {
                let values = [(WRITES.to_owned(), *writes), (WAKEUPS.to_owned(), 100.0)];
                row.add(round, vec![(values.into(), 0.0)]);
            }
            verdicts(&with(Table { name: "storm".to_owned(), rows: vec![row] }), "8 storm")
        };
        assert_eq!(storm(&[100.0, 99.0, 101.0]), [Verdict::Met]);
        assert_eq!(storm(&[100.0, 102.0, 100.0]), [Verdict::NotMet], "one round is enough");
        assert_eq!(storm(&[]), [Verdict::Open]);
    }

    #[test]
    fn a_stream_is_better_the_faster_it_is() {
        let results = Results {
            tables: vec![
                table("push", THROUGHPUT, &[("blocking", &[100.0]), (OURS, &[96.0])]),
                table("pull", THROUGHPUT, &[("blocking", &[100.0]), (OURS, &[97.0])]),
            ],
            ..Results::default()
        };
        assert_eq!(verdicts(&results, "9 streams"), [Verdict::NotMet, Verdict::Met]);
    }

    #[test]
    fn armed_deadlines_are_judged_only_by_runs_that_agree() {
        let verdict = |alone: &[f64], armed: &[f64]| {
            let row = |added| [("ours deadline-later", added)];
            let tables = vec![table("deadlines", ADDED, &row(alone)), table("armed", ADDED, &row(armed))];
            verdicts(&Results { tables, ..Results::default() }, "7 deadlines")[4]
        };
        let quiet = [10.0, 20.0, 30.0];
        assert_eq!(verdict(&quiet, &[50.0, 60.0, 70.0]), Verdict::Met);
        assert_eq!(verdict(&quiet, &[50.0, 61.0, 70.0]), Verdict::NotMet);
        assert_eq!(verdict(&quiet, &[-100.0, 15.0, 50.0]), Verdict::Open, "it may be anything");
        assert_eq!(verdict(&[-100.0, 20.0, 200.0], &[50.0, 60.0, 70.0]), Verdict::Open);
        assert_eq!(verdict(&[], &quiet), Verdict::Open);
    }

    #[test]
    fn a_difference_that_drowns_in_noise_is_open() {
        let verdict = |added: &[f64]| {
            let rows = table("deadlines", ADDED, &[("ours deadline-later", added)]);
            verdicts(&Results { tables: vec![rows], ..Results::default() }, "7 deadlines")[0]
        };
        assert_eq!(verdict(&[0.0, 10.0, 20.0, 30.0]), Verdict::Met);
        assert_eq!(verdict(&[-1000.0, 10.0, 20.0, 1030.0]), Verdict::Open);
    }
}
