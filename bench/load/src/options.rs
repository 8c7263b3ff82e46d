//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

/// What to do, to whom and for how long.
#[derive(Parser, Clone, Debug)]
#[command(version, about = "Puts load on an echo server of the bench, and says in JSON how it went")]
pub struct Options {
    /// The server: IP:PORT
    #[arg(long, value_name = "IP:PORT")]
    pub address: SocketAddr,

    /// How many connections at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub connections: usize,

    /// The length of a message, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64, value_parser = at_least_one)]
    pub size: usize,

    #[command(flatten)]
    end: End,

    /// How long the same load runs before anything counts, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub warmup: Duration,

    /// What each connection does
    #[arg(long, value_enum, default_value_t = Mode::Echo)]
    pub mode: Mode,

    /// Which messages are sent
    #[arg(long, value_enum, default_value_t = Message::Plain)]
    pub message: Message,

    /// With echo: no connection begins its next message before all have their answers. So none finds the server still busy
    /// with its last one, however slow the server is made by what measures it; and a server that is faster than the generator
    /// rests, where it would else look for the next message again and again. Windows begin and end while it rests
    #[arg(long)]
    pub lockstep: bool,

    /// How long the server may be silent before that is an error, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub patience: Duration,
}

#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
struct End {
    /// How long to measure, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,

    /// How many messages (or with push and pull, pieces of 256 KiB) to measure: exactly so many
    #[arg(long, value_name = "TOTAL")]
    requests: Option<u64>,
}

/// When the measuring ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// After this time.
    Time(Duration),
    /// After so many messages.
    Requests(u64),
}

/// What each connection does.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Sends a message, waits for all of it, checks it, sends the next
    Echo,
    /// Connects, one message there and back, closes, again
    Short,
    /// Writes one stream, with plain blocking calls
    Push,
    /// Reads one stream, with plain blocking calls
    Pull,
    /// One message there and back, then nothing until a line, or the end, comes on standard input
    Idle,
}

/// Which messages are sent.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Such as ask for nothing
    Plain,
    /// Such as ask for a deadline each: of a server in one of the modes that have them
    Marked,
    /// On the same connections, each with a window of its own: marked, plain, plain, marked, and so on for 320 windows. So
    /// what changes slowly falls out
    InTurns,
}

impl Message {
    /// The kinds that are sent one after the other: whether each is marked.
    #[must_use]
    pub fn turns(self) -> &'static [bool] {
        match self {
            Message::Plain => &[false],
            Message::Marked => &[true],
            Message::InTurns => [[true, false, false, true]; 80].as_flattened(),
        }
    }
}

impl Options {
    /// Of one connection that echoes 64 bytes for a second: to be changed as needed.
    #[must_use]
    pub fn new(address: SocketAddr) -> Options {
        Options {
            address,
            connections: 1,
            size: 64,
            end: End { seconds: Some(Duration::from_secs(1)), requests: None },
            warmup: Duration::ZERO,
            mode: Mode::Echo,
            message: Message::Plain,
            lockstep: false,
            patience: Duration::from_secs(20),
        }
    }

    /// The same with another end.
    #[must_use]
    pub fn ending(mut self, length: Length) -> Options {
        self.end = match length {
            Length::Time(time) => End { seconds: Some(time), requests: None },
            Length::Requests(total) => End { seconds: None, requests: Some(total) },
        };
        self
    }

    /// When the measuring ends.
    ///
    /// # Errors
    /// If the command line does not say.
    pub fn length(&self) -> anyhow::Result<Length> {
        match (self.end.seconds, self.end.requests) {
            (Some(time), _) => Ok(Length::Time(time)),
            (None, Some(total)) => Ok(Length::Requests(total)),
            (None, None) => anyhow::bail!("either --seconds or --requests is needed"),
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("load").chain(arguments.split_whitespace()))
    }

    #[test]
    fn an_end_is_a_time_or_a_number_and_not_both() {
        let timed = parsed("--address 127.0.0.1:1 --seconds 0.5").expect("parses");
        assert_eq!(timed.length().expect("given"), Length::Time(Duration::from_millis(500)));
        let counted = parsed("--address 127.0.0.1:1 --requests 7").expect("parses");
        assert_eq!(counted.length().expect("given"), Length::Requests(7));
        assert!(parsed("--address 127.0.0.1:1 --requests 7 --seconds 1").is_err());
        assert!(parsed("--address 127.0.0.1:1").expect("idle needs none").length().is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (arguments, named) in [
            ("--address here --seconds 1", "here"),
            ("--address 127.0.0.1:1 --seconds -1", "-1"),
            ("--address 127.0.0.1:1 --seconds inf", "inf"),
            ("--address 127.0.0.1:1 --connections 0 --seconds 1", "--connections"),
            ("--address 127.0.0.1:1 --size 0 --seconds 1", "--size"),
        ] {
            let error = parsed(arguments).expect_err(arguments).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
