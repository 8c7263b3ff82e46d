//! Stream listeners as Go has them: listen and accept.
//!
//! ```text
//!   listen("tcp", ":8080") ─► Listener ──accept──► Conn
//!                              │                    Conn  …
//!                              └─ clone: several tasks accept in turn; close ends them all
//! ```
//!
//! ```
//! futures::executor::block_on(async {
//!     let listener = listener::listen("tcp", "127.0.0.1:0").await?;
//!     let address = listener.addr().expect("a listener is bound").to_string();
//!     let (client, server) =
//!         futures::try_join!(listener::conn::dial("tcp", &address), listener.accept())?;
//!     client.write(b"ping").await?;
//!     let mut buf = [0; 8];
//!     assert_eq!(server.read(&mut buf).await?, 4);
//!     listener.close().await
//! })?;
//! # Ok::<(), listener::OpError>(())
//! ```
//!
//! Go: `net.TCPListener`, `net.Listen`

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Instant;

pub use conn;
use conn::{Conn, Network, resolve_listen};
pub use netfd::{Addr, Error, Netpoll, OpError};
use netfd::{Mode, NetFd};

/// Listens on `address` of `network` (`tcp`, `tcp4`, `tcp6`), over the process-wide poller.
///
/// `:8080` is port 8080 of every address, `127.0.0.1:0` a port that the kernel chooses. Cancel-safe: dropped, nothing is
/// left open.
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
/// Go: `net.ListenConfig`
#[doc(alias = "net.ListenConfig")]
#[derive(Clone, Debug, Default)]
pub struct ListenConfig {
    netpoll: Option<Netpoll>,
}

impl ListenConfig {
    /// A listener's configuration over the process-wide poller.
    pub fn new() -> ListenConfig {
        ListenConfig::default()
    }

    /// Uses `netpoll` instead of the process-wide poller, for the listener and for what it accepts.
    #[must_use]
    pub fn netpoll(mut self, netpoll: &Netpoll) -> ListenConfig {
        self.netpoll = Some(netpoll.clone());
        self
    }

    /// Listens on `address` of `network`. Cancel-safe: dropped, nothing is left open.
    ///
    /// # Errors
    /// Those of [`listen`].
    ///
    /// Go: `net.ListenConfig.Listen`
    #[doc(alias = "net.ListenConfig.Listen")]
    pub async fn listen(&self, network: &str, address: &str) -> Result<Listener, OpError> {
        let failed = |cause: Error| OpError::new("listen", network.to_owned(), cause);
        let parsed: Network = network.parse().map_err(failed)?;
        let netpoll =
            self.netpoll.clone().map_or_else(Netpoll::global, Ok).map_err(|error| {
                failed(Error::os("netpollinit", error.raw_os_error().unwrap_or_default()))
            })?;
        let local = resolve_listen(parsed, address).await.map_err(failed)?;
        let fd = NetFd::listen(parsed.as_str(), &local, &netpoll)
            .map_err(|cause| failed(cause).with_addr(local.clone()))?;
        tracing::debug!(target: "listener", network, address, "listening");
        Ok(Listener(Arc::new(fd)))
    }
}

/// A socket that accepts connections; a cheap handle. The last one to go closes it, without waiting.
///
/// Go: `net.TCPListener`
#[doc(alias = "net.TCPListener")]
#[derive(Clone, Debug)]
pub struct Listener(Arc<NetFd>);

impl Listener {
    /// Accepts a connection, waiting until there is one.
    ///
    /// Cancel-safe: either none was accepted, or it was returned. Several tasks that accept are served in turn.
    ///
    /// # Errors
    /// An [`OpError`] of `accept`: closed, past the deadline, or what the kernel says. After one that
    /// [is temporary](OpError::is_temporary), such as too many open files, the listener goes on working.
    ///
    /// Go: `net.TCPListener.Accept`
    #[doc(alias = "net.TCPListener.Accept")]
    pub async fn accept(&self) -> Result<Conn, OpError> {
        let accepted = self.0.accept().await.map_err(|cause| self.0.op_error("accept", cause))?;
        let remote = accepted.remote_addr().map(tracing::field::display);
        tracing::debug!(target: "listener", remote, "accepted");
        Ok(Conn::new(accepted))
    }

    /// The address that is listened on, with the port that the kernel chose; none if the kernel did not tell it.
    ///
    /// Go: `net.TCPListener.Addr`
    #[doc(alias = "net.TCPListener.Addr")]
    pub fn addr(&self) -> Option<&Addr> {
        self.0.local_addr()
    }

    /// Sets, moves or clears (`None`) the deadline of accepts, also of those that wait at this moment. One that has passed
    /// ends them at once; one too far for the clock never comes.
    ///
    /// # Errors
    /// An [`OpError`] of `set` if the listener is closed.
    ///
    /// Go: `net.TCPListener.SetDeadline`
    #[doc(alias = "net.TCPListener.SetDeadline")]
    pub fn set_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        self.0.fd().set_deadline(Mode::Both, when).map_err(|cause| self.0.op_error("set", cause))
    }

    /// Stops listening and waits until the descriptor is gone. Accepts that wait end with the closed error; connections
    /// that were accepted go on.
    ///
    /// It is closed when this is called, also if the future is never polled.
    ///
    /// # Errors
    /// An [`OpError`] of `close` if it was closed before.
    ///
    /// Go: `net.TCPListener.Close`
    #[doc(alias = "net.TCPListener.Close")]
    pub fn close(&self) -> impl Future<Output = Result<(), OpError>> + Send + use<> {
        let closed = self.0.fd().close();
        let listener = self.0.clone();
        async move { closed.await.map_err(|cause| listener.op_error("close", cause)) }
    }
}
