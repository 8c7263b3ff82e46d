//! What an idle connection costs a server in memory.
//!
//! ```text
//!   this process: the server of `servers`, and this driver      a child: the clients, so that they do not count
//!      "1000" ───────────────────────────────────────────────►  opens as many as are missing, each with one echo
//!      takes a point  ◄──────────────────────────── "1000" ───
//!      "2000" ───────────────────────────────────────────────►  …
//! ```
//!
//! A point is the bytes that the allocator was asked for and has not got back, the same as the C library's allocator
//! rounds them, and the memory that the process occupies. The slope through the points is what one connection costs; what the
//! process needs anyhow is in none of them. What a peer maps by itself, such as the stacks of coroutines, only the last
//! shows.

mod allocator;
mod clients;
mod points;

pub use allocator::Counting;
pub use points::{Point, Report};

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Parser;
use servers::{Mode, Options};

/// Each connection's buffer, in bytes.
pub const BUFFER: usize = 4096;

/// How long the server may take to be listening.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser, Clone, Debug)]
#[command(version, about = "Measures what an idle connection costs in memory, and says it in JSON")]
struct Arguments {
    /// How many connections there are in the end
    #[arg(long, value_name = "N", default_value_t = 9000)]
    connections: usize,

    /// How many more there are at each point
    #[arg(long, value_name = "K", default_value_t = 1000)]
    step: usize,

    /// No buffer while a connection is idle: it waits for data, and only then takes a buffer from a pool
    #[arg(long)]
    readable: bool,

    /// Be the clients of the server at this address
    #[arg(long, hide = true)]
    clients: Option<SocketAddr>,
}

/// A server: it serves until the process ends, and says where.
pub type Serve = fn(Options, Box<dyn FnOnce(SocketAddr)>);

/// A peer's program: `serve` with a buffer for each connection, and, if there is one, `readable` without.
pub fn main(name: &'static str, serve: Serve, readable: Option<Serve>) -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.clients {
        Some(server) => clients::run(server),
        None => measure(name, &arguments, serve, readable),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memory-{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(
    name: &'static str,
    arguments: &Arguments,
    serve: Serve,
    readable: Option<Serve>,
) -> anyhow::Result<()> {
    let (connections, step) = (arguments.connections, arguments.step);
    ensure!(step > 0, "--step must be at least 1");
    ensure!(connections / step >= 2, "a slope needs two points: --connections is at least twice --step");
    let serve = match (arguments.readable, readable) {
        (false, _) => serve,
        (true, Some(readable)) => readable,
        (true, None) => bail!("there is no --readable here"),
    };
    servers::prepare();
    let server = start(serve)?;
    let mut clients = clients::Child::start(server)?;
    let mut points = Vec::with_capacity(connections / step);
    for connections in (step..=connections).step_by(step) {
        clients.be(connections)?;
        points.push(Point::settled(connections)?);
    }
    let report = Report::new(name, arguments.readable, BUFFER, points);
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(())
}

/// Starts the server on threads of its own; where it listens.
fn start(serve: Serve) -> anyhow::Result<SocketAddr> {
    let (told, address) = mpsc::channel();
    let options = Options {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        workers: 1,
        buffer: BUFFER,
        mode: Mode::Echo,
    };
    std::thread::spawn(move || {
        serve(
            options,
            Box::new(move |address| {
                // Nobody waits for it any more only if it took too long.
                let _late = told.send(address);
            }),
        );
    });
    address.recv_timeout(PATIENCE).context("the server does not listen")
}
