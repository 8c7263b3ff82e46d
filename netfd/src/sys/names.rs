//! Addresses as the kernel has them.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustix::io::Errno;
use rustix::net::addr::SocketAddrStorage;
use rustix::net::{self, AddressFamily, SocketAddrAny, SocketAddrUnix};

use crate::{Addr, UnixAddr};

pub(crate) fn local_addr(fd: impl AsFd) -> Option<Addr> {
    net::getsockname(fd).ok().and_then(addr)
}

pub(crate) fn peer_addr(fd: impl AsFd) -> Option<Addr> {
    net::getpeername(fd).ok().flatten().and_then(addr)
}

/// An address of the kernel's, if it is of a family that is known here.
pub(super) fn addr(addr: SocketAddrAny) -> Option<Addr> {
    if addr.address_family() != AddressFamily::UNIX {
        return SocketAddr::try_from(addr).ok().map(Addr::from_kernel);
    }
    // rustix's own reading of it takes no name for an empty one, and panics at a path as long as the kernel allows.
    let length = (addr.addr_len() as usize).min(size_of::<SocketAddrStorage>());
    // SAFETY: the kernel has written so many bytes of the address, which lie within its storage, and it lives on here.
    let bytes = unsafe { std::slice::from_raw_parts(addr.as_ptr().cast::<u8>(), length) };
    Some(Addr::Unix(unix_addr(bytes.get(size_of::<libc::sa_family_t>()..).unwrap_or_default())))
}

/// A Unix socket's name, as it stands behind the family.
fn unix_addr(name: &[u8]) -> UnixAddr {
    match name {
        [] => UnixAddr::Unnamed,
        [0, name @ ..] => UnixAddr::Abstract(name.to_vec()),
        path => {
            // The longest path has no room for its NUL.
            let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            UnixAddr::Path(OsStr::from_bytes(&path[..end]).into())
        }
    }
}

/// An address as the kernel takes it. A name too long for it is an invalid argument, as Go says.
pub(super) fn kernel_addr(addr: &Addr) -> Result<SocketAddrAny, Errno> {
    let unix = match addr {
        Addr::Tcp(addr) => return Ok((*addr).into()),
        // Whoever makes a socket has chosen a family by now.
        Addr::TcpPort(_) => return Err(Errno::AFNOSUPPORT),
        Addr::Unix(name) | Addr::UnixPacket(name) => match name {
            UnixAddr::Path(path) => SocketAddrUnix::new(path),
            UnixAddr::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
            UnixAddr::Unnamed => Ok(SocketAddrUnix::new_unnamed()),
        },
    };
    unix.map(SocketAddrAny::from).map_err(|_| Errno::INVAL)
}
