//! One sample: a server is started, measured and ended. The code path is the same for every server.
//!
//! ```text
//!   start the server, pinned ─► its address ─► run the generator, pinned ─► values by name ─► end the server
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::accounting;
use super::build::{LOAD, Programs, without_tracing};
use super::callgrind;
use super::child::Child;
use super::load::{self, Edges, Played, Report, Window};
use super::perf::Counter;
use super::pin::{self, Processors};
use super::results::{CHURNED, GROWTH, INSTRUCTIONS, THROUGHPUT, Values};
use super::scenarios::{Cell, Direction, Kind, MARKED, PLAIN, Scenario, Traffic};
use super::values::{counted, in_turns, insert_share, timed};

/// How long a server may take to start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long a server may take to end.
const END_LIMIT: Duration = Duration::from_secs(20);

/// The buffer that each connection has at a server.
const BUFFER_BYTES: usize = 4096;

/// The buffer of a stream's server, which is also the generator's.
const STREAM_BUFFER: usize = 256 * 1024;

/// How long the generator runs against the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    /// Before the window.
    warmup: Duration,
    /// What is measured.
    pub(crate) window: Duration,
}

impl Run {
    const fn of_millis(warmup: u64, window: u64) -> Run {
        Run { warmup: Duration::from_millis(warmup), window: Duration::from_millis(window) }
    }

    fn whole(self) -> Duration {
        self.warmup + self.window
    }
}

/// How much is measured in one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lengths {
    /// One window.
    pub(crate) run: Run,
    /// One window of processor time, of which each round has several.
    pub(crate) lap: Run,
    /// Connections that come and go: until the heap has its size, and then so many that a page or twenty are nothing for each.
    pub(crate) churn: Run,
    /// The two numbers of requests under callgrind.
    pub(crate) requests: (u64, u64),
    /// Idle connections of the memory programs, and every how many of them memory is read.
    pub(crate) memory: (usize, usize),
    /// How often each thread of the storm breaks.
    pub(crate) breaks: usize,
}

impl Lengths {
    /// Long enough for medians that tell a hundredth.
    pub(crate) const FULL: Lengths = Lengths {
        run: Run::of_millis(300, 1500),
        lap: Run::of_millis(100, 400),
        churn: Run::of_millis(3000, 6000),
        requests: (2_000, 12_000),
        memory: (9_000, 1_000),
        breaks: 250_000,
    };

    /// For a first impression.
    pub(crate) const QUICK: Lengths = Lengths {
        run: Run::of_millis(50, 200),
        lap: Run::of_millis(50, 200),
        churn: Run::of_millis(300, 600),
        requests: (500, 3_000),
        memory: (2_000, 500),
        breaks: 50_000,
    };
}

/// All that a sample needs.
pub(crate) struct Meter {
    /// What was built.
    pub(crate) programs: Programs,
    /// Who runs where.
    pub(crate) processors: Processors,
    /// For files in passing.
    pub(crate) scratch: PathBuf,
    /// How much is measured.
    pub(crate) lengths: Lengths,
}

/// Reads the resident memory at the window's edges.
#[derive(Default)]
struct ResidentAtEdges {
    server: u32,
    before: u64,
    after: u64,
}

impl Edges for ResidentAtEdges {
    fn begins(&mut self) -> Result<()> {
        self.before = accounting::resident(self.server)?;
        Ok(())
    }

    fn ends(&mut self, server: u32) -> Result<()> {
        self.after = accounting::resident(server)?;
        Ok(())
    }
}

impl Edges for Counter {
    fn begins(&mut self) -> Result<()> {
        self.enable()
    }

    fn ends(&mut self, _server: u32) -> Result<()> {
        self.disable()
    }
}

