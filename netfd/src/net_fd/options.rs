//! What is set on connections: delay, keep-alive, linger, buffers.
//!
//! Go: `net.setNoDelay`, `net.setKeepAlive`, `net.setLinger`

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, sockopt};

use super::NetFd;
use crate::Error;

/// The longest time that the kernel's keep-alive options take, in seconds.
const MAX_KEEP_ALIVE: Duration = Duration::from_secs(32767);
/// The most probes that the kernel's keep-alive option takes.
const MAX_PROBES: u32 = 127;
/// The longest linger time that the kernel takes, in seconds.
const MAX_LINGER: Duration = Duration::from_secs(65535);
/// The largest size of a buffer that the kernel's option takes.
const MAX_BUFFER: usize = i32::MAX as usize;

/// How the kernel probes an idle connection. `None` leaves a part as the system has it. The default is
/// [each](KeepAliveConfig::each) 15 s, which every TCP connection has unless it is told otherwise.
///
/// Times are whole seconds, rounded up, from 1 to 32767, and probes from 1 to 127; what is out of range is saturated.
///
/// Go: `net.KeepAliveConfig`
///
/// Differs: zero and negative times in Go stand for its default and for the system's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "net.KeepAliveConfig")]
pub struct KeepAliveConfig {
    /// Whether it is probed at all.
    pub enable: bool,
    /// How long it is idle before the first probe.
    pub idle: Option<Duration>,
    /// The time between probes.
    pub interval: Option<Duration>,
    /// How many probes go unanswered before the connection is given up.
    pub count: Option<u32>,
}

impl KeepAliveConfig {
    /// No probes.
    pub const OFF: KeepAliveConfig =
        KeepAliveConfig { enable: false, idle: None, interval: None, count: None };

    /// Probes each `period`, the first after as long.
    #[must_use]
    pub const fn each(period: Duration) -> KeepAliveConfig {
        KeepAliveConfig { enable: true, idle: Some(period), interval: Some(period), count: None }
    }
}

impl Default for KeepAliveConfig {
    /// What Go gives to each connection: probes each 15 s.
    ///
    /// Go: `net.defaultTCPKeepAlive`
    #[doc(alias = "defaultTCPKeepAlive")]
    fn default() -> KeepAliveConfig {
        KeepAliveConfig::each(Duration::from_secs(15))
    }
}

impl NetFd {
    /// Sends small writes at once (`true`, the default), or gathers them.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setNoDelay`
    #[doc(alias = "setNoDelay")]
    pub fn set_no_delay(&self, on: bool) -> Result<(), Error> {
        self.hand_nothing_down();
        self.0.lend(|socket| sockopt::set_tcp_nodelay(socket, on).map_err(setsockopt))
    }

    /// Has the kernel probe an idle connection (`true`, the default), or not.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setKeepAlive`
    #[doc(alias = "setKeepAlive")]
    pub fn set_keep_alive(&self, on: bool) -> Result<(), Error> {
        self.hand_nothing_down();
        self.0.lend(|socket| sockopt::set_socket_keepalive(socket, on).map_err(setsockopt))
    }

    /// Sets the idle time before keep-alive probes and the time between them: whole seconds, rounded up, at least 1 and
    /// at most 32767.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setKeepAlivePeriod`
    #[doc(alias = "setKeepAlivePeriod")]
    pub fn set_keep_alive_period(&self, period: Duration) -> Result<(), Error> {
        self.hand_nothing_down();
        let times = KeepAliveConfig::each(period);
        self.0.lend(|socket| set_keep_alive_times(socket, &times).map_err(setsockopt))
    }

    /// Sets all of the keep-alive.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setKeepAliveIdle`, `net.setKeepAliveInterval`, `net.setKeepAliveCount`
    #[doc(alias = "setKeepAliveIdle")]
    #[doc(alias = "setKeepAliveInterval")]
    #[doc(alias = "setKeepAliveCount")]
    pub fn set_keep_alive_config(&self, config: &KeepAliveConfig) -> Result<(), Error> {
        self.hand_nothing_down();
        self.0.lend(|socket| set_keep_alive_config(socket, config).map_err(setsockopt))
    }

    /// What close does with data that was not sent yet: `None` sends it in the background; zero discards it and resets
    /// the connection; more waits so long (whole seconds, rounded up, at most 65535) on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setLinger`
    #[doc(alias = "setLinger")]
    pub fn set_linger(&self, linger: Option<Duration>) -> Result<(), Error> {
        let linger = linger.map(|linger| whole_seconds(linger, MAX_LINGER));
        self.0.lend(|socket| {
            self.0.set_given_out();
            sockopt::set_socket_linger(socket, linger).map_err(setsockopt)
        })
    }

