//! smol: its executor on as many threads as it is told, each of which polls while it has nothing to run. It is what
//! `smol::spawn` does with `SMOL_THREADS`, but for the executor being the kind without allocations for a static one.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use crate::{Mode, Options, accepted, bind, fail};
use async_executor::StaticExecutor;
use smol::Async;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

/// What it does.
pub const MODES: &[Mode] = Mode::WITHOUT_DEADLINES;

/// Serves until the process ends; `ready` is told where.
pub fn serve(options: Options, ready: impl FnOnce(SocketAddr)) {
    let (listener, address) = bind(options.address);
    ready(address);
    EXECUTOR.spawn(accept(listener, options)).detach();
    for _ in 1..options.workers {
        std::thread::spawn(work);
    }
    work();
}

fn work() {
    smol::block_on(EXECUTOR.run(pending()))
}

async fn accept(listener: std::net::TcpListener, options: Options) {
    let listener = Async::new_nonblocking(listener).unwrap_or_else(|error| fail("the listener", error));
    let listener = TcpListener::from(listener);
    loop {
        if let Some((stream, _)) = accepted(listener.accept().await) {
            match options.mode {
                Mode::Sink => EXECUTOR.spawn(sink(stream, options.buffer)).detach(),
                Mode::Source => EXECUTOR.spawn(source(stream, options.buffer)).detach(),
                _ => EXECUTOR.spawn(echo(stream, options.buffer)).detach(),
            }
        }
    }
}

/// An error ends this connection and nothing else.
async fn echo(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    let mut buf = vec![0; buffer];
    loop {
        match stream.read(&mut buf).await? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read]).await?,
        }
    }
}

async fn sink(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    let mut buf = vec![0; buffer];
    while stream.read(&mut buf).await? > 0 {}
    Ok(())
}

async fn source(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
    let buf = vec![0; buffer];
    loop {
        stream.write_all(&buf).await?;
    }
}
