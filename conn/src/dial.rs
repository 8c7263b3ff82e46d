//! From a network and an address to a connection.
//!
//! Go: `net.Dial`, `net.Dialer`
//!
//! ```text
//!   "localhost:80" ─► resolver ─► [::1]:80, 127.0.0.1:80
//!                                     │          │
//!                       primaries ────┘          └──── fallbacks, after a delay, or once the primaries have failed
//!                          │  one after the other, each    │
//!                          │  with its share of the time   │
//!                          └──────────► the first to stand ◄──────────┘   the other attempt is dropped
//! ```

mod one;
mod race;
mod share;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netfd::{
    Addr, AddrError, Control, ControlledSocket, Error, KeepAliveConfig, LookupError, Netpoll, OpError,
    SocketConfig,
};

use crate::resolve::dial_targets;
use crate::{Conn, Network, split_host_port};

/// Connects to `address` on `network` (`tcp`, `tcp4`, `tcp6`, `unix`, `unixpacket`), over the process-wide poller.
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

/// [`dial`] that gives up after `timeout`; one too long for the clock never ends.
///
/// Cancel-safe: dropped, nothing is left open.
///
/// # Errors
/// Those of [`dial`], or a time-out.
///
/// Go: `net.DialTimeout`
///
/// Differs: zero is no time at all, and so a time-out. Go takes it for no limit.
#[doc(alias = "net.DialTimeout")]
pub async fn dial_timeout(network: &str, address: &str, timeout: Duration) -> Result<Conn, OpError> {
    Dialer::new().timeout(timeout).dial(network, address).await
}

/// How to connect.
///
/// ```no_run
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let apart = conn::Netpoll::new()?;
/// let dialer = conn::Dialer::new().netpoll(&apart).timeout(Duration::from_secs(3));
/// let conn = dialer.dial("tcp", "localhost:7").await?;
/// # drop(conn); Ok(()) }
/// ```
///
/// Go: `net.Dialer`
#[doc(alias = "net.Dialer")]
#[derive(Clone)]
pub struct Dialer {
    netpoll: Option<Netpoll>,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    local: Option<Addr>,
    fallback_delay: Option<Duration>,
    keep_alive: KeepAliveConfig,
    control: Option<Control>,
    multipath: bool,
}

impl Default for Dialer {
    fn default() -> Dialer {
        Dialer {
            netpoll: None,
            timeout: None,
            deadline: None,
            local: None,
            // What RFC 6555 recommends.
            fallback_delay: Some(Duration::from_millis(300)),
            keep_alive: KeepAliveConfig::default(),
            control: None,
            multipath: false,
        }
    }
}

impl Dialer {
    /// A dialer over the process-wide poller.
    #[must_use]
    pub fn new() -> Dialer {
        Dialer::default()
    }

    /// Uses `netpoll` instead of the process-wide poller.
    #[must_use]
    pub fn netpoll(mut self, netpoll: &Netpoll) -> Dialer {
        self.netpoll = Some(netpoll.clone());
        self
    }

    /// Gives up so long after the call of [`Dialer::dial`], look-ups included; one too long for the clock never ends.
    ///
    /// Go: `net.Dialer.Timeout`
    ///
    /// Differs: zero is no time at all, and so a time-out. Go takes it for no limit, which here is not to call this.
    #[must_use]
    #[doc(alias = "net.Dialer.Timeout")]
    pub fn timeout(mut self, timeout: Duration) -> Dialer {
        self.timeout = Some(timeout);
        self
    }

    /// Gives up at an instant. Of this and [`Dialer::timeout`] the earlier counts.
    ///
    /// Go: `net.Dialer.Deadline`
    #[must_use]
    #[doc(alias = "net.Dialer.Deadline")]
    pub fn deadline(mut self, deadline: Instant) -> Dialer {
        self.deadline = Some(deadline);
        self
    }

    /// Connects from this address; its port may be 0. Only addresses of its family are tried; from a wildcard, which is this
    /// host itself, those of either.
    ///
    /// Go: `net.Dialer.LocalAddr`
    #[must_use]
    #[doc(alias = "net.Dialer.LocalAddr")]
    pub fn local_addr(mut self, local: impl Into<Addr>) -> Dialer {
        self.local = Some(local.into());
        self
    }

    /// How long the addresses of the family that comes first are tried alone, if a name has both; 300 ms, unless set.
    /// `None` tries one address after the other.
    ///
    /// Go: `net.Dialer.FallbackDelay`, `net.Dialer.fallbackDelay`
    ///
    /// Differs: zero tries both families at once. Go takes it for its default.
    #[must_use]
    #[doc(alias = "net.Dialer.FallbackDelay")]
    #[doc(alias = "net.Dialer.fallbackDelay")]
    pub fn fallback_delay(mut self, delay: Option<Duration>) -> Dialer {
        self.fallback_delay = delay;
        self
    }

    /// Sets the connection's keep-alive; probes each 15 s, unless set. [`KeepAliveConfig::OFF`] has none.
    ///
    /// Go: `net.Dialer.KeepAlive`, `net.Dialer.KeepAliveConfig`
    #[must_use]
    #[doc(alias = "net.Dialer.KeepAlive")]
    #[doc(alias = "net.Dialer.KeepAliveConfig")]
    pub fn keep_alive(mut self, keep_alive: KeepAliveConfig) -> Dialer {
        self.keep_alive = keep_alive;
        self
    }

