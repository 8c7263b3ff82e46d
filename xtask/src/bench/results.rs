//! Everything that a run found out, as it is written to `results.json`.
//!
//! ```text
//!   Results ── Table (a scenario) ── Row (a server) ── Sample (a round) ── values by name
//! ```
//!
//! The values' names are the same for every server and scenario:

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::noise;
use super::statistics::{Summary, paired};

/// Processor time of the server a request, in nanoseconds.
pub(crate) const PROCESSOR: &str = "processor_ns";
/// What a deadline before each read adds to it, in nanoseconds: connections with and without took turns at one server.
pub(crate) const ADDED: &str = "added_ns";
/// Context switches of the server a request.
pub(crate) const SWITCHES: &str = "switches";
/// Requests answered a second.
pub(crate) const RATE: &str = "requests_per_second";
/// Half of the answers took less, in microseconds.
pub(crate) const P50: &str = "p50_us";
/// 99 in a hundred answers took less, in microseconds.
pub(crate) const P99: &str = "p99_us";
/// Requests of the slowest connection, as a share of the median connection's.
pub(crate) const SLOWEST: &str = "slowest_share";
/// Processors that the generator kept busy.
pub(crate) const GENERATOR: &str = "generator_processors";
/// System calls of the server a request.
pub(crate) const CALLS: &str = "calls";
/// System calls of one name a request: this prefix, then the name.
pub(crate) const CALL: &str = "call:";
/// Instructions in user space a request.
pub(crate) const INSTRUCTIONS: &str = "instructions";
/// Bytes a second of a stream.
pub(crate) const THROUGHPUT: &str = "bytes_per_second";
/// Allocated bytes that an idle connection adds, its buffer included.
pub(crate) const LIVE: &str = "live_bytes";
/// Resident bytes that an idle connection adds.
pub(crate) const RESIDENT: &str = "resident_bytes";
/// The buffer within them.
pub(crate) const BUFFER: &str = "buffer_bytes";
/// Growth of the resident memory by each connection that came and went, in bytes.
pub(crate) const GROWTH: &str = "growth_bytes";
/// Connections that came and went within the window.
pub(crate) const CHURNED: &str = "connections";

/// Writes to the poller's descriptor for each wake-up.
pub(crate) const WRITES_EACH: &str = "writes_per_wakeup";
/// Writes to the poller's descriptor.
pub(crate) const WRITES: &str = "writes";
/// Waits that a break ended.
pub(crate) const WAKEUPS: &str = "wakeups";
/// Calls of `netpollBreak`.
pub(crate) const BREAKS: &str = "breaks";

/// Values by name.
pub(crate) type Values = BTreeMap<String, f64>;

/// One run of one server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    /// In which round; where each has several laps these are counted on through all rounds.
    pub(crate) round: usize,
    /// The share of the processors in use that other processes had meanwhile.
    pub(crate) others: f64,
    /// Whether this is the sample that counts: a disturbed one is taken again, and the least disturbed one counts.
    pub(crate) counts: bool,
    /// What was measured.
    pub(crate) values: Values,
}

/// One server in one mode.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The row's name.
    pub(crate) label: String,
    /// The row that it is paired with.
    pub(crate) against: String,
    /// Every run, those that were taken again included.
    pub(crate) samples: Vec<Sample>,
    /// Median and quartiles of each value, made as the file is written.
    pub(crate) summary: BTreeMap<String, Summary>,
    /// Median and quartiles of each value's ratio to the row `against`, paired by round.
    pub(crate) ratio: BTreeMap<String, Summary>,
}

/// One scenario.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Table {
    /// What it is called on the command line.
    pub(crate) name: String,
    /// Its rows, in the order of the report.
    pub(crate) rows: Vec<Row>,
}

/// A piece measured by criterion, or by Go's own benchmarks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Piece {
    /// Its name.
    pub(crate) name: String,
    /// Nanoseconds each time, over several samples.
    pub(crate) nanoseconds: Summary,
    /// The share of the processor that other processes had while its group ran.
    pub(crate) others: f64,
    /// Whether its group was run twice.
    pub(crate) taken_again: bool,
}

