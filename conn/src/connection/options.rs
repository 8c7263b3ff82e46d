//! What a connection can be set to.
//!
//! Go: `net.TCPConn.SetNoDelay`, `net.TCPConn.SetKeepAlive`, `net.TCPConn.SetLinger`

use std::time::Duration;

use netfd::{KeepAliveConfig, OpError};

use super::Conn;

impl Conn {
    /// Sends small writes at once (`true`, as every connection starts), or gathers them.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetNoDelay`
    #[doc(alias = "net.TCPConn.SetNoDelay")]
    pub fn set_no_delay(&self, on: bool) -> Result<(), OpError> {
        self.in_words_of("set", self.0.set_no_delay(on))
    }

    /// Has the kernel probe the connection while it is idle (`true`, as every connection starts), or not.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetKeepAlive`
    #[doc(alias = "net.TCPConn.SetKeepAlive")]
    pub fn set_keep_alive(&self, on: bool) -> Result<(), OpError> {
        self.in_words_of("set", self.0.set_keep_alive(on))
    }

    /// Sets the idle time before probes and the time between them: whole seconds, rounded up, from 1 to 32767.
    ///
    /// Differs: a time out of that range is saturated. Go passes it on, and the kernel refuses it or reads another one. Newer
    /// releases than 1.21 set the idle time alone.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetKeepAlivePeriod`
    #[doc(alias = "net.TCPConn.SetKeepAlivePeriod")]
    pub fn set_keep_alive_period(&self, period: Duration) -> Result<(), OpError> {
        self.in_words_of("set", self.0.set_keep_alive_period(period))
    }

    /// What close does with data that was not sent yet: `None` (as every connection starts) sends it in the background;
    /// zero discards it and resets the connection; more waits so long, whole seconds, rounded up, at most 65535.
    ///
    /// Differs: a time out of range is saturated, and a close that waits does so on a thread of its own; in Go it blocks
    /// its caller's thread.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetLinger`
    #[doc(alias = "net.TCPConn.SetLinger")]
    pub fn set_linger(&self, linger: Option<Duration>) -> Result<(), OpError> {
        self.in_words_of("set", self.0.set_linger(linger))
    }

    /// Sets all of the keep-alive: whether there is any, its times, how many probes.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetKeepAliveConfig`
    #[doc(alias = "net.TCPConn.SetKeepAliveConfig")]
    pub fn set_keep_alive_config(&self, config: &KeepAliveConfig) -> Result<(), OpError> {
        self.in_words_of("set", self.0.set_keep_alive_config(config))
    }

    /// Sets the size of the kernel's buffer for what comes in, in bytes; the kernel may double it and has its limits. A
    /// size too large for the kernel's option is saturated.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetReadBuffer`, `net.UnixConn.SetReadBuffer`
    #[doc(alias = "net.TCPConn.SetReadBuffer")]
    #[doc(alias = "net.UnixConn.SetReadBuffer")]
    pub fn set_read_buffer(&self, bytes: usize) -> Result<(), OpError> {
        self.in_words_of_this_end("set", self.0.set_read_buffer(bytes))
    }

    /// [`Conn::set_read_buffer`] for what goes out.
    ///
    /// # Errors
    /// An [`OpError`] of `set`.
    ///
    /// Go: `net.TCPConn.SetWriteBuffer`, `net.UnixConn.SetWriteBuffer`
    #[doc(alias = "net.TCPConn.SetWriteBuffer")]
    #[doc(alias = "net.UnixConn.SetWriteBuffer")]
    pub fn set_write_buffer(&self, bytes: usize) -> Result<(), OpError> {
        self.in_words_of_this_end("set", self.0.set_write_buffer(bytes))
    }

    /// Whether the connection is one of multipath TCP; one that fell back to plain TCP on its way counts too.
    ///
    /// # Errors
    /// An [`OpError`] of `set` if the connection is closed.
    ///
    /// Go: `net.TCPConn.MultipathTCP`
    ///
    /// Differs: newer kernels tell Go of a connection that fell back.
    #[doc(alias = "net.TCPConn.MultipathTCP")]
    pub fn is_multipath(&self) -> Result<bool, OpError> {
        self.in_words_of("set", self.0.is_multipath())
    }
}
