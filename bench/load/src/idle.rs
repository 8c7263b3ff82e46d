//! Connections that have been used once and then do nothing.

use std::io::{Read, Write};

use anyhow::{Context, ensure};
use socket2::Socket;

use crate::Options;
use crate::pattern::Pattern;
use crate::report::Report;
use crate::source;

/// Opens the connections, says so on `signs`, and closes them when a line or the end comes on standard input.
///
/// # Errors
/// If one of them cannot be opened, or does not echo.
pub fn run(options: &Options, signs: &mut dyn Write) -> anyhow::Result<Report> {
    let pattern = Pattern::new(options.size, options.message.turns()[0]);
    let mut open = Vec::with_capacity(options.connections);
    for conn in 0..options.connections {
        open.push(used_once(options, &pattern, conn).with_context(|| format!("connection {conn}"))?);
    }
    writeln!(signs, "measuring")?;
    signs.flush()?;
    std::io::stdin().read_line(&mut String::new()).context("standard input")?;
    writeln!(signs, "measured")?;
    signs.flush()?;
    Ok(Report {
        mode: "idle",
        connections: open.len(),
        size: Some(options.size),
        requests: Some(open.len() as u64),
        ..Report::default()
    })
}

fn used_once(options: &Options, pattern: &Pattern, conn: usize) -> anyhow::Result<Socket> {
    let mut socket = source::connect(options.address, conn).context("connect")?;
    socket.set_read_timeout(Some(options.patience))?;
    let message = pattern.message(conn, 0);
    socket.write_all(message).context("write")?;
    let mut answer = vec![0; message.len()];
    socket.read_exact(&mut answer).context("read")?;
    ensure!(answer == message, "what came back is not what was sent");
    Ok(socket)
}
