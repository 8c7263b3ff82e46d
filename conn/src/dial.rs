//! From a network and an address to a connection.
//!
//! Go: `net.Dial`, `net.Dialer`

use std::net::SocketAddr;

use netfd::{Addr, Error, NetFd, Netpoll, OpError};

use crate::{Conn, Network, resolve_dial, split_host_port};

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
            match connect(parsed.as_str(), remote, &netpoll).await {
                Ok(fd) => {
                    tracing::debug!(target: "conn", network, %remote, "connected");
                    return Ok(Conn::new(fd));
                }
                Err(cause) => {
                    tracing::debug!(target: "conn", network, %remote, %cause, "not connected");
                    first.get_or_insert_with(|| failed(cause).with_addr(asked_for(address, remote)));
                }
            }
        }
        Err(first.unwrap_or_else(|| failed(Error::InvalidInput("missing address"))))
    }
}

/// The address as errors name it: without a host, if none was asked for.
fn asked_for(address: &str, remote: SocketAddr) -> Addr {
    match split_host_port(address) {
        Ok(("", _)) => Addr::TcpPort(remote.port()),
        _ => Addr::from(remote),
    }
}

/// How often a connection is tried again that the kernel has made to itself, or for which it found no port.
const RETRIES: usize = 2;

/// Connects to one address.
///
/// The kernel may choose for our end the very port that is dialled, where nobody listens: TCP's simultaneous open then
/// makes a connection to itself. And it may find no free port for a moment. Another try gets another port.
///
/// Go: `net.sysDialer.doDialTCP`
#[doc(alias = "net.sysDialer.doDialTCP")]
async fn connect(net: &'static str, remote: SocketAddr, netpoll: &Netpoll) -> Result<NetFd, Error> {
    let mut dialled = NetFd::dial(net, remote, netpoll).await;
    for _ in 0..RETRIES {
        let again = match &dialled {
            Ok(fd) => is_self_connect(fd.local_addr(), fd.remote_addr()),
            Err(cause) => is_spurious(cause),
        };
        if !again {
            break;
        }
        // The first one is closed before the second is made.
        drop(dialled);
        dialled = NetFd::dial(net, remote, netpoll).await;
    }
    dialled
}

/// Whether both ends of a connection are one; also if the kernel does not tell them.
///
/// Go: `net.selfConnect`
#[doc(alias = "net.selfConnect")]
fn is_self_connect(local: Option<&Addr>, remote: Option<&Addr>) -> bool {
    local == remote || local.is_none() || remote.is_none()
}

/// Whether the kernel found no address or port for our end.
///
/// Go: `net.spuriousENOTAVAIL`
#[doc(alias = "net.spuriousENOTAVAIL")]
fn is_spurious(cause: &Error) -> bool {
    cause.raw_os_error() == Some(libc::EADDRNOTAVAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_to_itself_has_one_address_at_both_ends() {
        let [one, other] = ["127.0.0.1:4000", "127.0.0.1:4001"]
            .map(|text| Addr::from(text.parse::<SocketAddr>().expect("an address")));
        assert!(is_self_connect(Some(&one), Some(&one)));
        assert!(!is_self_connect(Some(&one), Some(&other)));
        assert!(is_self_connect(Some(&one), None) && is_self_connect(None, Some(&one)));
    }

    #[test]
    fn only_a_missing_address_of_ours_is_spurious() {
        assert!(is_spurious(&Error::os("connect", libc::EADDRNOTAVAIL)));
        assert!(!is_spurious(&Error::os("connect", libc::ECONNREFUSED)));
        assert!(!is_spurious(&Error::Closed));
    }
}
