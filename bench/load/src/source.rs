//! New connections, from many addresses of the loopback network: each has its own 28,000 ports, and a connection that was
//! closed keeps its port for a minute.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

use socket2::{Domain, Socket, Type};

/// How many source addresses are used in turn, beginning with 127.0.0.2.
const ADDRESSES: usize = 200;

/// A socket with no delay, bound to the source address of the `nth` connection to `server`.
///
/// # Errors
/// What the kernel says.
pub fn socket(server: SocketAddr, nth: usize, nonblocking: bool) -> io::Result<Socket> {
    let ty = if nonblocking { Type::STREAM.nonblocking() } else { Type::STREAM };
    let socket = Socket::new(Domain::for_address(server), ty, None)?;
    socket.set_tcp_nodelay(true)?;
    if let IpAddr::V4(ip) = server.ip()
        && ip.is_loopback()
    {
        choose_port_late(&socket)?;
        let source = Ipv4Addr::new(127, 0, 0, 2 + (nth % ADDRESSES) as u8);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    Ok(socket)
}

/// Has the kernel choose the port when both ends are known, not at `bind`, where it would look at this end alone.
fn choose_port_late(socket: &Socket) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option is an int, and the pointer and the length are those of one that lives until the call returns.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A connection in blocking mode.
///
/// # Errors
/// What the kernel says.
pub fn connect(server: SocketAddr, nth: usize) -> io::Result<Socket> {
    let socket = socket(server, nth, false)?;
    socket.connect(&server.into())?;
    Ok(socket)
}
