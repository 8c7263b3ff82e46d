//! The load generator: one thread, no allocation once it measures, and a check of every byte of an echo.
//!
//! ```text
//!   open the connections ──► warm up ──► measure ──► wait for what is on its way ──► close ──► one JSON object
//!                                     │           │
//!                               "measuring"   "measured"      on standard output, for whoever samples the server
//! ```
//!
//! | mode | what each connection does | module |
//! | --- | --- | --- |
//! | `echo` | sends a message, waits for all of it, sends the next | [`pingpong`] |
//! | `short` | connects, one message there and back, closes, again | [`pingpong`] |
//! | `push`, `pull` | one stream, plain blocking calls; what is in it is not looked at | [`stream`] |
//! | `idle` | one message there and back, then nothing | [`idle`] |

pub mod idle;
pub mod options;
pub mod pattern;
pub mod pingpong;
pub mod report;
pub mod source;
pub mod stream;
pub mod window;

pub use options::{Length, Message, Mode, Options};

/// Does what `options` say; what came of it.
///
/// # Errors
/// What keeps it from measuring at all. What goes wrong on a connection is counted in the report.
pub fn run(options: &Options, signs: &mut dyn std::io::Write) -> anyhow::Result<report::Report> {
    match options.mode {
        Mode::Echo | Mode::Short => pingpong::run(options, signs),
        Mode::Push | Mode::Pull => stream::run(options, signs),
        Mode::Idle => idle::run(options, signs),
    }
}
