//! The listening socket: the same for every server whose library takes one that is ready made.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

use rustix::process::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use crate::fail;

/// What the kernel grants as a rule (`net.core.somaxconn`), so that a thousand clients at once are not made to try again.
const BACKLOG: i32 = 4096;

/// Raises the limit of open descriptors as far as it goes.
pub fn prepare() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        fail("the limit of open descriptors", error);
    }
}

/// A listening socket in non-blocking mode, whose connections have no delay: on Linux they inherit it, which spares each
/// server a system call for each connection. With the address that it got.
#[must_use]
pub(crate) fn bind(address: SocketAddr) -> (TcpListener, SocketAddr) {
    bound(address, false).unwrap_or_else(|error| fail(&format!("listen on {address}"), error))
}

/// [`bind`], of several sockets on one port, among which the kernel spreads the connections.
#[must_use]
pub(crate) fn bind_one_of_several(address: SocketAddr) -> (TcpListener, SocketAddr) {
    bound(address, true).unwrap_or_else(|error| fail(&format!("listen on {address}"), error))
}

fn bound(address: SocketAddr, several: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if several {
        socket.set_reuse_port(true)?;
    }
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Says where the server listens.
pub(crate) fn listening(address: SocketAddr) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "listening on {address}").and_then(|()| out.flush()) {
        fail("standard output", error);
    }
}

/// What was accepted; nothing for a connection that was gone before it was accepted. Any other error is the listener's, and
/// ends the program.
pub(crate) fn accepted<T>(result: io::Result<T>) -> Option<T> {
    match result {
        Ok(accepted) => Some(accepted),
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => None,
        Err(error) => fail("accept", error),
    }
}
