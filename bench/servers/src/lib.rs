//! The same server over each peer.
//!
//! ```text
//!   NAME ADDRESS [--workers N] [--buffer BYTES] [--mode MODE]
//!     │
//!   listening on IP:PORT      the first and only line, on standard output
//!     │
//!   serves until it is killed
//! ```
//!
//! Each peer's server is one file of [`peers`], written as its own documentation advises. What they share, here, is not on
//! the path of a request: the command line, the listening socket, the first line.

#![deny(unsafe_code)]

mod deadlines;
mod options;
pub mod peers;
mod socket;

pub use options::{Mode, Options};
pub use socket::prepare;

use std::fmt::Display;
use std::net::SocketAddr;

use deadlines::{Deadlines, Direction, asks_for_deadline};
use options::refuse;
use socket::{accepted, bind, bind_one_of_several, listening};

/// A server's program: reads the command line and serves, in one of `modes`.
pub fn main(modes: &[Mode], serve: impl FnOnce(Options, fn(SocketAddr))) {
    let options = Options::parse_for(modes);
    prepare();
    serve(options, listening);
}

/// Ends the program with one line on standard error and exit 1.
fn fail(what: &str, why: impl Display) -> ! {
    eprintln!("{}: {what}: {why}", program());
    std::process::exit(1)
}

/// The program's name, which begins its messages.
fn program() -> String {
    let path = std::env::args_os().next().unwrap_or_default();
    std::path::Path::new(&path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}
