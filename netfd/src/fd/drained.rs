//! Whether the last read emptied the socket, so that the next one may wait without trying.
//!
//! Differs: Go tries before each wait.
//!
//! A stream socket that returns less than it was asked for had no more, and with edges every byte that comes later
//! makes the direction's word ready. So the try that would only find the socket empty can be left out, if
//!
//! - the socket is one of which that holds: TCP over IPv4 or IPv6. Unix sockets stop at descriptors that are passed along,
//!   and whoever has the raw descriptor may change when it counts as readable;
//! - the kernel has told of nothing but data: a read stops short at urgent data, and the end of a stream may have come in
//!   one edge with the last bytes, which is used up by now;
//! - the note is made after the call, while the direction's lock is held, and a word that is ready by then means try.
//!
//! A BPF program that makes multipath TCP of a socket that was asked for as TCP is not seen.
//!
//! One that has filled its buffer may know as much, if the kernel has told it what is left: see `full_reads.rs`.
//!
//! The reader notes it in the fdMutex as it gives the lock back, and the next one finds it as it takes the lock. `ShortReads`
//! says whether the note may be trusted. A read that comes after raw access is ordered after it by whatever made it come
//! later, so the flag needs no ordering of its own.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicBool;

/// A read of so much is part of a stream.
const STREAMS: usize = 32 << 10;

/// Whether a read is part of a stream: the sender is likely to have sent on while it was copied, or to do so soon. Trying
/// again costs less than to be woken once more, in this thread and in the sender's. With 32 KiB a stream is a fifth faster
/// than without.
#[inline]
pub(super) fn is_of_stream(read: usize) -> bool {
    read >= STREAMS
}

/// Whether a read that was `asked` for so much stopped short; the caller has ruled out a piece of a stream.
#[inline]
pub(super) fn is_short(read: usize, asked: usize) -> bool {
    0 < read && read < asked
}

/// Whether a short read says anything about the socket.
pub(super) struct ShortReads(AtomicBool);

impl ShortReads {
    /// For a socket of which nothing is known.
    pub(super) fn unproven() -> ShortReads {
        ShortReads(AtomicBool::new(false))
    }

    /// From here on they do. Said while nobody else has the descriptor.
    pub(super) fn prove(&self) {
        self.0.store(true, Relaxed);
    }

    /// They say nothing any more.
    pub(super) fn disprove(&self) {
        self.0.store(false, Relaxed);
    }

    /// Whether they do, for the holder of the read lock.
    #[inline]
    pub(super) fn are_proven(&self) -> bool {
        self.0.load(Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{STREAMS, is_of_stream, is_short};

    #[test]
    fn a_read_is_short_if_it_found_something_and_not_all_that_was_asked_for() {
        assert!(is_short(1, 2) && is_short(STREAMS - 1, STREAMS));
        assert!(!is_short(0, 2), "the end of a stream is no short read");
        assert!(!is_short(2, 2), "there may be more");
        assert!(is_of_stream(STREAMS) && !is_of_stream(STREAMS - 1), "of a large one more is on its way");
    }
}
