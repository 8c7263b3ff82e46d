//! Reads that are told how much they have left behind: `TCP_INQ`, of Linux 4.18 (`include/uapi/linux/tcp.h`).
//!
//! The kernel looks after the read has let go of the socket, so that what comes later raises an edge of its own. An end of the
//! stream that has come counts as one byte.

use std::io::IoSliceMut;
use std::mem::{MaybeUninit, offset_of};
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, cmsghdr};
use rustix::net::{self, RecvAncillaryBuffer, RecvFlags};

use super::{MAX_TRANSFER, attempt};
use crate::Error;
use crate::attempt::Attempt;

/// Where a message's value begins: after its header, which is as long as it is aligned.
const VALUE: usize = size_of::<cmsghdr>();

/// As long as one message with an int, as aligned as a header.
#[repr(C, align(8))]
struct Space([MaybeUninit<u8>; VALUE + 8]);

/// Has a TCP socket tell what a read has left, to readers that have room for it; or no longer.
pub(crate) fn tell_what_is_left(fd: BorrowedFd<'_>, tell: bool) -> Result<(), Error> {
    let value = c_int::from(tell);
    // SAFETY: the option is an int, and the pointer and the length are those of one that lives until the call returns.
    let set = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INQ,
            (&raw const value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    match set {
        0 => Ok(()),
        _ => Err(Error::os("setsockopt", std::io::Error::last_os_error().raw_os_error().unwrap_or_default())),
    }
}

/// [`read`](super::read) that is told how much it has left; nothing if the socket does not tell.
#[inline(never)]
pub(crate) fn read_told(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Attempt<(usize, Option<usize>)> {
    let end = buf.len().min(MAX_TRANSFER);
    let mut space = Space([const { MaybeUninit::new(0) }; VALUE + 8]);
    let read = attempt("read", || {
        let mut control = RecvAncillaryBuffer::new(&mut space.0);
        let pieces = &mut [IoSliceMut::new(&mut buf[..end])];
        net::recvmsg(fd, pieces, &mut control, RecvFlags::empty()).map(|message| message.bytes)
    })?;
    // SAFETY: every byte was initialized above, and the kernel, which alone has written to them since, undoes nothing.
    let message = space.0.map(|byte| unsafe { byte.assume_init() });
    let field =
        |at: usize| c_int::from_ne_bytes([message[at], message[at + 1], message[at + 2], message[at + 3]]);
    let (level, kind) = (field(offset_of!(cmsghdr, cmsg_level)), field(offset_of!(cmsghdr, cmsg_type)));
    let tells = level == libc::IPPROTO_TCP && kind == libc::TCP_CM_INQ;
    Ok((read, if tells { usize::try_from(field(VALUE)).ok() } else { None }))
}
