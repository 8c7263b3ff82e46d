//! The command line.

use std::net::SocketAddr;

use clap::{Parser, ValueEnum};

use crate::program;

/// What the program was told.
#[derive(Parser, Clone, Copy, Debug)]
#[command(version, about = "Serves connections until it is killed")]
pub struct Options {
    /// Where to listen: IP:PORT; port 0 is one that the kernel chooses
    pub address: SocketAddr,

    /// How many threads serve connections
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub workers: usize,

    /// The size of each connection's buffer, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 4096, value_parser = at_least_one)]
    pub buffer: usize,

    /// What to do with a connection
    #[arg(long, value_enum, default_value_t = Mode::Echo)]
    pub mode: Mode,
}

/// What a server does with a connection.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reads what there is and writes all of it, until the end
    Echo,
    /// Reads and drops, until the end
    Sink,
    /// Writes a full buffer again and again, until the peer closes
    Source,
    /// Echo; after each message that asks for it the read deadline moves later, an hour away
    DeadlineLater,
    /// Echo; after each message that asks for it the read deadline moves earlier, an hour away
    DeadlineEarlier,
}

impl Mode {
    /// Every mode.
    pub const ALL: &[Mode] =
        &[Mode::Echo, Mode::Sink, Mode::Source, Mode::DeadlineLater, Mode::DeadlineEarlier];

    /// For a server whose library has no deadlines of the kind.
    pub const WITHOUT_DEADLINES: &[Mode] = &[Mode::Echo, Mode::Sink, Mode::Source];
}

impl Options {
    /// The options, if the server has their mode. Otherwise, and if they make no sense, the program ends with one line and
    /// exit 2.
    #[must_use]
    pub fn parse_for(modes: &[Mode]) -> Options {
        let options = Options::try_parse().unwrap_or_else(|error| {
            // Help and version.
            if !error.use_stderr() {
                error.exit();
            }
            let text = error.to_string();
            refuse(text.lines().next().unwrap_or_default().trim_start_matches("error: "));
        });
        if !modes.contains(&options.mode) {
            let value = options.mode.to_possible_value();
            let name = value.as_ref().map_or("this", |value| value.get_name());
            refuse(&format!("there is no mode {name} here"));
        }
        options
    }
}

/// Ends the program with one line on standard error and exit 2: it was told what it cannot do.
pub(crate) fn refuse(why: &str) -> ! {
    eprintln!("{}: {why}", program());
    std::process::exit(2)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}
