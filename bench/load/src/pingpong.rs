//! Messages there and back: on connections that stay (`echo`), or on a new one for each (`short`).
//!
//! ```text
//!           ┌──────────── all of it has come back and was right ───────────┐
//!           ▼                                                              │
//!   begin ──► send what the socket takes ──► wait ──► receive and compare ─┘
//!     ▲                                                    │
//!     └── short: close, connect again                      └── an error: the connection is over
//! ```
//!
//! The sockets are edge-triggered: a receive that came short is the last.

mod client;

use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use hdrhistogram::Histogram;
use return_stack::after;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::{Errno, read};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use crate::pattern::Pattern;
use crate::report::{Errors, Latency, Report, slowest_share};
use crate::window::{Phase, Window};
use crate::{Mode, Options};
use client::{Client, Progress};

/// How many events one wait fetches at most.
const EVENTS: usize = 1024;

/// How much one receive takes at most.
const RECEIVE: usize = 256 << 10;

/// The clock's events.
const TICK: u64 = u64::MAX;

/// How often the clock is looked at while nothing comes back.
const TICK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// With `--lockstep`, how long nothing is sent after a sign: whoever reads accounts has them of a server that rests.
const REST: Duration = Duration::from_millis(2);

/// After so many failed connections no more are opened.
const ENOUGH: u64 = 100;

/// Runs the load.
///
/// # Errors
/// If a connection that is to stay cannot be opened, or the kernel refuses what the generator itself needs.
pub fn run(options: &Options, signs: &mut dyn Write) -> anyhow::Result<Report> {
    return_stack::look();
    let window = Window::new(signs, options.length()?, options.warmup);
    let mut load = Load::new(options, window)?;
    load.open()?;
    for marked in options.message.turns() {
        load.pattern = Pattern::new(options.size, *marked);
        load.window.restart();
        load.run()?;
        load.turns.push(load.done);
    }
    Ok(load.report())
}

struct Load<'a> {
    options: &'a Options,
    window: Window<'a>,
    pattern: Pattern,
    epoll: OwnedFd,
    clock: OwnedFd,
    clients: Vec<Client>,
    received: Box<[u8]>,
    latencies: Histogram<u64>,
    errors: Errors,
    /// Connections opened so far.
    opened: usize,
    /// Messages that have been begun and not ended.
    under_way: u64,
    /// Messages of the window.
    done: u64,
    /// Of each window that is over.
    turns: Vec<u64>,
    /// When something last came back whole.
    progress: Instant,
}

