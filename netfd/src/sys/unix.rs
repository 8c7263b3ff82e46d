//! What Unix sockets carry beside bytes, and who is at their other end.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::{
    self, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::{MAX_TRANSFER, attempt};
use crate::Error;
use crate::attempt::Attempt;

/// The most descriptors that the kernel takes with one write.
const MAX_DESCRIPTORS: usize = 253;

/// A write with descriptors attached to the first byte.
pub(crate) fn send_descriptors(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> Attempt<usize> {
    if buf.is_empty() {
        return Err(Error::InvalidInput("descriptors need a byte to go with").into());
    }
    if descriptors.len() > MAX_DESCRIPTORS {
        return Err(Error::InvalidInput("more than 253 descriptors at once").into());
    }
    let end = buf.len().min(MAX_TRANSFER);
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(descriptors.len()))];
    attempt("sendmsg", || {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        net::sendmsg(fd, &[IoSlice::new(&buf[..end])], &mut control, SendFlags::NOSIGNAL)
    })
}

/// A read with the descriptors that come along, and whether the kernel had to let some of them go.
pub(crate) fn receive_descriptors(
    fd: BorrowedFd<'_>,
    buf: &mut [u8],
) -> Attempt<(usize, Vec<OwnedFd>, bool)> {
    if buf.is_empty() {
        return Err(
            Error::InvalidInput("descriptors come with a byte, and the buffer has no room for it").into()
        );
    }
    let end = buf.len().min(MAX_TRANSFER);
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    attempt("recvmsg", || {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let pieces = &mut [IoSliceMut::new(&mut buf[..end])];
        let message = net::recvmsg(fd, pieces, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let received = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let truncated = message.flags.contains(ReturnFlags::CTRUNC);
        Ok((message.bytes, received.flatten().collect(), truncated))
    })
}

/// Who the peer of a Unix socket was when it connected or listened: process, user, group.
pub(crate) fn peer_credentials(fd: BorrowedFd<'_>) -> Result<libc::ucred, Error> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the option is of this type, whose every field may have any value; the length says how large it is.
    let got = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    match got {
        0 => Ok(credentials),
        _ => Err(Error::os("getsockopt", std::io::Error::last_os_error().raw_os_error().unwrap_or_default())),
    }
}
