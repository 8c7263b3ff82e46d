//! A thread for each connection and plain blocking calls: what one large stream is compared with.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::{Mode, Options, accepted, bind, fail, refuse};

/// What it does.
pub const MODES: &[Mode] = Mode::WITHOUT_DEADLINES;

/// Serves until the process ends; `ready` is told where.
pub fn serve(options: Options, ready: impl FnOnce(SocketAddr)) {
    if options.workers != 1 {
        refuse("each connection has a thread, so --workers is 1");
    }
    let (listener, address) = bind(options.address);
    if let Err(error) = listener.set_nonblocking(false) {
        fail("the listener", error);
    }
    ready(address);
    loop {
        if let Some((stream, _)) = accepted(listener.accept()) {
            std::thread::spawn(move || connection(stream, options));
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
