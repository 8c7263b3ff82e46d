//! The rounds: every row once, then every row again, with progress on the terminal.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::columns::section;
use super::measure::Meter;
use super::noise::{LIMIT, Patience, disturbs};
use super::numbers::number;
use super::plan::Plan;
use super::results::{Results, Row, Table, Values};
use super::scenarios::{Cell, Scenario};

/// A run over all rounds.
pub(crate) struct Rounds<'a> {
    meter: &'a Meter,
    plan: &'a Plan,
    /// After this no sample is begun.
    end: Option<Instant>,
    patience: Patience,
    /// How long each scenario takes: guessed at first, then as it was in the last round.
    takes: Vec<Duration>,
    /// How often each row of each scenario failed.
    failed: Vec<Vec<usize>>,
}

/// After so many failures a row is not tried again.
const GIVE_UP: usize = 2;

impl<'a> Rounds<'a> {
    /// A run of a plan.
    pub(crate) fn new(meter: &'a Meter, plan: &'a Plan, end: Option<Instant>) -> Rounds<'a> {
        let failed = plan.scenarios.iter().map(|(_, cells)| vec![0; cells.len()]).collect();
        let takes = plan.scenarios.iter().map(|(scenario, cells)| {
            let samples = cells.len() * plan.laps(scenario.kind);
            meter.guess(scenario.kind) * u32::try_from(samples).unwrap_or(u32::MAX)
        });
        let takes = takes.collect();
        Rounds { meter, plan, end, patience: Patience::default(), takes, failed }
    }

    /// Runs to the end, or until time is up. Errors of single samples are noted and not returned.
    pub(crate) fn run(mut self, results: &mut Results) -> Result<()> {
        println!("`*`: other processes had more than {:.0} % of the processors in use", LIMIT * 100.0);
        results.tables = self.plan.scenarios.iter().map(|(scenario, cells)| table(scenario, cells)).collect();
        for round in 1..=self.plan.rounds {
            for number in 0..self.plan.scenarios.len() {
                if !self.plan.is_due(self.plan.scenarios[number].0.kind, round) {
                    continue;
                }
                let start = Instant::now();
                if !self.scenario(round, number, results) {
                    let name = self.plan.scenarios[number].0.name;
                    let why = format!("the time was up in round {round} of {}, at {name}", self.plan.rounds);
                    results.gap("the rest", why);
                    return Ok(());
                }
                self.takes[number] = start.elapsed();
                println!("  ({} left)", words(self.left(round, number)));
            }
            results.setting.finished = round;
        }
        Ok(())
    }

    /// One scenario's laps. False: time is up.
    fn scenario(&mut self, round: usize, number: usize, results: &mut Results) -> bool {
        let (scenario, _) = self.plan.scenarios[number];
        print!("round {round}/{}  {:<22}", self.plan.rounds, scenario.name);
        let _kept = self.meter.prepared(scenario.kind);
        let laps = self.plan.laps(scenario.kind);
        (1..=laps).all(|lap| self.lap((round - 1) * laps + lap, number, results))
    }

    /// One scenario's rows, once each. Another row begins in each lap, so that none is always the first. False: time is up.
    fn lap(&mut self, lap: usize, number: usize, results: &mut Results) -> bool {
        let (scenario, cells) = &self.plan.scenarios[number];
        for step in 0..cells.len() {
            let place = (step + lap - 1) % cells.len();
            if self.failed[number][place] >= GIVE_UP {
                continue;
            }
            if !self.in_time() {
                println!();
                return false;
            }
            let cell = &cells[place];
            print!("  {}", cell.label);
            match self.taken(scenario, cell) {
                Ok(taken) => results.tables[number].rows[place].add(lap, taken),
                Err(error) => {
                    print!(" failed");
                    self.failed[number][place] += 1;
                    results.gap(format!("{} in {}", cell.label, scenario.name), format!("{error:#}"));
                }
            }
        }
        true
    }

    fn in_time(&self) -> bool {
        self.end.is_none_or(|end| Instant::now() < end)
    }

    /// A sample, and those taken after it while others disturb.
    fn taken(&mut self, scenario: &Scenario, cell: &Cell) -> Result<Vec<(Values, f64)>> {
        let mut taken = vec![];
        loop {
            let (values, others) = self.meter.sample(scenario, cell)?;
            show(scenario, &values, others);
            taken.push((values, others));
            if !self.in_time() || !self.patience.again(others, taken.len() - 1) {
                return Ok(taken);
            }
        }
    }

    /// How long the rest will take, if it goes on like this.
    fn left(&self, round: usize, number: usize) -> Duration {
        let due = |round: usize, number: &usize| self.plan.is_due(self.plan.scenarios[*number].0.kind, round);
        let time = |round: usize, from: usize| -> Duration {
            (from..self.takes.len())
                .filter(|number| due(round, number))
                .map(|number| self.takes[number])
                .sum()
        };
        let later = (round + 1..=self.plan.rounds).map(|round| time(round, 0)).sum::<Duration>();
        let left = time(round, number + 1) + later;
        match self.end {
            Some(end) => left.min(end.saturating_duration_since(Instant::now())),
            None => left,
        }
    }
}

/// A time as one says it.
fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 90 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{seconds} s"),
    }
}

/// A table without samples.
fn table(scenario: &Scenario, cells: &[Cell]) -> Table {
    let rows = cells.iter().map(|cell| Row::new(&cell.label, &cell.against)).collect();
    Table { name: scenario.name.to_owned(), rows }
}

/// A sample's first value, with a mark if it was disturbed.
fn show(scenario: &Scenario, values: &Values, others: f64) {
    let first = section(scenario.kind).columns[0];
    let value = values.get(first.value).map_or("–".to_owned(), |value| number(value * first.scale));
    let mark = if disturbs(others) { "*" } else { "" };
    print!(" {value}{mark}");
    // What is shown is nothing that the measuring rests on.
    let _ = std::io::stdout().flush();
}
