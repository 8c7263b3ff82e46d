//! One large stream, there or back, with plain blocking calls.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::report::Report;
use crate::source;
use crate::window::{Phase, Window};
use crate::{Mode, Options};

/// What one call moves at most.
pub const PIECE: usize = 256 << 10;

/// Runs the stream.
///
/// # Errors
/// If it cannot be opened, breaks, or stands still.
pub fn run(options: &Options, signs: &mut dyn Write) -> anyhow::Result<Report> {
    ensure!(options.connections == 1, "a stream has one connection, not {}", options.connections);
    let length = options.length()?;
    let mut socket = source::connect(options.address, 0).context("connect")?;
    socket.set_read_timeout(Some(options.patience))?;
    socket.set_write_timeout(Some(options.patience))?;
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    let mut window = Window::new(signs, length, options.warmup);
    loop {
        let pieces = bytes / PIECE as u64;
        if window.tick(Instant::now(), pieces)? {
            match window.phase() {
                Phase::Measuring => bytes = 0,
                _ => break,
            }
        }
        let moved = match options.mode {
            Mode::Push => socket.write(&piece).context("write")?,
            _ => socket.read(&mut piece).context("read")?,
        };
        ensure!(moved > 0, "the server ended the stream");
        bytes += moved as u64;
    }
    if options.mode == Mode::Push {
        socket.shutdown(Shutdown::Write).context("shutdown")?;
        // The server reads to the end, and then closes.
        let answer = socket.read(&mut piece).context("the server's end")?;
        ensure!(answer == 0, "the server sent {answer} bytes where a sink sends none");
    }
    Ok(Report {
        mode: if options.mode == Mode::Push { "push" } else { "pull" },
        connections: 1,
        bytes: Some(bytes),
        seconds: window.seconds(),
        own_cpu_seconds: window.own_cpu_seconds(),
        ..Report::default()
    })
}
