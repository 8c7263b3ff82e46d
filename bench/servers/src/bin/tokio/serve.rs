//! What both of tokio's schedulers run.

use std::io;

use servers::{Deadlines, Direction, Mode, Options, accepted, fail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout_at;

pub(crate) const MODES: [Mode; 5] =
    [Mode::Echo, Mode::Sink, Mode::Source, Mode::DeadlineLater, Mode::DeadlineEarlier];

/// Its clock only for those who need it: without, it waits for events alone.
pub(crate) fn drivers<'a>(builder: &'a mut Builder, options: &Options) -> &'a mut Builder {
    match options.mode {
        Mode::Echo | Mode::Sink | Mode::Source => builder.enable_io(),
        Mode::DeadlineLater | Mode::DeadlineEarlier => builder.enable_io().enable_time(),
    }
}

pub(crate) async fn accept(listener: std::net::TcpListener, options: Options) {
    let listener = TcpListener::from_std(listener).unwrap_or_else(|error| fail("the listener", error));
    loop {
        if let Some((stream, _)) = accepted(listener.accept().await) {
            tokio::spawn(serve(stream, options));
        }
    }
}

/// An error ends this connection and nothing else.
async fn serve(mut stream: TcpStream, options: Options) {
    let mut buf = vec![0; options.buffer];
    let _ended: io::Result<()> = match options.mode {
        Mode::Echo => echo(&mut stream, &mut buf).await,
        Mode::Sink => sink(&mut stream, &mut buf).await,
        Mode::Source => source(&mut stream, &buf).await,
        Mode::DeadlineLater => echo_with_deadlines(&mut stream, &mut buf, Direction::Later).await,
        Mode::DeadlineEarlier => echo_with_deadlines(&mut stream, &mut buf, Direction::Earlier).await,
    };
}

async fn echo(stream: &mut TcpStream, buf: &mut [u8]) -> io::Result<()> {
    loop {
        match stream.read(buf).await? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read]).await?,
        }
    }
}

async fn sink(stream: &mut TcpStream, buf: &mut [u8]) -> io::Result<()> {
    while stream.read(buf).await? > 0 {}
    Ok(())
}

async fn source(stream: &mut TcpStream, buf: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(buf).await?;
    }
}

async fn echo_with_deadlines(stream: &mut TcpStream, buf: &mut [u8], direction: Direction) -> io::Result<()> {
    let mut deadlines = Deadlines::new(direction);
    loop {
        match timeout_at(deadlines.advance().into(), stream.read(buf)).await?? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read]).await?,
        }
    }
}
