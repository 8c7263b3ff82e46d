//! The crates of this project: `listener` and `runtime`.

use std::net::SocketAddr;

use crate::{Deadlines, Direction, Mode, Options, asks_for_deadline, fail};
use listener::conn::Conn;
use listener::{Listener, OpError};
use runtime::Runtime;

/// What it does.
pub const MODES: &[Mode] = Mode::ALL;

/// Serves until the process ends; `ready` is told where.
pub fn serve(options: Options, ready: impl FnOnce(SocketAddr)) {
    let runtime = Runtime::new(options.workers).unwrap_or_else(|error| fail("the runtime", error));
    let address = options.address.to_string();
    let listener = runtime
        .block_on(listener::listen("tcp", &address))
        .unwrap_or_else(|error| fail("the listener", error));
    let bound = listener.addr().expect("a listener is bound").to_string();
    ready(bound.parse().expect("the address of a TCP listener"));
    runtime.go(accept(listener, options));
    // The workers do the rest.
    loop {
        std::thread::park();
    }
}

async fn accept(listener: Listener, options: Options) {
    loop {
        let conn = listener.accept().await.unwrap_or_else(|error| fail("accept", error));
        match options.mode {
            Mode::Sink => drop(runtime::go(sink(conn, options.buffer))),
            Mode::Source => drop(runtime::go(source(conn, options.buffer))),
            Mode::DeadlineLater => drop(runtime::go(echo_as_asked(conn, options.buffer, Direction::Later))),
            Mode::DeadlineEarlier => {
                drop(runtime::go(echo_as_asked(conn, options.buffer, Direction::Earlier)))
            }
            Mode::Echo => drop(runtime::go(echo(conn, options.buffer))),
        }
    }
}

/// An error ends this connection and nothing else.
async fn echo(conn: Conn, buffer: usize) -> Result<(), OpError> {
    let mut buf = vec![0; buffer];
    loop {
        match conn.read(&mut buf).await? {
            0 => return Ok(()),
            read => conn.write(&buf[..read]).await?,
        };
    }
}

async fn sink(conn: Conn, buffer: usize) -> Result<(), OpError> {
    let mut buf = vec![0; buffer];
    while conn.read(&mut buf).await? > 0 {}
    Ok(())
}

async fn source(conn: Conn, buffer: usize) -> Result<(), OpError> {
    let buf = vec![0; buffer];
    loop {
        conn.write(&buf).await?;
    }
}

async fn echo_as_asked(conn: Conn, buffer: usize, direction: Direction) -> Result<(), OpError> {
    let mut buf = vec![0; buffer];
    let mut deadlines = Deadlines::new(direction);
    loop {
        let read = conn.read(&mut buf).await?;
        if read == 0 {
            return Ok(());
        }
        conn.write(&buf[..read]).await?;
        if asks_for_deadline(&buf[..read]) {
            conn.set_read_deadline(Some(deadlines.advance()))?;
        }
    }
}
