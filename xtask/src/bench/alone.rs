//! Programs that measure themselves and print JSON: idle connections, and the storm of breaks.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::build::{STORM, memory_program};
use super::child::Child;
use super::measure::Meter;
use super::results::{BREAKS, BUFFER, LIVE, RESIDENT, Values, WAKEUPS, WRITES, WRITES_EACH};
use super::scenarios::{Cell, READABLE};
use super::statistics::slope;

/// How long a program that measures itself may take.
const ALONE_LIMIT: Duration = Duration::from_secs(120);

impl Meter {
    /// Runs a memory program and draws the line through its points.
    pub(super) fn memory(&self, cell: &Cell) -> Result<Values> {
        let name = memory_program(cell.peer.name);
        let (connections, step) = self.lengths.memory;
        let mut command = Command::new(self.programs.path(&name)?);
        command.args(["--connections", &connections.to_string(), "--step", &step.to_string()]);
        if cell.mode == READABLE {
            command.arg("--readable");
        }
        held(self.told(&mut command)?)
    }

    /// Runs the storm of breaks.
    pub(super) fn storm(&self) -> Result<Values> {
        let mut command = Command::new(self.programs.path(STORM)?);
        command.args(["--threads", "4", "--breaks", &self.lengths.breaks.to_string()]);
        let Stormed { breaks, writes, wakeups } = self.told(&mut command)?;
        Ok(Values::from([
            (BREAKS.to_owned(), breaks),
            (WRITES.to_owned(), writes),
            (WAKEUPS.to_owned(), wakeups),
            (WRITES_EACH.to_owned(), writes / wakeups),
        ]))
    }

    /// Runs a program that measures itself, on all processors, and reads the JSON that it prints.
    fn told<T: DeserializeOwned>(&self, command: &mut Command) -> Result<T> {
        let program = Child::start(command, self.processors.all())?;
        let lines = program.rest(ALONE_LIMIT)?;
        let json = lines.iter().find(|line| line.starts_with('{')).context("it printed no result")?;
        serde_json::from_str(json).with_context(|| format!("it printed {json:?}"))
    }
}

/// What the storm's program prints.
#[derive(Deserialize)]
struct Stormed {
    breaks: f64,
    writes: f64,
    wakeups: f64,
}

/// What a memory program prints.
#[derive(Deserialize)]
struct Held {
    points: Vec<Point>,
    #[serde(alias = "buffer_size", alias = "buffer_bytes")]
    buffer: f64,
}

/// Memory while so many connections are open and idle.
#[derive(Deserialize)]
struct Point {
    connections: f64,
    live_bytes: f64,
    rss_bytes: f64,
}

/// The slopes of the lines through the points: ours, not the program's own.
fn held(held: Held) -> Result<Values> {
    let line = |bytes: fn(&Point) -> f64| {
        let points: Vec<_> = held.points.iter().map(|point| (point.connections, bytes(point))).collect();
        slope(&points).with_context(|| format!("{} points make no line", points.len()))
    };
    Ok(Values::from([
        (LIVE.to_owned(), line(|point| point.live_bytes)?),
        (RESIDENT.to_owned(), line(|point| point.rss_bytes)?),
        (BUFFER.to_owned(), held.buffer),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_the_slope_and_what_was_there_before_falls_out() {
        let json = r#"{"points":[{"connections":1000,"live_bytes":5000000,"rss_bytes":9000000},
            {"connections":2000,"live_bytes":9400000,"rss_bytes":14000000}],"slope_live":1,"buffer":4096}"#;
        let values = held(serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!((values[LIVE], values[RESIDENT], values[BUFFER]), (4400.0, 5000.0, 4096.0));
        let one = r#"{"points":[{"connections":1000,"live_bytes":5,"rss_bytes":9}],"buffer":4096}"#;
        assert!(held(serde_json::from_str(one).unwrap()).is_err());
    }
}