impl<'a> Load<'a> {
    fn new(options: &'a Options, window: Window<'a>) -> anyhow::Result<Load<'a>> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll")?;
        let clock = rustix::time::timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )
        .context("a timer")?;
        let every = Itimerspec { it_interval: TICK_EVERY, it_value: TICK_EVERY };
        rustix::time::timerfd_settime(&clock, TimerfdTimerFlags::empty(), &every).context("the timer")?;
        epoll::add(&epoll, &clock, EventData::new_u64(TICK), EventFlags::IN).context("epoll")?;
        let minute = Duration::from_secs(60).as_nanos() as u64;
        Ok(Load {
            options,
            window,
            pattern: Pattern::new(options.size, false),
            epoll,
            clock,
            clients: Vec::with_capacity(options.connections),
            received: vec![0; RECEIVE].into(),
            latencies: Histogram::new_with_bounds(1, minute, 3).context("a histogram")?,
            errors: Errors::default(),
            opened: 0,
            under_way: 0,
            done: 0,
            turns: Vec::new(),
            progress: Instant::now(),
        })
    }

    /// Opens the connections that stay.
    fn open(&mut self) -> anyhow::Result<()> {
        for index in 0..self.options.connections {
            let mut client = Client::new(index);
            if self.options.mode == Mode::Echo {
                client
                    .connect_now(self.options.address, self.opened, &self.epoll)
                    .with_context(|| format!("connection {index}"))?;
                self.opened += 1;
            }
            self.clients.push(client);
        }
        Ok(())
    }

    fn run(&mut self) -> anyhow::Result<()> {
        let mut events = [MaybeUninit::uninit(); EVENTS];
        // What is on its way when the window ends is waited for, so that each connection can be closed in order.
        while self.under_way > 0 || self.window.phase() != Phase::Over {
            if self.under_way == 0 {
                // It begins, or a step is done; or else every connection is over, and the number cannot be reached any more.
                self.between_steps()?;
                self.begin_all();
                if self.under_way == 0 {
                    self.window.end()?;
                    break;
                }
            }
            let ready: &[Event] = match after(|| epoll::wait(&self.epoll, &mut events, None)) {
                Ok((ready, _)) => ready,
                Err(Errno::INTR) => &[],
                Err(error) => return Err(error).context("epoll"),
            };
            for event in ready {
                match event.data.u64() {
                    TICK => self.clock_ticked()?,
                    index => self.serve(index as usize, event.flags)?,
                }
            }
        }
        Ok(())
    }

    /// What the clock is for: a window that ends while nothing comes back, and a server that is silent.
    #[cold]
    fn clock_ticked(&mut self) -> anyhow::Result<()> {
        let mut ticks = [0; 8];
        match read(&self.clock, &mut ticks) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error).context("the timer"),
        }
        let now = Instant::now();
        self.tick_under_way(now)?;
        let silent = now.saturating_duration_since(self.progress);
        if silent > self.options.patience {
            for index in 0..self.clients.len() {
                if let Some(missing) = self.clients[index].missing(self.options.size) {
                    self.end(
                        index,
                        &anyhow!("nothing came for {silent:.1?}, and {missing} bytes are missing"),
                    );
                }
            }
            self.window.end()?;
        }
        Ok(())
    }

    /// Nothing is under way: with lockstep the window begins and ends here alone.
    fn between_steps(&mut self) -> anyhow::Result<()> {
        let phase = self.window.phase();
        self.tick(Instant::now())?;
        if self.options.lockstep && self.window.phase() != phase {
            thread::sleep(REST);
            self.window.rested();
        }
        Ok(())
    }

    #[inline]
    fn tick_under_way(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.options.lockstep { Ok(()) } else { self.tick(now) }
    }

    #[inline]
    fn tick(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.window.tick(now, self.done)? && self.window.phase() == Phase::Measuring {
            self.done = 0;
            self.latencies.reset();
            self.clients.iter_mut().for_each(|client| client.done = 0);
            // Nothing is to be measured.
            self.window.tick(now, self.done)?;
        }
        Ok(())
    }

    fn begin_all(&mut self) {
        for index in 0..self.clients.len() {
            let reopened = self.options.mode == Mode::Short && self.errors.count < ENOUGH;
            if self.clients[index].is_open() || reopened {
                self.begin(index, Instant::now());
            }
        }
    }

    /// Begins the next message of a connection, if there is to be one.
    #[inline]
    fn begin(&mut self, index: usize, now: Instant) {
        if !self.window.room(self.done, self.under_way) {
            return;
        }
        self.under_way += 1;
        let client = &mut self.clients[index];
        client.begin(now);
        let begun = if self.options.mode == Mode::Short {
            self.opened += 1;
            client.connect(self.options.address, self.opened, &self.epoll)
        } else {
            Ok(())
        };
        if let Err(error) = begun.and_then(|()| client.send(&self.pattern)) {
            self.failed(index, &error);
        }
    }

    #[inline]
    fn serve(&mut self, index: usize, flags: EventFlags) -> anyhow::Result<()> {
        loop {
            let client = &mut self.clients[index];
            match client.go_on(&self.pattern, &mut self.received, flags) {
                Ok(Progress::Waits) => return Ok(()),
                Ok(Progress::Whole) => {
                    let now = Instant::now();
                    self.completed(index, now)?;
                    if !self.options.lockstep {
                        self.begin(index, now);
                    }
                    // A short receive was the last, and a new socket tells of itself.
                    if self.options.mode == Mode::Short || !flags.intersects(client::MORE) {
                        return Ok(());
                    }
                }
                Err(error) => {
                    self.failed(index, &error);
                    return Ok(());
                }
            }
        }
    }

    #[inline]
    fn completed(&mut self, index: usize, now: Instant) -> anyhow::Result<()> {
        self.under_way -= 1;
        self.progress = now;
        let client = &mut self.clients[index];
        let took = client.complete(now);
        if self.options.mode == Mode::Short {
            client.close();
        }
        if self.window.phase() == Phase::Measuring {
            client.done += 1;
            self.done += 1;
            self.latencies.saturating_record(took.as_nanos() as u64);
        }
        self.tick_under_way(now)
    }

    /// A connection failed; with `short` there will be another one.
    #[cold]
    fn failed(&mut self, index: usize, error: &anyhow::Error) {
        self.end(index, error);
        if self.options.mode == Mode::Short && self.errors.count < ENOUGH {
            self.begin(index, Instant::now());
        }
    }

    #[cold]
    fn end(&mut self, index: usize, error: &anyhow::Error) {
        self.errors.add(format_args!("connection {index}: {error:#}"));
        let client = &mut self.clients[index];
        if client.missing(self.options.size).is_some() {
            self.under_way -= 1;
        }
        client.give_up();
    }

    fn report(self) -> Report {
        Report {
            mode: if self.options.mode == Mode::Short { "short" } else { "echo" },
            connections: self.clients.len(),
            size: Some(self.options.size),
            requests: Some(self.turns.iter().sum()),
            turns: (self.turns.len() > 1).then_some(self.turns),
            seconds: self.window.seconds(),
            latency_us: Latency::of(&self.latencies),
            slowest_share: slowest_share(self.clients.iter().map(|client| client.done).collect()),
            errors: self.errors.count,
            first_errors: self.errors.first,
            own_cpu_seconds: self.window.own_cpu_seconds(),
            ..Report::default()
        }
    }
}