    /// Calls `control` for each socket before it is bound or connected; an error of it ends the attempt.
    ///
    /// Go: `net.Dialer.Control`, `net.Dialer.ControlContext`
    ///
    /// Differs: Go has two hooks, one of which is handed the context; here the one sees the attempt's deadline, which is
    /// what of a context is left where dropping is cancelling.
    #[must_use]
    #[doc(alias = "net.Dialer.Control")]
    #[doc(alias = "net.Dialer.ControlContext")]
    pub fn control(
        mut self,
        control: impl Fn(&ControlledSocket<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Dialer {
        self.control = Some(Arc::new(control));
        self
    }

    /// Asks for multipath TCP; where the kernel has none it is plain TCP.
    ///
    /// Differs: if the attempt fails for another reason Go makes a second one, with plain TCP.
    ///
    /// Go: `net.Dialer.SetMultipathTCP`
    #[must_use]
    #[doc(alias = "net.Dialer.SetMultipathTCP")]
    pub fn multipath(mut self, multipath: bool) -> Dialer {
        self.multipath = multipath;
        self
    }

    /// Connects to `address` on `network`.
    ///
    /// Cancel-safe: dropped, nothing is left open.
    ///
    /// # Errors
    /// Those of [`dial`], a time-out, or what the control hook says.
    ///
    /// Go: `net.Dialer.Dial`, `net.Dialer.DialContext`
    #[doc(alias = "net.Dialer.Dial")]
    #[doc(alias = "net.Dialer.DialContext")]
    pub async fn dial(&self, network: &str, address: &str) -> Result<Conn, OpError> {
        let failed = |cause: Error| OpError::new("dial", network.to_owned(), cause);
        let attempt = self.attempt(network).map_err(failed)?;
        let targets = attempt.look_up(address).await.map_err(failed)?;
        let from_port = matches!(split_host_port(address), Ok(("", _)));
        let connected = attempt.race(targets, self.fallback_delay).await;
        connected.map(Conn::new).map_err(|(target, cause)| {
            // Without a host, if none was asked for.
            let shown = match target {
                Addr::Tcp(addr) if from_port => Addr::TcpPort(addr.port()),
                target => target,
            };
            failed(cause).with_source(self.local.clone()).with_addr(shown)
        })
    }

    /// One call of [`Dialer::dial`]: its network, its poller, its end.
    fn attempt(&self, network: &str) -> Result<Attempt, Error> {
        let network: Network = network.parse()?;
        let netpoll = self.netpoll.clone().map_or_else(Netpoll::global, Ok).map_err(Error::no_poller)?;
        let timeout = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let deadline = [timeout, self.deadline].into_iter().flatten().min();
        let config = SocketConfig::new(&netpoll)
            .control(self.control.clone())
            .keep_alive(self.keep_alive)
            .multipath(self.multipath);
        Ok(Attempt { network, netpoll, deadline, local: self.local.clone(), config })
    }
}

/// A dial under way.
struct Attempt {
    network: Network,
    netpoll: Netpoll,
    deadline: Option<Instant>,
    local: Option<Addr>,
    config: SocketConfig,
}

impl Attempt {
    /// The addresses to try, at least one, within the time there is.
    async fn look_up(&self, address: &str) -> Result<Vec<Addr>, Error> {
        let from = self.local.as_ref().and_then(Addr::ip).map(|from| from.to_canonical());
        let to_this_host = matches!(split_host_port(address), Ok(("", _)));
        let network = match (self.network, from) {
            // This host is reached from an address of IPv6 by its own of that kind.
            (Network::Tcp, Some(IpAddr::V6(_))) if to_this_host => Network::Tcp6,
            (network, _) => network,
        };
        let found = race::until(&self.netpoll, self.deadline, dial_targets(network, address)).await;
        let late = || {
            let host = split_host_port(address).map_or(address, |(host, _)| host);
            Err(LookupError::new("i/o timeout", host).timed_out().into())
        };
        let mut targets = found.unwrap_or_else(late)?;
        if to_this_host && let Some(IpAddr::V4(from)) = from.filter(|from| !from.is_unspecified()) {
            // From an address of IPv4 this host is that address, as the kernel has it for a connection to none at all.
            for target in &mut targets {
                if let Addr::Tcp(to) = target
                    && to.is_ipv4()
                {
                    to.set_ip(from.into());
                }
            }
        }
        if let Some(local) = &self.local {
            keep_reachable(&mut targets, local)?;
        }
        Ok(targets)
    }
}

/// Leaves out what cannot be reached from `local`. A wildcard is this host itself, which either family reaches.
///
/// Go: `net.Resolver.resolveAddrList`
#[doc(alias = "net.Resolver.resolveAddrList")]
fn keep_reachable(targets: &mut Vec<Addr>, local: &Addr) -> Result<(), Error> {
    if targets.iter().any(|target| target.network() != local.network()) {
        return Err(AddrError::new("mismatched local address type", local.to_string()).into());
    }
    let canonical = |addr: &Addr| addr.ip().map(|ip| ip.to_canonical());
    let Some(from) = canonical(local).filter(|from| !from.is_unspecified()) else {
        return Ok(());
    };
    let reachable = |ip: IpAddr| ip.is_unspecified() || ip.is_ipv4() == from.is_ipv4();
    targets.retain(|target| canonical(target).is_some_and(reachable));
    if targets.is_empty() {
        return Err(AddrError::new("no suitable address found", local.to_string()).into());
    }
    Ok(())
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer")
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .field("local", &self.local)
            .field("fallback_delay", &self.fallback_delay)
            .field("keep_alive", &self.keep_alive)
            .field("control", &self.control.is_some())
            .field("multipath", &self.multipath)
            .finish_non_exhaustive()
    }
}