impl Piece {
    /// A piece as it was measured, whoever else was busy.
    pub(crate) fn new(name: String, nanoseconds: Summary) -> Piece {
        Piece { name, nanoseconds, others: 0.0, taken_again: false }
    }

    /// Whether others disturbed it.
    pub(crate) fn is_disturbed(&self) -> bool {
        noise::disturbs(self.others)
    }
}

/// What could not be measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Gap {
    /// What.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: String,
}

/// The machine, and what was built how.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Setting {
    /// When the run began, in the machine's own time zone.
    pub(crate) date: String,
    /// The state of the checkout.
    pub(crate) revision: String,
    /// Names and values of the machine: processor, kernel, compilers.
    pub(crate) machine: Vec<(String, String)>,
    /// Versions of the peers.
    pub(crate) versions: BTreeMap<String, String>,
    /// Which processor did what.
    pub(crate) pinned: String,
    /// The scenarios in which ours was to be measured, by their names: the goals are of these.
    pub(crate) ours: BTreeSet<String>,
    /// How many rounds were asked for.
    pub(crate) rounds: usize,
    /// How many rounds were finished.
    pub(crate) finished: usize,
    /// Seconds in a window.
    pub(crate) window_seconds: f64,
    /// Seconds in a window of processor time, of which there may be several in a round.
    pub(crate) lap_seconds: f64,
    /// Whether this was `--quick`.
    pub(crate) quick: bool,
    /// How long it all took.
    pub(crate) took_seconds: f64,
}

/// A whole run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Results {
    /// Where and how.
    pub(crate) setting: Setting,
    /// Each scenario.
    pub(crate) tables: Vec<Table>,
    /// Pieces of ours and of the peers.
    pub(crate) pieces: Vec<Piece>,
    /// What is missing.
    pub(crate) gaps: Vec<Gap>,
}

impl Row {
    /// A row without samples.
    pub(crate) fn new(label: &str, against: &str) -> Row {
        Row {
            label: label.to_owned(),
            against: against.to_owned(),
            samples: vec![],
            summary: BTreeMap::new(),
            ratio: BTreeMap::new(),
        }
    }

    /// Takes in the samples of one round: the first and those taken again. The least disturbed one counts.
    pub(crate) fn add(&mut self, round: usize, taken: Vec<(Values, f64)>) {
        let best = taken.iter().map(|(_, others)| *others).min_by(f64::total_cmp);
        let mut chosen = false;
        for (values, others) in taken {
            let counts = !chosen && Some(others) == best;
            chosen |= counts;
            self.samples.push(Sample { round, others, counts, values });
        }
    }

    /// One value of each round.
    pub(crate) fn by_round(&self, value: &str) -> BTreeMap<usize, f64> {
        let counting = self.samples.iter().filter(|sample| sample.counts);
        counting.filter_map(|sample| Some((sample.round, *sample.values.get(value)?))).collect()
    }

    /// Median and quartiles of a value.
    pub(crate) fn summary(&self, value: &str) -> Option<Summary> {
        Summary::of(self.by_round(value).into_values())
    }

    /// How many rounds count although others disturbed them.
    pub(crate) fn disturbed(&self) -> usize {
        self.samples.iter().filter(|sample| sample.counts && noise::disturbs(sample.others)).count()
    }

    /// How many samples were taken again.
    pub(crate) fn taken_again(&self) -> usize {
        self.samples.iter().filter(|sample| !sample.counts).count()
    }

    /// How many rounds there are.
    pub(crate) fn rounds(&self) -> usize {
        self.samples.iter().filter(|sample| sample.counts).count()
    }

