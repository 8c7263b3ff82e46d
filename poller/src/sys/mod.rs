//! The choice of the platform: one backend for each way that kernels have of telling what is ready.
//!
//! | platform           | backend | Go                  | trigger    |
//! | ------------------ | ------- | ------------------- | ---------- |
//! | Linux              | `epoll` | `netpoll_epoll.go`  | edge       |
//! | `--cfg loom`       | `fake`  |                     | edge       |
//!
//! A backend supplies `Selected`, which implements the [contract](crate::contract), and `Raw`, the room in a
//! list of events where its kernel writes, with `Iter` to read it. `Source` and `RawSource` are the platform's names for what
//! can be polled.

#[cfg(not(any(loom, target_os = "linux")))]
compile_error!("the poller has no backend for this platform yet: so far there is only epoll, for Linux");

#[cfg(all(not(loom), target_os = "linux"))]
mod epoll;
#[cfg(all(not(loom), target_os = "linux"))]
pub(crate) use epoll::{Epoll as Selected, Iter, Raw};

#[cfg(loom)]
pub mod fake;
#[cfg(loom)]
pub(crate) use fake::{Fake as Selected, Iter, Raw};

/// A source as the caller lends it for one call: the platform's borrowed descriptor.
#[cfg(all(unix, not(loom)))]
pub type Source<'a> = std::os::fd::BorrowedFd<'a>;

/// A source as the caller lends it for one call: in models, a number.
#[cfg(loom)]
pub type Source<'a> = fake::Source<'a>;

/// A source as the caller lends it for one call: the platform's borrowed socket.
#[cfg(all(windows, not(loom)))]
pub type Source<'a> = std::os::windows::io::BorrowedSocket<'a>;

/// The platform's number for a descriptor.
#[cfg(unix)]
pub type RawSource = std::os::fd::RawFd;

/// The platform's number for a socket.
#[cfg(windows)]
pub type RawSource = std::os::windows::io::RawSocket;

/// The number behind a source, for traces.
pub(crate) trait AsRawSource {
    fn as_raw_source(&self) -> RawSource;
}

#[cfg(unix)]
impl<T: std::os::fd::AsRawFd> AsRawSource for T {
    fn as_raw_source(&self) -> RawSource {
        self.as_raw_fd()
    }
}

#[cfg(windows)]
impl<T: std::os::windows::io::AsRawSocket> AsRawSource for T {
    fn as_raw_source(&self) -> RawSource {
        self.as_raw_socket()
    }
}
