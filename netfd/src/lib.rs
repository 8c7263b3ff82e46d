//! Pollable descriptors: Go's `pollDesc`, `pollCache`, `fdMutex`, `poll.FD` and `netFD`.

// A model builds the state machines without the sockets above them, and so without some of their users.
#![cfg_attr(
    loom,
    allow(dead_code, unused_imports, reason = "the sockets that use these are not in a model's build")
)]

mod addr;
mod cell;

mod clock;
mod driver;
mod error;
#[cfg(not(loom))]
mod fd;
mod fd_mutex;
#[cfg(all(test, loom))]
mod loom_tests;
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
