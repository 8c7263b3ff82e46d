//! monoio on its epoll driver: a runtime for each thread, and a listener for each, among which the kernel spreads the
//! connections.

use std::io;
use std::net::SocketAddr;

use crate::{Mode, Options, accepted, bind_one_of_several, fail};
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use monoio::{LegacyDriver, RuntimeBuilder};

/// What it does.
pub const MODES: &[Mode] = Mode::WITHOUT_DEADLINES;

/// Serves until the process ends; `ready` is told where.
pub fn serve(options: Options, ready: impl FnOnce(SocketAddr)) {
    let (first, address) = bind_one_of_several(options.address);
    let others: Vec<_> = (1..options.workers).map(|_| bind_one_of_several(address).0).collect();
    ready(address);
    for listener in others {
        std::thread::spawn(move || work(listener, options));
    }
    work(first, options);
}

fn work(listener: std::net::TcpListener, options: Options) {
    RuntimeBuilder::<LegacyDriver>::new()
        .build()
        .unwrap_or_else(|error| fail("the runtime", error))
        .block_on(accept(listener, options));
}

async fn accept(listener: std::net::TcpListener, options: Options) {
    let listener = TcpListener::from_std(listener).unwrap_or_else(|error| fail("the listener", error));
    loop {
        if let Some((stream, _)) = accepted(listener.accept().await) {
            monoio::spawn(connection(stream, options));
        }
    }
}

/// An error ends this connection and nothing else.
async fn connection(mut stream: TcpStream, options: Options) {
    let buf = Vec::with_capacity(options.buffer);
    let _ended: io::Result<()> = match options.mode {
        Mode::Sink => sink(&mut stream, buf).await,
        Mode::Source => source(&mut stream, vec![0; options.buffer]).await,
        _ => echo(&mut stream, buf).await,
    };
}

async fn echo(stream: &mut TcpStream, mut buf: Vec<u8>) -> io::Result<()> {
    loop {
        let (read, full) = stream.read(buf).await;
        if read? == 0 {
            return Ok(());
        }
        let (written, empty) = stream.write_all(full).await;
        written?;
        buf = empty;
        buf.clear();
    }
}

async fn sink(stream: &mut TcpStream, mut buf: Vec<u8>) -> io::Result<()> {
    loop {
        let (read, full) = stream.read(buf).await;
        if read? == 0 {
            return Ok(());
        }
        buf = full;
        buf.clear();
    }
}

async fn source(stream: &mut TcpStream, mut buf: Vec<u8>) -> io::Result<()> {
    loop {
        let (written, same) = stream.write_all(buf).await;
        written?;
        buf = same;
    }
}
