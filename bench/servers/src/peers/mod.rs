//! One file a peer.

pub mod blocking;
#[expect(unsafe_code, reason = "it takes a listening socket only as a bare descriptor")]
pub mod may;
pub mod monoio;
pub mod ours;
#[expect(unsafe_code, reason = "the kernel's events carry a connection from one thread to another")]
pub mod raw;
pub mod smol;
pub mod tokio;
