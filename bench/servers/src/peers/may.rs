//! may: a coroutine with a stack of its own for each connection.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, IntoRawFd};

use crate::{Mode, Options, accepted, bind, fail};
use may::net::{TcpListener, TcpStream};

/// What it does.
pub const MODES: &[Mode] = Mode::WITHOUT_DEADLINES;

/// Serves until the process ends; `ready` is told where.
pub fn serve(options: Options, ready: impl FnOnce(SocketAddr)) {
    may::config().set_workers(options.workers);
    let (listener, address) = bind(options.address);
    // SAFETY: it is a listening socket's descriptor, of which `into_raw_fd` let go.
    let listener = unsafe { TcpListener::from_raw_fd(listener.into_raw_fd()) };
    ready(address);
    let accepting = may::go!(move || accept(&listener, options));
    if accepting.join().is_err() {
        fail("the accept loop", "it panicked");
    }
}

fn accept(listener: &TcpListener, options: Options) {
    loop {
        if let Some((stream, _)) = accepted(listener.accept()) {
            may::go!(move || connection(stream, options));
        }
    }
}

/// An error ends this connection and nothing else.
fn connection(mut stream: TcpStream, options: Options) {
    let mut buf = vec![0; options.buffer];
    let _ended: io::Result<()> = match options.mode {
        Mode::Sink => sink(&mut stream, &mut buf),
        Mode::Source => source(&mut stream, &buf),
        _ => echo(&mut stream, &mut buf),
    };
}

fn echo(stream: &mut TcpStream, buf: &mut [u8]) -> io::Result<()> {
    loop {
        match stream.read(buf)? {
            0 => return Ok(()),
            read => stream.write_all(&buf[..read])?,
        }
    }
}

fn sink(stream: &mut TcpStream, buf: &mut [u8]) -> io::Result<()> {
    while stream.read(buf)? > 0 {}
    Ok(())
}

fn source(stream: &mut TcpStream, buf: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(buf)?;
    }
}
