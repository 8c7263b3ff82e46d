//! What the messages say: each connection and each message something else, so that a byte which is changed, lost, doubled
//! or out of its place does not fit.
//!
//! ```text
//!   random bytes   ├───────────────────────────────────┤
//!   message n          └── size ──┘
//!   message n + 1            └── size ──┘                 another begin, so that one does not pass for the other
//! ```
//!
//! The highest bit of each byte is the mark: set in all of them or in none.

/// The bit that is set in each byte of a marked message, and in none of another.
const MARK: u8 = 1 << 7;

/// How many beginnings there are: a prime.
const BEGINS: u64 = 4093;

/// The messages of all connections.
#[derive(Debug)]
pub struct Pattern {
    bytes: Vec<u8>,
    size: usize,
}

impl Pattern {
    /// Messages of `size` bytes, the same in every run but for the mark.
    #[must_use]
    pub fn new(size: usize, marked: bool) -> Pattern {
        let mut bytes = vec![0; size + BEGINS as usize];
        fastrand::Rng::with_seed(4093).fill(&mut bytes);
        for byte in &mut bytes {
            *byte = if marked { *byte | MARK } else { *byte & !MARK };
        }
        Pattern { bytes, size }
    }

    /// Message `nth` of connection `conn`.
    #[inline]
    #[must_use]
    pub fn message(&self, conn: usize, nth: u64) -> &[u8] {
        let begin = (conn as u64).wrapping_mul(1021).wrapping_add(nth.wrapping_mul(613)) % BEGINS;
        &self.bytes[begin as usize..][..self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ() {
        let pattern = Pattern::new(16, false);
        for nth in 0..10_000 {
            assert_ne!(pattern.message(3, nth), pattern.message(3, nth + 1), "{nth}");
            assert_ne!(pattern.message(3, nth), pattern.message(4, nth), "{nth}");
            assert_eq!(pattern.message(3, nth).len(), 16);
        }
    }

    #[test]
    fn the_mark_is_in_every_byte_or_in_none() {
        let (plain, marked) = (Pattern::new(16, false), Pattern::new(16, true));
        for nth in 0..10_000 {
            assert!(plain.message(3, nth).iter().all(|byte| byte & MARK == 0), "{nth}");
            assert!(marked.message(3, nth).iter().all(|byte| byte & MARK != 0), "{nth}");
        }
    }
}
