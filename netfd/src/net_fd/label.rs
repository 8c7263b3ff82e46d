//! What is known of a socket beside the socket: its network, its kind, its ends.
//!
//! Go: `net.netFD`
//!
//! It stands in the descriptor's own allocation, as Go's `netFD` has its `poll.FD` within: a connection is one block of
//! memory. A descriptor that is no [`NetFd`](crate::NetFd) leaves it empty.

use rustix::net::AddressFamily;

use super::ends::Ends;

/// A socket's network, kind and ends.
///
/// Go: `net.netFD`
#[doc(alias = "netFD")]
pub(crate) struct Label {
    pub(super) net: &'static str,
    pub(super) family: AddressFamily,
    /// Whether it keeps the bounds of packets; else it is a stream.
    pub(super) packets: bool,
    pub(super) connected: bool,
    /// Whether it is plain TCP, so that a short read has emptied it.
    pub(super) plain: bool,
    /// Of a listener: what it accepts has its options from the kernel, and its address. Of a connection: it was accepted so.
    pub(super) inherited: bool,
    pub(super) ends: Ends,
}

impl Default for Label {
    /// Nothing is known.
    fn default() -> Label {
        Label {
            net: "",
            family: AddressFamily::UNSPEC,
            packets: false,
            connected: false,
            plain: false,
            inherited: false,
            ends: Ends::Unknown,
        }
    }
}