impl Meter {
    /// Takes one sample: its values, and the share of the processors in use that others had meanwhile.
    pub(crate) fn sample(&self, scenario: &Scenario, cell: &Cell) -> Result<(Values, f64)> {
        let workers = scenario.workers;
        match scenario.kind {
            Kind::Time(traffic) => {
                let mut server = self.server(cell, workers, self.buffer(traffic), None)?;
                let (report, window, others) =
                    self.play(&mut server, workers, traffic, self.lengths.lap, &mut ())?;
                server.end()?;
                Ok((timed(&report, &window), others))
            }
            Kind::Deadlines(traffic) => {
                let mut server = self.server(cell, workers, self.buffer(traffic), None)?;
                let sample = self.charged(&mut server, cell, workers, traffic)?;
                server.end()?;
                Ok(sample)
            }
            Kind::Calls(traffic) => {
                let mut server = self.server(cell, workers, self.buffer(traffic), None)?;
                let generator = self.processors.generator(workers);
                let mut counter = Counter::attach(server.child.pid(), &self.scratch, generator)?;
                let run = self.lengths.run;
                let (report, _, others) = self.play(&mut server, workers, traffic, run, &mut counter)?;
                let calls = counter.finish()?;
                server.end()?;
                Ok((counted(&report, &calls), others))
            }
            Kind::Instructions(traffic) => {
                let (short, long) = self.lengths.requests;
                let values = callgrind::each(
                    (short, self.instructions(cell, workers, traffic, short)?),
                    (long, self.instructions(cell, workers, traffic, long)?),
                );
                // An instruction is one whoever else is busy.
                Ok((Values::from([(INSTRUCTIONS.to_owned(), values)]), 0.0))
            }
            Kind::Stream(direction) => self.stream(cell, workers, direction),
            Kind::Armed { busy, idle } => {
                let mut server = self.server(cell, workers, self.buffer(busy), None)?;
                let mut sleepers = self.sleepers(&server, cell, workers, idle)?;
                let sample = self.charged(&mut server, cell, workers, busy)?;
                // The end of its input is its sign to close the connections.
                drop(sleepers.input());
                sleepers.rest(END_LIMIT)?;
                server.end()?;
                Ok(sample)
            }
            Kind::Churn(traffic) => {
                let mut server = self.server(cell, workers, self.buffer(traffic), None)?;
                let mut edges = ResidentAtEdges { server: server.child.pid(), ..ResidentAtEdges::default() };
                let (traffic, run) = (traffic.marked(), self.lengths.churn);
                let (report, window, others) = self.play(&mut server, workers, traffic, run, &mut edges)?;
                server.end()?;
                let growth = edges.after as f64 - edges.before as f64;
                let mut values = timed(&report, &window);
                values.insert(GROWTH.to_owned(), growth / report.requests as f64);
                values.insert(CHURNED.to_owned(), report.requests as f64);
                Ok((values, others))
            }
            Kind::Memory => Ok((self.memory(cell)?, 0.0)),
            Kind::Storm => Ok((self.storm()?, 0.0)),
        }
    }

    /// Kept attached while a scenario's rows are measured: the first perf at a trace point costs the kernel 40 ms, and so
    /// does the last to leave; those between cost nothing. It is not kept for longer, for every process pays for it.
    pub(crate) fn prepared(&self, kind: Kind) -> Option<Counter> {
        let folder = self.scratch.join("kept");
        let attach = || -> Result<Counter> {
            std::fs::create_dir_all(&folder)?;
            Counter::attach(std::process::id(), &folder, self.processors.generator(1))
        };
        // Without it each sample does the same, and says what is wrong.
        matches!(kind, Kind::Calls(_)).then(|| attach().ok()).flatten()
    }

    /// About how long one sample takes, for the first estimate.
    pub(crate) fn guess(&self, kind: Kind) -> Duration {
        let start = Duration::from_millis(50);
        let played = self.lengths.run.whole() + start;
        // 320 turns, with two rests of 2 ms in each.
        let in_turns = 4 * self.lengths.run.whole() + Duration::from_millis(1300);
        match kind {
            Kind::Time(_) => self.lengths.lap.whole() + start,
            Kind::Stream(_) => played,
            Kind::Deadlines(_) => in_turns,
            Kind::Churn(_) => self.lengths.churn.whole(),
            Kind::Calls(_) => played + Duration::from_millis(300),
            Kind::Instructions(_) => Duration::from_secs(3),
            Kind::Armed { .. } => in_turns + Duration::from_secs(1),
            Kind::Memory | Kind::Storm => Duration::from_secs(2),
        }
    }

