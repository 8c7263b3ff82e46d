//! Whether reads of a TCP socket are told how much they have left behind.
//!
//! A short read has emptied the socket (see `drained.rs`). One that has filled its buffer says nothing, so that the next one has to
//! try; and where each message is as long as the buffer, that try finds nothing each time. So after many such reads the kernel is
//! asked to tell what they leave, which costs half as much as the try that it saves. As soon as one has left something, or was short,
//! reads are told no longer: then there is nothing to save. If that was so from the first, it takes four times as many to ask again:
//! in a stream, or where a header comes before each message, there never is. Reads into several pieces or into room that is not
//! initialized are neither counted nor told.
//!
//! ```text
//!                 32 full reads                           a read that was short, or told of more
//!   not told ──────────────────────► told: the next ──────────────────────────────────────────► not told
//!       ▲                            one may park at once                                           │
//!       └────────────────────── 128, 512, 2,048 the next time ──────────────────────────────────────┘
//! ```
//!
//! Differs: Go tries before each wait.
//!
//! Whoever reads holds the direction's lock, which hands the state on; somebody else who looks whether the socket tells may learn
//! it late. So none of it needs an ordering of its own, and models need not explore it.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::Tries;

/// After so many full reads the socket is asked for the first time.
const MANY: u16 = if cfg!(loom) { 2 } else { 32 };

/// Reads are told.
const TOLD: u16 = 0x8000;
/// The socket tells: it was asked to once.
const TELLS: u16 = 0x4000;
/// How often in a row it was of no use to be told, to the third time.
const VAIN: u16 = 0x3000;
const ONCE: u16 = 0x1000;
/// How many full reads there were since.
const COUNT: u16 = 0x0fff;
/// More than are ever counted: the kernel refused.
const REFUSED: u16 = COUNT;

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

    /// There was another one; whether the socket is to be asked.
    pub(super) fn are_many(&self) -> bool {
        let state = self.0.load(Relaxed);
        if state & TOLD != 0 || state == REFUSED {
            return false;
        }
        let many = MANY << (2 * ((state & VAIN) / ONCE));
        let count = (state & COUNT) + 1;
        self.0.store((state & (TELLS | VAIN)) | (count % many), Relaxed);
        count == many
    }

    /// From here on reads are told, unless the kernel has `refused`.
    pub(super) fn tell(&self, refused: bool) {
        let vain = self.0.load(Relaxed) & VAIN;
        self.0.store(if refused { REFUSED } else { TOLD | TELLS | vain }, Relaxed);
    }

    /// One was told that it has left nothing: the next one is spared a try.
    pub(super) fn told_of_nothing(&self) {
        if self.0.load(Relaxed) & VAIN != 0 {
            self.0.store(TOLD | TELLS, Relaxed);
        }
    }

    /// There is nothing to save any more.
    pub(super) fn tell_no_longer(&self) {
        let vain = self.0.load(Relaxed) & VAIN;
        self.0.store(TELLS | if vain == VAIN { VAIN } else { vain + ONCE }, Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{FullReads, MANY};

    /// How many full reads there are until the socket is asked to tell.
    fn until_asked(reads: &FullReads) -> u16 {
        assert!(!reads.are_told());
        let count = (1..=10_000).find(|_| reads.are_many());
        reads.tell(false);
        assert!(reads.are_told() && reads.socket_tells() && !reads.are_many());
        count.expect("it is asked")
    }

    #[test]
    fn if_it_is_of_no_use_to_be_told_it_takes_ever_more_reads_to_ask_again() {
        let reads = FullReads::new();
        for many in [MANY, 4 * MANY, 16 * MANY, 64 * MANY, 64 * MANY] {
            assert_eq!(until_asked(&reads), many);
            reads.tell_no_longer();
            assert!(reads.socket_tells());
        }
    }

    #[test]
    fn if_it_was_of_use_it_takes_few() {
        let reads = FullReads::new();
        for _ in 0..3 {
            until_asked(&reads);
            reads.tell_no_longer();
        }
        assert_eq!(until_asked(&reads), 64 * MANY);
        reads.told_of_nothing();
        assert!(reads.are_told() && reads.socket_tells());
        reads.tell_no_longer();
        assert_eq!(until_asked(&reads), 4 * MANY);
    }

    #[test]
    fn a_kernel_that_refuses_is_asked_once() {
        let reads = FullReads::new();
        reads.tell(true);
        assert!((0..10_000).all(|_| !reads.are_many()));
        assert!(!reads.are_told() && !reads.socket_tells());
    }
}
