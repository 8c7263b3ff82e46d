//! Whether the last read emptied the socket, so that the next one may wait without trying.
//!
//! ```text
//!   unproven ──proves──► unknown ◄──────── take ─────── drained
//!      ▲                    └───── a short read ──────────▲
//!      └── raw access ── from any
//! ```
//!
//! Differs: Go tries before each wait.
//!
//! A stream socket that returns less than it was asked for had no more, and with edges every byte that comes later
//! makes the direction's word ready. So the try that would only find the socket empty can be left out, if
//!
//! - the socket is one of which that holds: TCP over IPv4 or IPv6. Unix sockets stop at descriptors that are passed along,
//!   and whoever has the raw descriptor may change when it counts as readable;
//!   (A BPF program that makes multipath TCP of a socket that was asked for as TCP is not seen.)
//! - the kernel has told of nothing but data: a read stops short at urgent data, and the end of a stream may have come in
//!   one edge with the last bytes, which is used up by now;
//! - the mark is made after the call, while the direction's lock is held, and a word that is ready by then means try.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU8;

/// A short read says nothing about the socket.
const UNPROVEN: u8 = 0;
/// It does, and there was none last time.
const UNKNOWN: u8 = 1;
/// The last read was short.
const DRAINED: u8 = 2;

/// The mark. Readers change it under the read lock, which orders it; raw access takes it away at any time.
pub(super) struct Drained(AtomicU8);

impl Drained {
    /// For a socket of which nothing is known.
    pub(super) fn unproven() -> Drained {
        Drained(AtomicU8::new(UNPROVEN))
    }

    /// From here on short reads count, unless raw access was given before.
    pub(super) fn prove(&self) {
        self.0.store(UNKNOWN, Relaxed);
    }

    /// Short reads count for nothing any more.
    pub(super) fn disprove(&self) {
        // A swap: a plain store would do, but loom orders it no better than by what the threads tell one another, and
        // calls a mark lost that every machine keeps.
        self.0.swap(UNPROVEN, Relaxed);
    }

    /// Takes the mark away: a read is about to wait, or to try.
    pub(super) fn take(&self) -> bool {
        self.0.compare_exchange(DRAINED, UNKNOWN, Relaxed, Relaxed).is_ok()
    }

    /// A read was short.
    pub(super) fn mark(&self) {
        // A failure: it was disproved, perhaps at this moment.
        let _ = self.0.compare_exchange(UNKNOWN, DRAINED, Relaxed, Relaxed);
    }
}
