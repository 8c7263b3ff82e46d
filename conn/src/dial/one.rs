//! Connecting to one address, and to one after the other.

use std::time::Instant;

use foreign::event;
use netfd::{Addr, Error, NetFd};

use super::Attempt;
use super::share::partial_deadline;

/// How often a connection is tried again that the kernel has made to itself, or for which it found no port.
const RETRIES: usize = 2;

/// Which address failed, and why.
pub(super) type Failure = (Addr, Error);

impl Attempt {
    /// Tries one address after the other, each for its share of the time. The first one's failure, if all fail, unless the
    /// time is up before all were tried.
    ///
    /// Go: `net.sysDialer.dialSerial`
    #[doc(alias = "dialSerial")]
    pub(super) async fn one_after_the_other(&self, targets: &[Addr]) -> Result<NetFd, Failure> {
        let mut first = None;
        for (tried, target) in targets.iter().enumerate() {
            let left = u32::try_from(targets.len() - tried).unwrap_or(u32::MAX);
            // Out of time: that is the news, whatever became of the others.
            let deadline = partial_deadline(Instant::now(), self.deadline, left)
                .map_err(|cause| (target.clone(), cause))?;
            match self.connect(target, deadline).await {
                Ok(fd) => {
                    event!("conn", DEBUG, network = %self.network, remote = %target, "connected");
                    return Ok(fd);
                }
                Err(cause) => {
                    event!("conn", DEBUG, network = %self.network, remote = %target, %cause, "not connected");
                    first.get_or_insert_with(|| (target.clone(), cause));
                }
            }
        }
        Err(first.expect("there is at least one address to try"))
    }

    /// Connects to one address.
    ///
    /// The kernel may choose for our end the very port that is dialled, where nobody listens: TCP's simultaneous open then
    /// makes a connection to itself. And it may find no free port for a moment. Another try gets another port, unless
    /// the port was asked for.
    ///
    /// Go: `net.sysDialer.dialSingle`, `net.sysDialer.doDialTCP`
    #[doc(alias = "dialSingle")]
    #[doc(alias = "doDialTCP")]
    async fn connect(&self, target: &Addr, deadline: Option<Instant>) -> Result<NetFd, Error> {
        let network = self.network.as_str();
        let dial = || self.config.dial(network, self.local.as_ref(), target, deadline);
        let any_port = self.local.as_ref().is_none_or(|local| local.port() == Some(0));
        let mut dialled = dial().await;
        for _ in 0..RETRIES {
            let again = match &dialled {
                Ok(fd) => is_self_connect(fd.local_addr().as_ref(), fd.remote_addr().as_ref()),
                Err(cause) => is_spurious(cause),
            };
            if !again || !any_port || !self.network.is_tcp() {
                break;
            }
            // The first one is closed before the second is made.
            drop(dialled);
            dialled = dial().await;
        }
        dialled
    }
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
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn a_connection_to_itself_has_one_address_at_both_ends() {
        let [one, other] = ["127.0.0.1:4000", "127.0.0.1:4001"]
            .map(|text| Addr::from(text.parse::<SocketAddr>().expect("an address")));
        assert!(is_self_connect(Some(&one), Some(&one)));
        assert!(!is_self_connect(Some(&one), Some(&other)));
        assert!(is_self_connect(Some(&one), None) && is_self_connect(None, Some(&one)));
    }

    /// Go: `net.TestSpuriousENOTAVAIL`
    #[test]
    fn spurious_enotavail() {
        assert!(is_spurious(&Error::os("connect", libc::EADDRNOTAVAIL)));
        assert!(is_spurious(&Error::os("", libc::EADDRNOTAVAIL)));
        assert!(!is_spurious(&Error::os("connect", libc::ECONNREFUSED)));
        assert!(!is_spurious(&Error::Closed));
    }
}
