//! The points and the slopes through them.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;

use crate::Counting;

/// How often memory is looked at until it no longer changes, and how long between two looks.
const LOOKS: usize = 100;
const BETWEEN: Duration = Duration::from_millis(50);

/// What there is with so many connections.
#[derive(Serialize, Clone, Copy, Debug)]
pub struct Point {
    /// How many connections there are, each used once and idle.
    pub connections: usize,
    /// The bytes that the allocator was asked for and has not got back.
    pub live_bytes: usize,
    /// The same as the C library rounds them.
    pub rounded_bytes: usize,
    /// What the process occupies.
    pub rss_bytes: usize,
}

impl Point {
    /// What there is once nothing changes any more.
    ///
    /// # Errors
    /// If something goes on changing, or the kernel does not say what there is.
    pub(crate) fn settled(connections: usize) -> anyhow::Result<Point> {
        let mut before = Point::now(connections)?;
        for _ in 0..LOOKS {
            std::thread::sleep(BETWEEN);
            let point = Point::now(connections)?;
            if (point.live_bytes, point.rss_bytes) == (before.live_bytes, before.rss_bytes) {
                return Ok(point);
            }
            before = point;
        }
        anyhow::bail!("memory goes on changing with {connections} idle connections")
    }

    fn now(connections: usize) -> anyhow::Result<Point> {
        let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
        Ok(Point {
            connections,
            live_bytes: Counting::asked(),
            rounded_bytes: Counting::rounded(),
            rss_bytes: resident(&status)?,
        })
    }
}

/// The line `VmRSS`, in bytes.
fn resident(status: &str) -> anyhow::Result<usize> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let mut words = line.split_whitespace();
    let kibibytes: usize = words.next().context("no number after VmRSS")?.parse()?;
    ensure!(words.next() == Some("kB"), "VmRSS is not in kB: {line}");
    Ok(kibibytes * 1024)
}

/// One run, as JSON.
#[derive(Serialize, Debug)]
pub struct Report {
    name: &'static str,
    /// Whether the connections hold no buffer while they are idle.
    readable: bool,
    /// The buffer that each connection holds otherwise, in bytes.
    buffer: usize,
    points: Vec<Point>,
    /// Bytes a connection, by what the allocator was asked for.
    slope_live: f64,
    /// Bytes a connection, as the C library rounds.
    slope_rounded: f64,
    /// Bytes a connection, by what the process occupies.
    slope_rss: f64,
}

impl Report {
    pub(crate) fn new(name: &'static str, readable: bool, buffer: usize, points: Vec<Point>) -> Report {
        let slope_of = |bytes: fn(&Point) -> usize| {
            slope(points.iter().map(|point| (point.connections as f64, bytes(point) as f64)))
        };
        Report {
            name,
            readable,
            buffer,
            slope_live: slope_of(|point| point.live_bytes),
            slope_rounded: slope_of(|point| point.rounded_bytes),
            slope_rss: slope_of(|point| point.rss_bytes),
            points,
        }
    }
}

/// The slope of the line with the least squares, of at least two points with different x.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let count = points.clone().count() as f64;
    let mean = |of: fn((f64, f64)) -> f64| points.clone().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let along: f64 = points.clone().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let squares: f64 = points.map(|point| (point.0 - x).powi(2)).sum();
    along / squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_whatever_it_begins_with() {
        let line = [(1.0, 107.0), (2.0, 109.0), (3.0, 111.0), (10.0, 125.0)];
        assert!((slope(line.into_iter()) - 2.0).abs() < 1e-9);
        let noisy = [(0.0, 0.0), (1.0, 3.0), (2.0, 3.0)];
        assert!((slope(noisy.into_iter()) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn the_resident_size_is_read_in_bytes() {
        assert_eq!(resident("VmPeak:\t 1 kB\nVmRSS:\t    5184 kB\n").expect("there"), 5184 * 1024);
        assert!(resident("VmPeak:\t 1 kB\n").is_err());
        assert!(resident("VmRSS:\t 1 MB\n").is_err());
    }
}
