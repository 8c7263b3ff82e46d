//! The two addresses of a socket, and what a listener's connections are made with, in as little room as they need: nearly
//! every socket is a connection over IPv4.

use std::net::{SocketAddr, SocketAddrV4};

use super::KeepAliveConfig;
use crate::Addr;

/// Where a socket's ends are.
pub(super) enum Ends {
    /// Nobody has asked yet, or the kernel does not tell.
    Unknown,
    /// Both ends of a connection over IPv4.
    V4 { local: SocketAddrV4, remote: SocketAddrV4 },
    /// Whatever else there is.
    Other(Box<Other>),
}

/// The ends of a socket that is no connection over IPv4.
pub(super) struct Other {
    local: Option<Addr>,
    remote: Option<Addr>,
    keep_alive: Option<KeepAliveConfig>,
}

impl Ends {
    /// The ends, as far as they are known.
    pub(super) fn new(local: Option<Addr>, remote: Option<Addr>) -> Ends {
        match (&local, &remote) {
            (Some(Addr::Tcp(SocketAddr::V4(local))), Some(Addr::Tcp(SocketAddr::V4(remote)))) => {
                Ends::V4 { local: *local, remote: *remote }
            }
            (None, None) => Ends::Unknown,
            _ => Ends::Other(Box::new(Other { local, remote, keep_alive: None })),
        }
    }

    /// A listener's only end; its connections are made with `keep_alive`.
    pub(super) fn of_listener(local: Option<Addr>, keep_alive: KeepAliveConfig) -> Ends {
        Ends::Other(Box::new(Other { local, remote: None, keep_alive: Some(keep_alive) }))
    }

    /// What a listener's connections are made with: Go's default, unless it was told.
    pub(super) fn keep_alive(&self) -> KeepAliveConfig {
        match self {
            Ends::Other(other) => other.keep_alive.unwrap_or_default(),
            Ends::Unknown | Ends::V4 { .. } => KeepAliveConfig::default(),
        }
    }

    /// This end.
    pub(super) fn local(&self) -> Option<Addr> {
        match self {
            Ends::Unknown => None,
            Ends::V4 { local, .. } => Some(Addr::Tcp(SocketAddr::V4(*local))),
            Ends::Other(other) => other.local.clone(),
        }
    }

    /// The other end.
    pub(super) fn remote(&self) -> Option<Addr> {
        match self {
            Ends::Unknown => None,
            Ends::V4 { remote, .. } => Some(Addr::Tcp(SocketAddr::V4(*remote))),
            Ends::Other(other) => other.remote.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ends, KeepAliveConfig};
    use crate::{Addr, UnixAddr};

    #[test]
    fn ends_come_out_as_they_went_in() {
        let tcp = |text: &str| Some(Addr::Tcp(text.parse().expect("an address")));
        let unix = Some(Addr::Unix(UnixAddr::Unnamed));
        for (local, remote) in [
            (tcp("127.0.0.1:1"), tcp("127.0.0.2:2")),
            (tcp("127.0.0.1:1"), None),
            (tcp("[::1]:1"), tcp("[::1]:2")),
            (tcp("[fe80::1%2]:1"), tcp("127.0.0.1:2")),
            (unix.clone(), unix),
            (None, None),
        ] {
            let ends = Ends::new(local.clone(), remote.clone());
            assert_eq!((ends.local(), ends.remote()), (local, remote));
        }
    }

    #[test]
    fn only_a_listener_is_told_what_its_connections_are_made_with() {
        let local = Some(Addr::Tcp("127.0.0.1:1".parse().expect("an address")));
        let listener = Ends::of_listener(local.clone(), KeepAliveConfig::OFF);
        assert_eq!((listener.local(), listener.remote()), (local.clone(), None));
        assert_eq!(listener.keep_alive(), KeepAliveConfig::OFF);
        assert_eq!(Ends::new(local, None).keep_alive(), KeepAliveConfig::default());
    }

    #[test]
    fn the_ends_of_nearly_every_socket_need_no_more_than_two_words() {
        assert!(size_of::<Ends>() <= 16, "{}", size_of::<Ends>());
    }
}
