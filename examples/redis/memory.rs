//! What clients make the server hold, counted, so that there can be an end to it.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// There is no memory left for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

/// How much is held, and how much may be.
pub(crate) struct Memory {
    limit: usize,
    // A count and nothing else: no other memory is read because of it, so relaxed is enough.
    held: AtomicUsize,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Memory {
        Memory { limit, held: AtomicUsize::new(0) }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A charge that holds nothing yet.
    pub(crate) fn nothing(self: &Arc<Memory>) -> Charge {
        Charge { memory: self.clone(), bytes: 0 }
    }

    /// Notes that `bytes` are held, for as long as the charge lives.
    pub(crate) fn charge(self: &Arc<Memory>, bytes: usize) -> Result<Charge, Full> {
        let mut charge = self.nothing();
        charge.resize(bytes)?;
        Ok(charge)
    }

    fn take(&self, bytes: usize) -> Result<(), Full> {
        let more = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.held.fetch_update(Relaxed, Relaxed, more).map(drop).map_err(|_| Full)
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Relaxed);
    }
}

/// So many bytes are held. Dropped, they are no longer.
pub(crate) struct Charge {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Charge {
    /// Holds `bytes` instead; if that is more than there is, it stays as it was.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), Full> {
        match bytes.cmp(&self.bytes) {
            // Most requests are small, and no connection should wait for another one's count.
            Ordering::Equal => {}
            Ordering::Greater => self.memory.take(bytes - self.bytes)?,
            Ordering::Less => self.memory.give_back(self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}
