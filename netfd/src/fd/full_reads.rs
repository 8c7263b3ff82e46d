//! Whether reads of a TCP socket are told how much they have left behind.
//!
//! A short read has emptied the socket (see `drained.rs`). One that has filled its buffer says nothing, so that the next one has to
//! try; and where each message is as long as the buffer, that try finds nothing each time. So after several such reads the kernel is
//! asked to tell what they leave, which costs half as much as the try that it saves. As soon as one has left something, or was short,
//! reads are told no longer: then there is nothing to save.
//!
//! ```text
//!                 many full reads                       a read that was short, or told of more
//!   not told ──────────────────────► told: the next ────────────────────────────────────────► not told
//!                                    one may park at once
//! ```
//!
//! Differs: Go tries before each wait.
//!
//! Whoever reads holds the direction's lock, which hands the state on; somebody else who looks whether the socket tells may learn
//! it late. So none of it needs an ordering of its own, and models need not explore it.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::Tries;

/// After so many full reads the socket is asked. Fewer, and a protocol with a header before each message, of which every second read
/// leaves something, would be told again and again for nothing.
const MANY: u8 = if cfg!(loom) { 2 } else { 48 };

/// Reads are told.
const TOLD: u8 = 0x80;
/// The socket tells: it was asked to once.
const TELLS: u8 = 0x40;
/// How many full reads there were since.
const COUNT: u8 = 0x3f;
/// More than are counted: the kernel refused.
const REFUSED: u8 = COUNT;

/// What is known of a socket's full reads.
pub(super) struct FullReads(Tries);

impl FullReads {
    /// Of a socket that nobody has read yet.
    pub(super) fn new() -> FullReads {
        FullReads(Tries::new(0))
    }

    /// Whether the next read is to be told.
    #[inline]
    pub(super) fn are_told(&self) -> bool {
        self.0.load(Relaxed) & TOLD != 0
    }

    /// Whether the socket was asked to tell, for who gives it to somebody else.
    pub(super) fn socket_tells(&self) -> bool {
        self.0.load(Relaxed) & TELLS != 0
    }

    /// There was another one; whether the socket is to be asked. Not all kinds of reads are told.
    pub(super) fn are_many(&self) -> bool {
        let state = self.0.load(Relaxed);
        if state & TOLD != 0 || state == REFUSED {
            return false;
        }
        let count = (state & COUNT) + 1;
        self.0.store((state & TELLS) | (count % MANY), Relaxed);
        count == MANY
    }

    /// From here on reads are told, unless the kernel has `refused`.
    pub(super) fn tell(&self, refused: bool) {
        self.0.store(if refused { REFUSED } else { TOLD | TELLS }, Relaxed);
    }

    /// There is nothing to save any more.
    pub(super) fn tell_no_longer(&self) {
        self.0.store(TELLS, Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{FullReads, MANY};

    #[test]
    fn reads_are_told_after_many_full_ones_and_again_after_as_many_more() {
        let reads = FullReads::new();
        for _ in 0..2 {
            let asks = [(); MANY as usize].map(|()| reads.are_many());
            assert_eq!(asks.iter().position(|ask| *ask), Some(MANY as usize - 1));
            assert!(!reads.are_told());
            reads.tell(false);
            assert!(reads.are_told() && reads.socket_tells() && !reads.are_many());
            reads.tell_no_longer();
            assert!(!reads.are_told() && reads.socket_tells());
        }
    }

    #[test]
    fn a_kernel_that_refuses_is_asked_once() {
        let reads = FullReads::new();
        reads.tell(true);
        assert!((0..1000).all(|_| !reads.are_many()));
        assert!(!reads.are_told() && !reads.socket_tells());
    }
}
