//! A thread for each connection and plain blocking calls: what one large stream is compared with.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::net::TcpStream;

use servers::{Mode, Options, accepted, bind, fail, listening, prepare, refuse};

fn main() {
    let options = Options::parse_for(&[Mode::Echo, Mode::Sink, Mode::Source]);
    if options.workers != 1 {
        refuse("each connection has a thread, so --workers is 1");
    }
    prepare();
    let listener = bind(options.address);
    if let Err(error) = listener.set_nonblocking(false) {
        fail("the listener", error);
    }
    listening(listener.local_addr());
    loop {
        if let Some((stream, _)) = accepted(listener.accept()) {
            std::thread::spawn(move || serve(stream, options));
        }
    }
}

/// An error ends this connection and nothing else.
fn serve(mut stream: TcpStream, options: Options) {
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
