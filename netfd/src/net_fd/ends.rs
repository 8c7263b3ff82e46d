//! The two addresses of a socket, in as little room as they need: nearly every socket is IPv4's.

use std::net::{SocketAddr, SocketAddrV4};

use crate::Addr;

/// Where a socket's ends are.
#[derive(Debug)]
pub(super) enum Ends {
    /// Nobody has asked yet, or the kernel does not tell.
    Unknown,
    /// Both ends of a connection over IPv4.
    V4 { local: SocketAddrV4, remote: SocketAddrV4 },
    /// Whatever else there is.
    Other(Box<(Option<Addr>, Option<Addr>)>),
}

impl Ends {
    /// The ends, as far as they are known.
    pub(super) fn new(local: Option<Addr>, remote: Option<Addr>) -> Ends {
        match (&local, &remote) {
            (Some(Addr::Tcp(SocketAddr::V4(local))), Some(Addr::Tcp(SocketAddr::V4(remote)))) => {
                Ends::V4 { local: *local, remote: *remote }
            }
            (None, None) => Ends::Unknown,
            _ => Ends::Other(Box::new((local, remote))),
        }
    }

    /// This end.
    pub(super) fn local(&self) -> Option<Addr> {
        match self {
            Ends::Unknown => None,
            Ends::V4 { local, .. } => Some(Addr::Tcp(SocketAddr::V4(*local))),
            Ends::Other(ends) => ends.0.clone(),
        }
    }

    /// The other end.
    pub(super) fn remote(&self) -> Option<Addr> {
        match self {
            Ends::Unknown => None,
            Ends::V4 { remote, .. } => Some(Addr::Tcp(SocketAddr::V4(*remote))),
            Ends::Other(ends) => ends.1.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ends;
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
    fn the_ends_of_nearly_every_socket_need_no_more_than_two_words() {
        assert!(size_of::<Ends>() <= 16, "{}", size_of::<Ends>());
    }
}
