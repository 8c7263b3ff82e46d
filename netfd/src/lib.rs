//! Pollable descriptors: Go's `pollDesc`, `pollCache`, `fdMutex`, `poll.FD` and `netFD`.
//!
//! ```text
//!   NetFd       a stream socket with its network and addresses        Go: net.netFD
//!     │
//!    Fd         read, write, accept, deadlines, close                 Go: poll.FD
//!     ├─ fdMutex      who may use it, in which order, and until when  Go: poll.fdMutex
//!     └─ pollDesc     parks a task in each direction                  Go: runtime.pollDesc
//!          ▲
//!    Netpoll    events and timers → the tasks that can run            Go: runtime.netpoll
//!     ├─ Parker       a thread that drives it while it has no task    Go: runtime.findRunnable
//!     └─ stand-by     a thread that drives it when nobody else does   Go: runtime.sysmon
//! ```
//!
//! A socket of the kernel's, read on a bare thread:
//!
//! ```
//! use std::io::Write;
//! use std::os::fd::OwnedFd;
//! use std::os::unix::net::UnixStream;
//!
//! let (ours, mut theirs) = UnixStream::pair()?;
//! ours.set_nonblocking(true)?;
//! let fd = netfd::Fd::new(OwnedFd::from(ours), &netfd::Netpoll::global()?)?;
//! theirs.write_all(b"hello")?;
//! let mut buf = [0; 16];
//! futures::executor::block_on(async {
//!     assert_eq!(fd.read(&mut buf).await?, 5);
//!     fd.close().await
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// The floors above show some of these pages as their own, and lead to the rest, which stand beside theirs.
#![doc(html_root_url = "../")]
#![cfg_attr(
    loom,
    allow(
        dead_code,
        unused_imports,
        private_bounds,
        private_interfaces,
        reason = "a model's build has no real sockets, and so lacks users of some items and public types of others"
    )
)]

mod addr;
mod attempt;
mod cell;
mod clock;
mod driver;
mod error;
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
/// The sockets of models.
#[cfg(loom)]
#[path = "sys/fake.rs"]
mod sys;
mod timers;
mod wake;

pub use addr::{Addr, UnixAddr};
pub use driver::{Parker, Unparker};
pub use error::{AddrError, Error, LookupError, OpError};
pub use fd::{Fd, OpState};
#[cfg(not(loom))]
pub use fd::{Received, SocketGuard};
#[cfg(not(loom))]
pub use net_fd::{Control, ControlledSocket, KeepAliveConfig, NetFd, PeerCredentials, SocketConfig};
pub use netpoll::Netpoll;
pub use poller::Mode;
pub use rustix::net::{AddressFamily, SocketType};
pub use timers::Timer;
