//! tokio, on each of its two schedulers.

use std::io;
use std::net::SocketAddr;

use crate::{Deadlines, Direction, Mode, Options, accepted, asks_for_deadline, bind, fail, refuse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout_at;

/// What it does.
pub const MODES: &[Mode] = Mode::ALL;

/// On its scheduler of one thread: serves until the process ends; `ready` is told where.
pub fn serve_on_current(options: Options, ready: impl FnOnce(SocketAddr)) {
    if options.workers != 1 {
        refuse("this scheduler has one thread, so --workers is 1");
    }
    let runtime = drivers(&mut Builder::new_current_thread(), &options)
        .build()
        .unwrap_or_else(|error| fail("the runtime", error));
    let (listener, address) = bind(options.address);
    ready(address);
    runtime.block_on(accept(listener, options));
}

/// On its scheduler of several threads: serves until the process ends; `ready` is told where.
pub fn serve_on_multi(options: Options, ready: impl FnOnce(SocketAddr)) {
    let runtime = drivers(Builder::new_multi_thread().worker_threads(options.workers), &options)
        .build()
        .unwrap_or_else(|error| fail("the runtime", error));
    let (listener, address) = bind(options.address);
    ready(address);
    // What `block_on` runs is no worker's: the accept loop is a task, as tokio's documentation advises.
    let accepting = runtime.spawn(accept(listener, options));
    if let Err(error) = runtime.block_on(accepting) {
        fail("the accept loop", error);
    }
}

/// Its clock only for those who need it: without, it waits for events alone.
fn drivers<'a>(builder: &'a mut Builder, options: &Options) -> &'a mut Builder {
    match options.mode {
        Mode::Echo | Mode::Sink | Mode::Source => builder.enable_io(),
        Mode::DeadlineLater | Mode::DeadlineEarlier => builder.enable_io().enable_time(),
    }
}

async fn accept(listener: std::net::TcpListener, options: Options) {
    let listener = TcpListener::from_std(listener).unwrap_or_else(|error| fail("the listener", error));
    loop {
        if let Some((stream, _)) = accepted(listener.accept().await) {
            match options.mode {
                Mode::Sink => drop(tokio::spawn(sink(stream, options.buffer))),
                Mode::Source => drop(tokio::spawn(source(stream, options.buffer))),
                Mode::DeadlineLater => {
                    drop(tokio::spawn(echo_as_asked(stream, options.buffer, Direction::Later)))
                }
                Mode::DeadlineEarlier => {
                    drop(tokio::spawn(echo_as_asked(stream, options.buffer, Direction::Earlier)))
                }
                Mode::Echo => drop(tokio::spawn(echo(stream, options.buffer))),
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

async fn echo_as_asked(mut stream: TcpStream, buffer: usize, direction: Direction) -> io::Result<()> {
    let mut buf = vec![0; buffer];
    let mut deadlines = Deadlines::new(direction);
    let mut asked = false;
    loop {
        let read = match asked {
            true => timeout_at(deadlines.advance().into(), stream.read(&mut buf)).await??,
            false => stream.read(&mut buf).await?,
        };
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buf[..read]).await?;
        asked = asks_for_deadline(&buf[..read]);
    }
}
