//! One run of the load generator against a server, and what the kernel charged both with in the measured window.
//!
//! ```text
//!   generator   ├── connect, warm-up ──┤ measuring ├──── window ────┤ measured ├── close ──┤ {"requests": ...}
//!   harness                            └ read accounts              └ read accounts
//! ```
//!
//! In turns there are several windows, each with its own warm-up and signs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::accounting::{self, Machine, Usage};
use super::child::Child;
use super::noise;
use super::pin::Processors;

/// What the generator prints at its end. What a mode has no use for is absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    /// Requests answered within the window, or all windows.
    pub(crate) requests: u64,
    /// Those of each window, if there were several. What follows is of the last one.
    pub(crate) turns: Vec<u64>,
    /// How long the window was.
    pub(crate) seconds: f64,
    /// How long answers took.
    pub(crate) latency_us: Option<Latency>,
    /// Requests of the slowest connection, as a share of the median connection's.
    pub(crate) slowest_share: Option<f64>,
    /// Connections that failed, or brought back what was not sent.
    pub(crate) errors: u64,
    /// The first of them, in words.
    pub(crate) first_errors: Vec<String>,
    /// Processor time of the generator within the window.
    pub(crate) own_cpu_seconds: Option<f64>,
    /// Bytes of a stream.
    pub(crate) bytes: u64,
}

/// How long answers took, in microseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Latency {
    /// Half of them were quicker.
    pub(crate) p50: f64,
    /// Nine in ten were quicker.
    pub(crate) p90: f64,
    /// 99 in a hundred were quicker.
    pub(crate) p99: f64,
    /// 999 in a thousand were quicker.
    pub(crate) p999: f64,
    /// The slowest.
    pub(crate) max: f64,
}

/// What happened between `measuring` and `measured`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// What the server was charged with.
    pub(crate) server: Usage,
    /// How long it was by our clock.
    pub(crate) seconds: f64,
}

/// What a run of the generator came to.
#[derive(Debug)]
pub(crate) struct Played {
    /// What it says itself.
    pub(crate) report: Report,
    /// The windows that it announced.
    pub(crate) windows: Vec<Window>,
    /// The share of the processors in use that others had, from the begin of the first window to the end of the last: the
    /// kernel's count is too coarse for short ones.
    pub(crate) others: f64,
}

/// All accounts at one time.
#[derive(Clone, Copy)]
struct Snapshot {
    server: Usage,
    own: Duration,
    machine: Machine,
    at: Instant,
}

impl Snapshot {
    fn take(server: u32, others_of_ours: &[u32], processors: &[usize]) -> Result<Snapshot> {
        let usage = accounting::usage(server).context("the server is gone")?;
        let mut own = usage.processor;
        for pid in others_of_ours {
            own += accounting::usage(*pid)?.processor;
        }
        Ok(Snapshot { server: usage, own, machine: accounting::machine(processors)?, at: Instant::now() })
    }

    fn until(&self, after: &Snapshot) -> Window {
        Window { server: after.server - self.server, seconds: (after.at - self.at).as_secs_f64() }
    }

    fn others_until(&self, after: &Snapshot, processors: usize) -> f64 {
        noise::others(self.machine, after.machine, after.own - self.own, processors)
    }
}

/// The generator's command.
pub(crate) fn command(program: &Path, address: &str, arguments: &[(&str, String)]) -> Command {
    let mut command = Command::new(program);
    command.args(["--address", address]);
    for (flag, value) in arguments {
        command.args([*flag, value]);
    }
    command
}

/// How long a generator may take beside the time that it was asked to run for.
const GRACE: Duration = Duration::from_secs(30);

/// What is done at the edges of the window, beside reading accounts.
pub(crate) trait Edges {
    /// Before the accounts are read, as the window begins.
    fn begins(&mut self) -> Result<()> {
        Ok(())
    }
    /// As the window has ended, before the connections are closed for good.
    fn ends(&mut self, _server: u32) -> Result<()> {
        Ok(())
    }
}

/// Nothing.
impl Edges for () {}

