//! Slots for descriptors that never move and are never freed, only used again.
//!
//! Go: `runtime.pollCache`
//!
//! An event may name a descriptor that is long closed. Its token leads to a slot, and the slot's sequence says whether
//! the event still means it. So slots live in pages that are only ever added, each twice as large as the one before,
//! and a look-up takes no lock.
//!
//! ```text
//!   page 0  [ 0 .. n )          n = FIRST
//!   page 1  [ n .. 3n )
//!   page 2  [ 3n .. 7n )   …
//! ```

use std::sync::OnceLock;

use poller::Token;

use super::poll_desc::PollDesc;
use crate::sync::{Mutex, lock};

/// Slots of the first page; a model uses every slot again at once.
const FIRST: u32 = if cfg!(loom) { 1 } else { 64 };
/// With doubling, enough pages for every slot number below the reserved one.
const PAGES: usize = 26;

/// All slots of a poller.
///
/// Go: `runtime.pollCache`
#[doc(alias = "pollCache")]
pub(crate) struct PollCache {
    /// Filled once each, in order; std's cell, for a model never grows past what it started with.
    pages: [OnceLock<Box<[PollDesc]>>; PAGES],
    free: Mutex<Free>,
}

struct Free {
    slots: Vec<u32>,
    /// Slots below this number have a page.
    made: u32,
}

impl PollCache {
    pub(crate) fn new() -> PollCache {
        PollCache {
            pages: [const { OnceLock::new() }; PAGES],
            free: Mutex::new(Free { slots: Vec::new(), made: 0 }),
        }
    }

    /// A free slot, under a token that no descriptor has had (in 2^32 uses of the slot).
    ///
    /// Go: `runtime.pollCache.alloc`
    #[doc(alias = "pollCache.alloc")]
    pub(crate) fn alloc(&self) -> Token {
        let mut free = lock(&self.free);
        let slot = free.slots.pop().unwrap_or_else(|| {
            let slot = free.made;
            let (page, _) = place(slot);
            let size = FIRST << page;
            self.pages[page].get_or_init(|| (0..size).map(|_| PollDesc::new(0)).collect());
            free.made += size;
            let made = free.made;
            free.slots.extend((slot + 1..made).rev());
            slot
        });
        Token::new(slot, self.slot(slot).sequence())
    }

    /// Gives a slot back; its sequence has been moved on.
    ///
    /// Go: `runtime.pollCache.free`
    #[doc(alias = "pollCache.free")]
    pub(crate) fn free(&self, slot: u32) {
        lock(&self.free).slots.push(slot);
    }

    /// The slot that a token of ours names.
    pub(crate) fn slot(&self, slot: u32) -> &PollDesc {
        self.get(slot).unwrap_or_else(|| panic!("slot {slot} was never handed out"))
    }

    /// The slot that a token names, if there is one.
    pub(crate) fn get(&self, slot: u32) -> Option<&PollDesc> {
        let (page, index) = place(slot);
        self.pages.get(page)?.get()?.get(index)
    }
}

/// In which page a slot lives, and where in it.
fn place(slot: u32) -> (usize, usize) {
    let pages = (u64::from(slot) / u64::from(FIRST) + 1).ilog2();
    let before = u64::from(FIRST) * ((1 << pages) - 1);
    (pages as usize, (u64::from(slot) - before) as usize)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_without_a_gap() {
        let mut expected = (0, 0);
        for slot in 0..10_000 {
            assert_eq!(place(slot), expected, "slot {slot}");
            expected.1 += 1;
            if expected.1 == (FIRST as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn a_slot_that_was_given_back_is_used_again_under_another_token() {
        let cache = PollCache::new();
        let tokens: Vec<_> = (0..200).map(|_| cache.alloc()).collect();
        let mut slots: Vec<_> = tokens.iter().map(|token| token.slot()).collect();
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), 200);
        let old = tokens[17];
        let shared = crate::netpoll::shared::Shared::new().expect("a poller");
        cache.slot(old.slot()).evict(old, &shared);
        cache.slot(old.slot()).retire(old.sequence());
        cache.free(old.slot());
        let new = cache.alloc();
        assert_eq!(new.slot(), old.slot());
        assert_ne!(new, old);
    }
}