    /// A request that is longer than the usual buffer gets one of its own length, at every server.
    fn buffer(&self, traffic: Traffic) -> usize {
        traffic.size.max(BUFFER_BYTES)
    }

    /// Starts a server, perhaps under valgrind, and waits for its address.
    fn server(
        &self,
        cell: &Cell,
        workers: usize,
        buffer: usize,
        valgrind: Option<Command>,
    ) -> Result<Server> {
        let program = match cell.without_tracing {
            true => self.programs.path(&without_tracing(cell.peer.program))?,
            false => self.programs.path(cell.peer.program)?,
        };
        let (mut command, limit) = match valgrind {
            Some(mut valgrind) => {
                valgrind.arg(program);
                (valgrind, callgrind::START_LIMIT)
            }
            None => (Command::new(program), START_LIMIT),
        };
        command.arg("127.0.0.1:0").args(["--workers", &workers.to_string(), "--buffer", &buffer.to_string()]);
        command.args(["--mode", cell.mode]);
        let mut child = Child::start(&mut command, self.processors.server(workers))?;
        let line = child.line(limit)?;
        let address =
            line.strip_prefix("listening on ").with_context(|| format!("the server said {line:?}"))?;
        Ok(Server { address: address.trim().to_owned(), child })
    }

    /// What the kernel charged. Where there are deadlines, times without and with them take turns on the same connections: two
    /// processes differ by more than a deadline costs.
    fn charged(
        &self,
        server: &mut Server,
        cell: &Cell,
        workers: usize,
        traffic: Traffic,
    ) -> Result<(Values, f64)> {
        if !cell.has_deadlines() {
            let (report, window, others) = self.play(server, workers, traffic, self.lengths.run, &mut ())?;
            return Ok((timed(&report, &window), others));
        }
        // As long as four windows of the usual length, in turns that are short beside what disturbs them.
        let Run { warmup, window } = self.lengths.run;
        let turn = Run { warmup: warmup / 80, window: window / 80 };
        let played = self.play_windows(server, workers, traffic.in_turns(), turn, &mut ())?;
        Ok((in_turns(&played.report, &played.windows)?, played.others))
    }

    /// Runs the generator against the clock: what it says, the window, and the share that others had of the processors.
    fn play(
        &self,
        server: &mut Server,
        workers: usize,
        traffic: Traffic,
        run: Run,
        edges: &mut impl Edges,
    ) -> Result<(Report, Window, f64)> {
        let played = self.play_windows(server, workers, traffic, run, edges)?;
        match played.windows[..] {
            [window] => Ok((played.report, window, played.others)),
            _ => bail!("the generator announced {} windows", played.windows.len()),
        }
    }

    /// The same with as many windows as the traffic has turns.
    fn play_windows(
        &self,
        server: &mut Server,
        workers: usize,
        traffic: Traffic,
        run: Run,
        edges: &mut impl Edges,
    ) -> Result<Played> {
        let mut arguments = arguments(traffic);
        arguments.extend(clocked(run));
        let mut command = self.playing(server, traffic, &arguments)?;
        // Enough for all turns.
        let time = run.whole().max(4 * self.lengths.run.whole());
        load::run(&mut command, &mut server.child, workers, &self.processors, time, edges)
    }

