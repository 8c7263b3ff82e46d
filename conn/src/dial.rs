//! From a network and an address to a connection.
//!
//! Go: `net.Dial`, `net.Dialer`

use netfd::{Addr, Error, NetFd, Netpoll, OpError};

use crate::{Conn, Network, resolve_dial};

/// Connects to `address` on `network` (`tcp`, `tcp4`, `tcp6`), over the process-wide poller.
///
/// Cancel-safe: dropped, nothing is left open.
///
/// # Errors
/// An [`OpError`] of `dial`: an unknown network, an address that does not parse or resolve, or the first address's
/// failure if none can be reached.
///
/// Go: `net.Dial`
#[doc(alias = "net.Dial")]
pub async fn dial(network: &str, address: &str) -> Result<Conn, OpError> {
    Dialer::new().dial(network, address).await
}

/// How to connect.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let apart = conn::Netpoll::new()?;
/// let conn = conn::Dialer::new().netpoll(&apart).dial("tcp", "[::1]:7").await?;
/// # drop(conn); Ok(()) }
/// ```
///
/// Go: `net.Dialer`
#[doc(alias = "net.Dialer")]
#[derive(Clone, Debug, Default)]
pub struct Dialer {
    netpoll: Option<Netpoll>,
}

impl Dialer {
    /// A dialer over the process-wide poller.
    pub fn new() -> Dialer {
        Dialer::default()
    }

    /// Uses `netpoll` instead of the process-wide poller.
    #[must_use]
    pub fn netpoll(mut self, netpoll: &Netpoll) -> Dialer {
        self.netpoll = Some(netpoll.clone());
        self
    }

    /// Connects to `address` on `network`, one of its addresses after the other.
    ///
    /// Cancel-safe: dropped, nothing is left open.
    ///
    /// # Errors
    /// Those of [`dial`].
    ///
    /// Go: `net.Dialer.Dial`
    #[doc(alias = "net.Dialer.Dial")]
    pub async fn dial(&self, network: &str, address: &str) -> Result<Conn, OpError> {
        let failed = |cause: Error| OpError::new("dial", network.to_owned(), cause);
        let parsed: Network = network.parse().map_err(failed)?;
        let netpoll =
            self.netpoll.clone().map_or_else(Netpoll::global, Ok).map_err(|error| {
                failed(Error::os("netpollinit", error.raw_os_error().unwrap_or_default()))
            })?;
        let mut first = None;
        for remote in resolve_dial(parsed, address).await.map_err(failed)? {
            match NetFd::dial(parsed.as_str(), remote, &netpoll).await {
                Ok(fd) => {
                    tracing::debug!(target: "conn", network, %remote, "connected");
                    return Ok(Conn::new(fd));
                }
                Err(cause) => {
                    tracing::debug!(target: "conn", network, %remote, %cause, "not connected");
                    first.get_or_insert_with(|| failed(cause).with_addr(Addr::from(remote)));
                }
            }
        }
        Err(first.unwrap_or_else(|| failed(Error::InvalidInput("missing address"))))
    }
}
