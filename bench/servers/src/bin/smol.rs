//! smol: its executor on as many threads as it is told, each of which polls while it has nothing to run. It is what
//! `smol::spawn` does with `SMOL_THREADS`, but for the executor being the kind without allocations for a static one.

#![forbid(unsafe_code)]

use std::future::pending;
use std::io;

use async_executor::StaticExecutor;
use servers::{Mode, Options, accepted, bind, fail, listening, prepare};
use smol::Async;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

fn main() {
    let options = Options::parse_for(&[Mode::Echo, Mode::Sink, Mode::Source]);
    prepare();
    let listener = bind(options.address);
    listening(listener.local_addr());
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
            EXECUTOR.spawn(serve(stream, options)).detach();
        }
    }
}

/// An error ends this connection and nothing else.
async fn serve(mut stream: TcpStream, options: Options) {
    let mut buf = vec![0; options.buffer];
    let _ended: io::Result<()> = match options.mode {
        Mode::Sink => sink(&mut stream, &mut buf).await,
        Mode::Source => source(&mut stream, &buf).await,
        _ => echo(&mut stream, &mut buf).await,
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
