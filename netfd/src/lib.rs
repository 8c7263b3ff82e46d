//! Pollable descriptors: Go's `pollDesc`, `pollCache`, `fdMutex`, `poll.FD` and `netFD`.

mod addr;
mod cell;
mod clock;
mod driver;
mod error;
#[cfg(not(loom))]
mod fd;
mod fd_mutex;
#[cfg(not(loom))]
mod net_fd;
mod netpoll;
mod sync;
#[cfg(not(loom))]
mod sys;
mod timers;

pub use addr::Addr;
pub use driver::{Parker, Unparker};
pub use error::{AddrError, Error, LookupError, OpError};
pub use netpoll::Netpoll;
pub use poller::Mode;
pub use timers::Timer;
#[cfg(not(loom))]
pub use {fd::Fd, fd::OpState, net_fd::NetFd};
