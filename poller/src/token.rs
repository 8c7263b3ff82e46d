//! What a source is called in events: a slot and a sequence number, together 64 bits.
//!
//! ```text
//!   63           sequence           32 31             slot             0
//!  ┌──────────────────────────────────┬─────────────────────────────────┐
//!  │ which use of the slot this is    │ where the owner keeps its state │
//!  └──────────────────────────────────┴─────────────────────────────────┘
//! ```
//!
//! The kernel hands the 64 bits back unread. The slot leads the owner to its state without a search; the sequence
//! tells it whether the event is meant for the source that has the slot now or for one that is gone.
//!
//! The counterpart in Go is the tagged pointer to a `pollDesc` that `netpollopen` stores; its tag is `fdseq`.

use std::fmt;

/// The name of an open source, as its events carry it: a slot and the sequence number of that slot's present use.
///
/// The poller never looks inside, except to refuse a reserved one. A closed source's events may still arrive; the
/// owner tells them by their old sequence, so it gives every reuse of a slot a sequence of its own.
///
/// Go: `runtime.taggedPointer`
///
/// Differs: Go packs a pointer with as many bits of `fdseq` as the pointer leaves free: 32 on 32-bit systems, but there none
/// with kqueue, and fewer on 64-bit ones. A slot number is no pointer, so 32 bits of sequence are left everywhere and
/// following one needs no unsafe code.
///
/// ```
/// use poller::Token;
///
/// let token = Token::new(7, 3);
/// assert_eq!((token.slot(), token.sequence()), (7, 3));
/// assert_eq!(Token::from(u64::from(token)), token);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "taggedPointer")]
pub struct Token(u64);

impl Token {
    /// The slot that no source may use: backends name their own descriptors with it.
    const RESERVED_SLOT: u32 = u32::MAX;

    /// What the backends call the descriptor behind [`break_poll`](crate::Poller::break_poll).
    #[cfg_attr(loom, allow(dead_code, reason = "the kernel for models needs no name for its break"))]
    pub(crate) const BREAK: Token = Token::new(Token::RESERVED_SLOT, 0);

    /// Names the `sequence`-th use of `slot`.
    ///
    /// Every pair is a token, but those of slot `u32::MAX` are [reserved](Token::is_reserved).
    ///
    /// Go: `runtime.taggedPointerPack`
    #[must_use]
    #[doc(alias = "taggedPointerPack")]
    pub const fn new(slot: u32, sequence: u32) -> Token {
        Token((sequence as u64) << 32 | slot as u64)
    }

    /// Where the owner keeps what belongs to the source.
    #[must_use]
    pub const fn slot(self) -> u32 {
        self.0 as u32
    }

    /// Which use of the slot this is.
    ///
    /// Go: `runtime.taggedPointer.tag`
    #[must_use]
    #[doc(alias = "tag")]
    #[doc(alias = "fdseq")]
    pub const fn sequence(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether this token belongs to the backends: its slot is `u32::MAX`, whatever the sequence.
    /// [`Poller::open`](crate::Poller::open) refuses it.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        self.slot() == Token::RESERVED_SLOT
    }
}

impl From<Token> for u64 {
    fn from(token: Token) -> u64 {
        token.0
    }
}

impl From<u64> for Token {
    fn from(bits: u64) -> Token {
        Token(bits)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Token({}#{})", self.slot(), self.sequence())
    }
}
