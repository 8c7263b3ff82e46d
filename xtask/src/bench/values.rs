//! What a run comes to, as values by name.

use anyhow::{Context, Result, bail};

use super::load::{Report, Window};
use super::perf::Calls;
use super::results::{ADDED, CALL, CALLS, GENERATOR, P50, P99, PROCESSOR, RATE, SLOWEST, SWITCHES, Values};
use super::statistics::Summary;

/// The values of turns by fours: with deadlines, without, without, with. Processor time is the median over the fours, and so is
/// what a deadline adds.
pub(crate) fn in_turns(report: &Report, windows: &[Window]) -> Result<Values> {
    let (turns, fours) = (&report.turns, windows.len() / 4);
    if turns.len() != windows.len() || fours * 4 != windows.len() {
        bail!("turns come by fours, and there were {} of {}", turns.len(), windows.len());
    }
    let (mut with, mut added) = (vec![], vec![]);
    for four in 0..fours {
        let [first, second, third, last] = [0, 1, 2, 3].map(|turn| {
            let turn = 4 * four + turn;
            windows[turn].server.processor.as_nanos() as f64 / turns[turn] as f64
        });
        with.push(first.midpoint(last));
        added.push(first.midpoint(last) - second.midpoint(third));
    }
    let median = |values| Summary::of(values).map(|summary| summary.median).context("there were no turns");
    Ok(Values::from([(PROCESSOR.to_owned(), median(with)?), (ADDED.to_owned(), median(added)?)]))
}

/// The values of a run against the clock.
pub(crate) fn timed(report: &Report, window: &Window) -> Values {
    let requests = report.requests as f64;
    let switches = window.server.voluntary + window.server.involuntary;
    let mut values = Values::from([
        (PROCESSOR.to_owned(), window.server.processor.as_nanos() as f64 / requests),
        (SWITCHES.to_owned(), switches as f64 / requests),
        (RATE.to_owned(), requests / window.seconds),
    ]);
    if let Some(latency) = report.latency_us {
        values.insert(P50.to_owned(), latency.p50);
        values.insert("p90_us".to_owned(), latency.p90);
        values.insert(P99.to_owned(), latency.p99);
        values.insert("p999_us".to_owned(), latency.p999);
        values.insert("max_us".to_owned(), latency.max);
    }
    values.extend(report.slowest_share.map(|share| (SLOWEST.to_owned(), share)));
    insert_share(&mut values, report);
    values
}

/// How busy the generator itself was.
pub(crate) fn insert_share(values: &mut Values, report: &Report) {
    if let Some(own) = report.own_cpu_seconds
        && report.seconds > 0.0
    {
        values.insert(GENERATOR.to_owned(), own / report.seconds);
    }
}

/// The values of a run under perf.
pub(crate) fn counted(report: &Report, calls: &Calls) -> Values {
    let each = |count: u64| count as f64 / report.requests as f64;
    let mut values = Values::from([(CALLS.to_owned(), each(calls.total))]);
    for (name, count) in &calls.by_name {
        values.insert(format!("{CALL}{name}"), each(*count));
    }
    values.insert(format!("{CALL}other"), each(calls.other()));
    values
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::accounting::Usage;
    use crate::bench::load::Latency;

    #[test]
    fn what_was_charged_is_shared_among_the_requests() {
        let latency = Latency { p50: 1.0, p90: 2.0, p99: 3.0, p999: 4.0, max: 5.0 };
        let report = Report {
            requests: 1000,
            seconds: 0.5,
            latency_us: Some(latency),
            slowest_share: Some(0.75),
            own_cpu_seconds: Some(0.25),
            ..Report::default()
        };
        let server = Usage { processor: Duration::from_millis(5), voluntary: 400, involuntary: 100 };
        let values = timed(&report, &Window { server, seconds: 0.5 });
        assert_eq!(values[PROCESSOR], 5000.0);
        assert_eq!(values[SWITCHES], 0.5);
        assert_eq!(values[RATE], 2000.0);
        assert_eq!((values[P50], values[P99], values[SLOWEST]), (1.0, 3.0, 0.75));
        assert_eq!(values[GENERATOR], 0.5);
    }

    #[test]
    fn what_a_deadline_adds_is_free_of_what_changes_slowly() {
        // Each turn is slower than the one before by 10 ns a request, and a deadline costs 25; but for three turns of another
        // speed.
        let costs = [125, 110, 120, 155, 165, 150, 160, 195, 905, 190, 20, 935];
        let windows = costs.map(|cost| Window {
            server: Usage { processor: Duration::from_nanos(1000 * cost), voluntary: 0, involuntary: 0 },
            seconds: 0.5,
        });
        let report = Report { requests: 12_000, turns: vec![1000; 12], seconds: 0.5, ..Report::default() };
        let values = in_turns(&report, &windows).unwrap();
        assert_eq!((values[PROCESSOR], values[ADDED]), (180.0, 25.0));
    }

    #[test]
    fn turns_that_are_not_all_there_tell_nothing() {
        let usage = Usage { processor: Duration::from_micros(1), voluntary: 0, involuntary: 0 };
        let windows = [Window { server: usage, seconds: 0.5 }; 4];
        for turns in [0, 3] {
            let report = Report { turns: vec![1000; turns], ..Report::default() };
            assert!(in_turns(&report, &windows).is_err());
            assert!(in_turns(&report, &windows[..turns]).is_err());
        }
    }

    #[test]
    fn calls_are_stated_a_request_and_by_name() {
        let report = Report { requests: 1000, ..Report::default() };
        let calls =
            Calls { total: 3001, by_name: vec![("read".to_owned(), 2000), ("write".to_owned(), 1000)] };
        let values = counted(&report, &calls);
        assert_eq!((values[CALLS], values["call:read"], values["call:other"]), (3.001, 2.0, 0.001));
    }
}