    /// Sets the size of the kernel's buffer for what comes in, in bytes; the kernel may double it and has its limits. A
    /// size too large for the option is saturated.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setReadBuffer`
    #[doc(alias = "setReadBuffer")]
    pub fn set_read_buffer(&self, bytes: usize) -> Result<(), Error> {
        let bytes = bytes.min(MAX_BUFFER);
        self.0.lend(|socket| sockopt::set_socket_recv_buffer_size(socket, bytes).map_err(setsockopt))
    }

    /// [`NetFd::set_read_buffer`] for what goes out.
    ///
    /// # Errors
    /// [`Error::Closed`], or what the kernel says.
    ///
    /// Go: `net.setWriteBuffer`
    #[doc(alias = "setWriteBuffer")]
    pub fn set_write_buffer(&self, bytes: usize) -> Result<(), Error> {
        let bytes = bytes.min(MAX_BUFFER);
        self.0.lend(|socket| sockopt::set_socket_send_buffer_size(socket, bytes).map_err(setsockopt))
    }

    /// What every TCP connection starts with: no delay, and its keep-alive.
    ///
    /// Go: `net.newTCPConn`
    #[doc(alias = "net.newTCPConn")]
    pub(super) fn start_stream(&self, keep_alive: impl FnOnce() -> KeepAliveConfig) -> Result<(), Error> {
        if self.family() == AddressFamily::UNIX {
            return Ok(());
        }
        if self.0.label().plain {
            self.0.prove_short_reads();
        }
        if self.0.label().inherited {
            return Ok(());
        }
        self.0.lend(|socket| {
            // Go ignores failures here: a connection without them is a connection still.
            let _ = set_defaults(socket, &keep_alive());
            Ok(())
        })
    }

    /// What is set on a listener is not meant for what it accepts, which has the options that every connection starts with.
    fn hand_nothing_down(&self) {
        if !self.is_connected() {
            self.0.set_given_out();
        }
    }
}

/// Sets the options of a socket that is about to listen so that whatever it accepts has them from birth: Linux hands them
/// down. Whether it does.
///
/// Differs: Go sets them on each connection.
pub(super) fn hands_down(
    socket: BorrowedFd<'_>,
    family: AddressFamily,
    plain: bool,
    keep_alive: &KeepAliveConfig,
) -> bool {
    family == AddressFamily::UNIX || (plain && set_defaults(socket, keep_alive).is_ok())
}

fn set_defaults(socket: BorrowedFd<'_>, keep_alive: &KeepAliveConfig) -> Result<(), Errno> {
    let no_delay = sockopt::set_tcp_nodelay(socket, true);
    // Also if the kernel refused the first: a socket of multipath TCP has not always had both.
    let kept = if keep_alive.enable { set_keep_alive_config(socket, keep_alive) } else { Ok(()) };
    no_delay.and(kept)
}

fn set_keep_alive_config(socket: BorrowedFd<'_>, config: &KeepAliveConfig) -> Result<(), Errno> {
    sockopt::set_socket_keepalive(socket, config.enable)?;
    set_keep_alive_times(socket, config)
}

/// The times and the count; whether there are any probes is another option.
fn set_keep_alive_times(socket: BorrowedFd<'_>, config: &KeepAliveConfig) -> Result<(), Errno> {
    let seconds = |time| whole_seconds(time, MAX_KEEP_ALIVE).max(Duration::from_secs(1));
    if let Some(interval) = config.interval {
        sockopt::set_tcp_keepintvl(socket, seconds(interval))?;
    }
    if let Some(idle) = config.idle {
        sockopt::set_tcp_keepidle(socket, seconds(idle))?;
    }
    match config.count {
        Some(count) => sockopt::set_tcp_keepcnt(socket, count.clamp(1, MAX_PROBES)),
        None => Ok(()),
    }
}

/// `duration` in whole seconds, rounded up, and no more than `most`.
fn whole_seconds(duration: Duration, most: Duration) -> Duration {
    let up = u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(duration.as_secs().saturating_add(up)).min(most)
}

pub(super) fn setsockopt(errno: Errno) -> Error {
    Error::os("setsockopt", errno.raw_os_error())
}
