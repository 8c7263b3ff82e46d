//! The crates of this project: `listener` and `runtime`.

use std::net::SocketAddr;

use crate::{Deadlines, Direction, Mode, Options, fail};
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
        runtime::go(connection(conn, options));
    }
}

/// An error ends this connection and nothing else.
async fn connection(conn: Conn, options: Options) {
    let mut buf = vec![0; options.buffer];
    let _ended: Result<(), OpError> = match options.mode {
        Mode::Echo => echo(&conn, &mut buf).await,
        Mode::Sink => sink(&conn, &mut buf).await,
        Mode::Source => source(&conn, &buf).await,
        Mode::DeadlineLater => echo_with_deadlines(&conn, &mut buf, Direction::Later).await,
        Mode::DeadlineEarlier => echo_with_deadlines(&conn, &mut buf, Direction::Earlier).await,
    };
    // The last handle goes, which closes it.
}

async fn echo(conn: &Conn, buf: &mut [u8]) -> Result<(), OpError> {
    loop {
        match conn.read(buf).await? {
            0 => return Ok(()),
            read => conn.write(&buf[..read]).await?,
        };
    }
}

async fn sink(conn: &Conn, buf: &mut [u8]) -> Result<(), OpError> {
    while conn.read(buf).await? > 0 {}
    Ok(())
}

async fn source(conn: &Conn, buf: &[u8]) -> Result<(), OpError> {
    loop {
        conn.write(buf).await?;
    }
}

async fn echo_with_deadlines(conn: &Conn, buf: &mut [u8], direction: Direction) -> Result<(), OpError> {
    let mut deadlines = Deadlines::new(direction);
    loop {
        conn.set_read_deadline(Some(deadlines.advance()))?;
        match conn.read(buf).await? {
            0 => return Ok(()),
            read => conn.write(&buf[..read]).await?,
        };
    }
}