    /// The generator's command for ping-pong.
    fn playing(
        &self,
        server: &Server,
        traffic: Traffic,
        arguments: &[(&'static str, String)],
    ) -> Result<Command> {
        let mut command = load::command(self.programs.path(LOAD)?, &server.address, arguments);
        if traffic.lockstep {
            command.arg("--lockstep");
        }
        Ok(command)
    }

    /// Counts the instructions of exactly so many requests.
    fn instructions(&self, cell: &Cell, workers: usize, traffic: Traffic, requests: u64) -> Result<u64> {
        let file = self.scratch.join("callgrind.out");
        self.under(callgrind::counting(&file), &file, cell, workers, traffic, requests)?;
        callgrind::instructions(&file)
    }

    /// The same with the call graph and every address. Gives the file.
    pub(crate) fn profile(
        &self,
        cell: &Cell,
        workers: usize,
        traffic: Traffic,
        requests: u64,
    ) -> Result<PathBuf> {
        let file = self.scratch.join("callgrind-graph.out");
        self.under(callgrind::telling_calls(&file), &file, cell, workers, traffic, requests)?;
        Ok(file)
    }

    /// Runs exactly so many requests against a server under valgrind, which leaves a file.
    fn under(
        &self,
        valgrind: Command,
        file: &Path,
        cell: &Cell,
        workers: usize,
        traffic: Traffic,
        requests: u64,
    ) -> Result<()> {
        if file.exists() {
            std::fs::remove_file(file)?;
        }
        let mut server = self.server(cell, workers, self.buffer(traffic), Some(valgrind))?;
        let mut arguments = arguments(if cell.has_deadlines() { traffic.marked() } else { traffic });
        arguments.push(("--requests", requests.to_string()));
        let mut command = self.playing(&server, traffic, &arguments)?;
        let time = Duration::from_secs(30);
        load::run(&mut command, &mut server.child, workers, &self.processors, time, &mut ())?;
        server.end()
    }

    /// Runs one stream.
    fn stream(&self, cell: &Cell, workers: usize, direction: Direction) -> Result<(Values, f64)> {
        let mut server = self.server(cell, workers, STREAM_BUFFER, None)?;
        let run = self.lengths.run;
        let mode = match direction {
            Direction::Push => "push",
            Direction::Pull => "pull",
        };
        let mut arguments = vec![("--mode", mode.to_owned())];
        arguments.extend(clocked(run));
        let mut command = load::command(self.programs.path(LOAD)?, &server.address, &arguments);
        let time = run.whole();
        let Played { report, others, .. } =
            load::run(&mut command, &mut server.child, workers, &self.processors, time, &mut ())?;
        server.end()?;
        if report.seconds <= 0.0 {
            bail!("the generator measured no time");
        }
        let mut values = Values::from([(THROUGHPUT.to_owned(), report.bytes as f64 / report.seconds)]);
        insert_share(&mut values, &report);
        Ok((values, others))
    }

    /// Opens connections that are used once and then rest.
    fn sleepers(&self, server: &Server, cell: &Cell, workers: usize, connections: usize) -> Result<Child> {
        let arguments = [
            ("--mode", "idle".to_owned()),
            ("--connections", connections.to_string()),
            ("--message", if cell.has_deadlines() { MARKED } else { PLAIN }.to_owned()),
        ];
        let mut command = load::command(self.programs.path(LOAD)?, &server.address, &arguments);
        let mut sleepers = Child::start(&mut command, self.processors.generator(workers))?;
        match sleepers.line(Duration::from_secs(60))?.trim() {
            "measuring" => Ok(sleepers),
            other => bail!("the generator of idle connections said {other:?}"),
        }
    }
}

/// A server that says where it listens.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn end(self) -> Result<()> {
        self.child.end(Signal::TERM, END_LIMIT)
    }
}

/// The generator's part of a run.
fn clocked(run: Run) -> [(&'static str, String); 2] {
    [("--warmup", run.warmup.as_secs_f64().to_string()), ("--seconds", run.window.as_secs_f64().to_string())]
}

/// The generator's part of a traffic.
fn arguments(traffic: Traffic) -> Vec<(&'static str, String)> {
    let mode = if traffic.short { "short" } else { "echo" };
    vec![
        ("--mode", mode.to_owned()),
        ("--connections", traffic.connections.to_string()),
        ("--size", traffic.size.to_string()),
        ("--message", traffic.message.to_owned()),
    ]
}

/// Lets the programs that are started have as many descriptors as this one may: thousands of connections need them.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .context("cannot raise the limit of open descriptors")
}

/// The program's own place: where the generator of one worker is, off that server's processor.
pub(crate) fn step_aside(processors: &Processors, work: impl FnOnce() -> Result<()>) -> Result<()> {
    pin::on(processors.generator(1), work)?
}