    fn values(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.samples.iter().flat_map(|sample| sample.values.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Table {
    /// The row of that name.
    pub(crate) fn row(&self, label: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.label == label)
    }

    /// A row's value as a ratio to its counterpart's, round by round.
    pub(crate) fn ratio(&self, row: &Row, value: &str) -> Option<Summary> {
        let against = self.row(&row.against)?;
        Summary::of(
            paired(&row.by_round(value), &against.by_round(value), |a, b| a / b)
                .into_iter()
                .filter(|ratio| ratio.is_finite()),
        )
    }

    /// What a deadline adds to a row: as was measured at one server, or else its value less its counterpart's.
    pub(crate) fn added(&self, row: &Row, value: &str) -> Option<Summary> {
        row.summary(ADDED).or_else(|| self.difference(row, value))
    }

    /// A row's value less its counterpart's, round by round.
    pub(crate) fn difference(&self, row: &Row, value: &str) -> Option<Summary> {
        let against = self.row(&row.against)?;
        Summary::of(paired(&row.by_round(value), &against.by_round(value), |a, b| a - b))
    }
}

impl Results {
    /// The scenario of that name.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// How many samples count, and how many of them others disturbed.
    pub(crate) fn trust(&self) -> (usize, usize) {
        let rows = || self.tables.iter().flat_map(|table| &table.rows);
        (rows().map(Row::rounds).sum(), rows().map(Row::disturbed).sum())
    }

    /// Notes that something was not measured. Said once.
    pub(crate) fn gap(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let gap = Gap { what: what.into(), why: why.into() };
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Makes the summaries that the file states beside the samples.
    pub(crate) fn sum_up(&mut self) {
        for table in &mut self.tables {
            let whole = table.clone();
            for row in &mut table.rows {
                for value in row.values() {
                    row.summary.extend(row.summary(&value).map(|summary| (value.clone(), summary)));
                    row.ratio.extend(whole.ratio(row, &value).map(|ratio| (value.clone(), ratio)));
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A table of rows with one value each round, all paired with the first row.
    pub(crate) fn table(name: &str, value: &str, rows: &[(&str, &[f64])]) -> Table {
        let against = rows[0].0;
        let rows = rows.iter().map(|(label, numbers)| {
            let mut row = Row::new(label, against);
            for (round, number) in numbers.iter().enumerate() {
                row.add(round + 1, vec![(Values::from([(value.to_owned(), *number)]), 0.0)]);
            }
            row
        });
        Table { name: name.to_owned(), rows: rows.collect() }
    }

    #[test]
    fn the_least_disturbed_sample_of_a_round_counts() {
        let mut row = Row::new("ours", "raw");
        let sample = |number: f64, others: f64| (Values::from([("v".to_owned(), number)]), others);
        row.add(1, vec![sample(9.0, 0.5), sample(5.0, 0.1), sample(7.0, 0.3)]);
        row.add(2, vec![sample(6.0, 0.0)]);
        assert_eq!(row.by_round("v"), BTreeMap::from([(1, 5.0), (2, 6.0)]));
        assert_eq!((row.taken_again(), row.disturbed()), (2, 1));
        assert_eq!(row.samples.len(), 4, "none is thrown away");
    }

    #[test]
    fn ratios_and_differences_are_paired() {
        let table = table("t", "v", &[("raw", &[1.0, 2.0, 4.0]), ("ours", &[2.0, 2.0, 6.0])]);
        let ours = table.row("ours").unwrap();
        assert_eq!(table.ratio(ours, "v").unwrap().median, 1.5);
        assert_eq!(table.difference(ours, "v").unwrap().median, 1.0);
        assert_eq!(table.ratio(ours, "w"), None);
    }

    #[test]
    fn the_file_has_samples_and_summaries() {
        let mut results = Results::default();
        results.tables.push(table("t", "v", &[("raw", &[0.0]), ("ours", &[2.0])]));
        results.gap("go", "no pip");
        results.gap("go", "no pip");
        results.sum_up();
        assert_eq!(results.gaps.len(), 1);
        let row = &results.tables[0].rows[1];
        assert_eq!(row.summary["v"].median, 2.0);
        assert!(row.ratio.is_empty(), "nothing is divided by nought");
        serde_json::to_string(&results).unwrap();
    }
}