/// Runs a generator to its end.
pub(crate) fn run(
    command: &mut Command,
    server: &mut Child,
    workers: usize,
    processors: &Processors,
    time: Duration,
    edges: &mut impl Edges,
) -> Result<Played> {
    let limit = Instant::now() + time + GRACE;
    let server_pid = server.pid();
    let mut generator = Child::start(command, processors.generator(workers))?;
    let ours = [generator.pid(), std::process::id()];
    let in_use = processors.in_use(workers);
    let (mut first, mut before, mut windows) = (None, None, vec![]);
    let mut others = 0.0;
    let report = loop {
        let line = generator.line(limit.saturating_duration_since(Instant::now()));
        // Why the server ended says more than that the generator noticed.
        server.still_runs()?;
        let line = line?;
        match line.trim() {
            "measuring" => {
                edges.begins()?;
                let now = Snapshot::take(server_pid, &ours, &in_use)?;
                first.get_or_insert(now);
                before = Some(now);
            }
            "measured" => {
                let after = Snapshot::take(server_pid, &ours, &in_use)?;
                edges.ends(server_pid)?;
                let before: Snapshot =
                    before.take().context("the generator said `measured` before `measuring`")?;
                windows.push(before.until(&after));
                others = first.map_or(0.0, |first| first.others_until(&after, in_use.len()));
            }
            json if json.starts_with('{') => break parse(json)?,
            other => bail!("the generator said {other:?}"),
        }
    };
    generator.rest(GRACE)?;
    server.still_runs()?;
    Ok(Played { report, windows, others })
}

/// Reads the report. Errors of connections make it none.
fn parse(json: &str) -> Result<Report> {
    let report: Report =
        serde_json::from_str(json).with_context(|| format!("the generator reported {json:?}"))?;
    if report.errors > 0 {
        let first = report.first_errors.first().map_or("not said why", String::as_str);
        bail!("{} connections failed: {first}", report.errors);
    }
    if report.requests == 0 && report.bytes == 0 {
        bail!("nothing was answered");
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let report = parse(
            r#"{"requests":100,"seconds":0.5,"latency_us":{"p50":1,"p90":2,"p99":3.5,"p999":4,"max":5},
            "slowest_share":0.9,"errors":0,"own_cpu_seconds":0.4,"new":1}"#,
        )
        .unwrap();
        assert_eq!((report.requests, report.latency_us.unwrap().p99), (100, 3.5));
        assert_eq!(parse(r#"{"bytes":7,"seconds":1}"#).unwrap().bytes, 7);
    }

    #[test]
    fn a_run_with_errors_is_no_sample() {
        assert_eq!(
            parse(r#"{"requests":9,"errors":2,"first_errors":["read","write"]}"#).unwrap_err().to_string(),
            "2 connections failed: read"
        );
        assert_eq!(parse(r#"{"requests":0}"#).unwrap_err().to_string(), "nothing was answered");
        assert!(parse("{}x").is_err());
    }

    /// Plays a generator: a shell that says what it is told to.
    fn played(script: &str, server: &str) -> Result<(Played, Usage)> {
        let processors = Processors::for_tests();
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let mut server = Child::start(&mut shell(server), processors.server(1))?;
        let played = run(&mut shell(script), &mut server, 1, &processors, Duration::ZERO, &mut ())?;
        Ok((played, accounting::usage(server.pid())?))
    }

    #[test]
    fn the_server_is_charged_within_the_window_alone() {
        let busy = "while :; do :; done";
        let script =
            r#"sleep 0.3; echo measuring; sleep 0.1; echo measured; sleep 0.3; echo '{"requests":5}'"#;
        let (played, whole) = played(script, busy).unwrap();
        let [window] = played.windows[..] else { panic!("one window") };
        let charged = window.server.processor;
        assert_eq!(played.report.requests, 5);
        // It does nothing but use its processor, before the window and after it too.
        assert!(Duration::ZERO < charged && charged < whole.processor, "{charged:?} of {whole:?}");
    }

    #[test]
    fn what_was_used_before_the_window_falls_out() {
        let ms = Duration::from_millis;
        let at = Instant::now();
        let snapshot = |used: u64, own: u64, busy: u64, at: Instant| Snapshot {
            server: Usage { processor: ms(used), voluntary: used, involuntary: 2 * used },
            own: ms(own),
            machine: Machine { busy: ms(busy), total: ms(2 * busy) },
            at,
        };
        let (before, after) = (snapshot(500, 600, 1000, at), snapshot(800, 1000, 2000, at + ms(250)));
        let window = before.until(&after);
        assert_eq!(window.server, Usage { processor: ms(300), voluntary: 300, involuntary: 600 });
        assert_eq!(window.seconds, 0.25);
        // Of a second that was busy 0.4 s were ours and 0.02 s are the grain; the two processors had two seconds.
        let others = before.others_until(&after, 2);
        assert!((others - 0.29).abs() < 1e-9, "{others}");
    }

    #[test]
    fn a_server_that_ends_is_named_as_the_cause() {
        let error = played("sleep 0.2; echo measuring; sleep 60", "echo full >&2; exit 7").unwrap_err();
        assert!(error.to_string().ends_with("exit status: 7: full"), "{error}");
    }

    #[test]
    fn words_out_of_turn_are_refused() {
        assert!(played("echo measured; sleep 60", "sleep 60").is_err());
        assert!(played("echo hello; sleep 60", "sleep 60").unwrap_err().to_string().contains("hello"));
    }
}
