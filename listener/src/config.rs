//! How to listen.
//!
//! Go: `net.Listen`, `net.ListenConfig`

use std::io;
use std::sync::Arc;

use conn::{Network, resolve_listen};
use foreign::event;
use netfd::{Control, ControlledSocket, Error, KeepAliveConfig, Netpoll, OpError, SocketConfig};

use crate::Listener;

/// Listens on `address` of `network` (`tcp`, `tcp4`, `tcp6`, `unix`, `unixpacket`), over the process-wide poller.
///
/// `:8080` is port 8080 of every address, `127.0.0.1:0` a port that the kernel chooses; `/run/x` a file, `@x` a name in the
/// kernel. Cancel-safe: dropped, nothing is left open.
///
/// # Errors
/// An [`OpError`] of `listen`: an unknown network, an address that does not parse or resolve, or what the kernel says.
///
/// Go: `net.Listen`
#[doc(alias = "net.Listen")]
pub async fn listen(network: &str, address: &str) -> Result<Listener, OpError> {
    ListenConfig::new().listen(network, address).await
}

/// How to listen.
///
/// ```
/// # futures::executor::block_on(async {
/// use listener::{KeepAliveConfig, ListenConfig};
///
/// let config = ListenConfig::new().keep_alive(KeepAliveConfig::OFF).backlog(16);
/// let listener = config.listen("tcp", "127.0.0.1:0").await?;
/// # listener.close().await })?;
/// # Ok::<(), listener::OpError>(())
/// ```
///
/// Go: `net.ListenConfig`
#[doc(alias = "net.ListenConfig")]
#[derive(Clone, Default)]
pub struct ListenConfig {
    netpoll: Option<Netpoll>,
    control: Option<Control>,
    keep_alive: KeepAliveConfig,
    multipath: bool,
    backlog: Option<i32>,
}

impl ListenConfig {
    /// A listener's configuration over the process-wide poller.
    #[must_use]
    pub fn new() -> ListenConfig {
        ListenConfig::default()
    }

    /// Uses `netpoll` instead of the process-wide poller, for the listener and for what it accepts.
    #[must_use]
    pub fn netpoll(mut self, netpoll: &Netpoll) -> ListenConfig {
        self.netpoll = Some(netpoll.clone());
        self
    }

    /// Calls `control` for the socket before it is bound, for options such as SO_REUSEPORT; an error of it ends the
    /// attempt.
    ///
    /// Go: `net.ListenConfig.Control`
    #[must_use]
    #[doc(alias = "net.ListenConfig.Control")]
    pub fn control(
        mut self,
        control: impl Fn(&ControlledSocket<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> ListenConfig {
        self.control = Some(Arc::new(control));
        self
    }

    /// Sets the keep-alive of the connections that are accepted; probes each 15 s, unless set. [`KeepAliveConfig::OFF`] has
    /// none.
    ///
    /// Go: `net.ListenConfig.KeepAlive`, `net.ListenConfig.KeepAliveConfig`
    #[must_use]
    #[doc(alias = "net.ListenConfig.KeepAlive")]
    #[doc(alias = "net.ListenConfig.KeepAliveConfig")]
    pub fn keep_alive(mut self, keep_alive: KeepAliveConfig) -> ListenConfig {
        self.keep_alive = keep_alive;
        self
    }

    /// Takes multipath TCP too; where the kernel has none, plain TCP alone.
    ///
    /// Differs: if listening fails for another reason Go tries again, with plain TCP.
    ///
    /// Go: `net.ListenConfig.SetMultipathTCP`
    #[must_use]
    #[doc(alias = "net.ListenConfig.SetMultipathTCP")]
    pub fn multipath(mut self, multipath: bool) -> ListenConfig {
        self.multipath = multipath;
        self
    }

    /// How many connections may wait to be accepted, as listen(2) takes it. Unless set, as many as the kernel grants.
    ///
    /// Differs: Go has no say in it.
    #[must_use]
    pub fn backlog(mut self, backlog: i32) -> ListenConfig {
        self.backlog = Some(backlog);
        self
    }

    /// Listens on `address` of `network`. Cancel-safe: dropped, nothing is left open.
    ///
    /// # Errors
    /// Those of [`listen`], or what the control hook says.
    ///
    /// Go: `net.ListenConfig.Listen`
    #[doc(alias = "net.ListenConfig.Listen")]
    pub async fn listen(&self, network: &str, address: &str) -> Result<Listener, OpError> {
        let failed = |cause: Error| OpError::new("listen", network.to_owned(), cause);
        let parsed: Network = network.parse().map_err(failed)?;
        let netpoll = self
            .netpoll
            .clone()
            .map_or_else(Netpoll::global, Ok)
            .map_err(|error| failed(Error::no_poller(error)))?;
        let local = resolve_listen(parsed, address).await.map_err(failed)?;
        let fd = SocketConfig::new(&netpoll)
            .control(self.control.clone())
            .keep_alive(self.keep_alive)
            .multipath(self.multipath)
            .backlog(self.backlog)
            .listen(parsed.as_str(), &local)
            .map_err(|cause| failed(cause).with_addr(local.clone()))?;
        event!("listener", DEBUG, network, address, "listening");
        Ok(Listener::new(fd))
    }
}

impl std::fmt::Debug for ListenConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListenConfig")
            .field("control", &self.control.is_some())
            .field("keep_alive", &self.keep_alive)
            .field("multipath", &self.multipath)
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}
