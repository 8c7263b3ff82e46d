//! What every server of the bench has in common: the command line, the listening socket, the first line.
//!
//! ```text
//!   NAME ADDRESS [--workers N] [--buffer BYTES] [--mode MODE]
//!     │
//!   listening on IP:PORT      the first and only line, on standard output
//!     │
//!   serves until it is killed
//! ```
//!
//! Nothing of this is on the path of a request: what is measured is in `src/bin/NAME.rs`, whole.

#![forbid(unsafe_code)]

mod deadlines;
mod options;
mod socket;

pub use deadlines::{Deadlines, Direction};
pub use options::{Mode, Options, refuse};
pub use socket::{accepted, bind, bind_one_of_several, listening, prepare};

use std::fmt::Display;

/// Ends the program with one line on standard error and exit 1.
pub fn fail(what: &str, why: impl Display) -> ! {
    eprintln!("{}: {what}: {why}", program());
    std::process::exit(1)
}

/// The program's name, which begins its messages.
fn program() -> String {
    let path = std::env::args_os().next().unwrap_or_default();
    std::path::Path::new(&path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}
