//! Slots for descriptors that never move and are never freed, only used again.
//!
//! Go: `runtime.pollCache`
//!
//! An event may name a descriptor that is long closed. Its token leads to a slot, and the slot's sequence says whether
//! the event still means it. So slots live in pages that are only ever added. A page is found through a directory whose
//! tables double, so that a look-up takes no lock and what is made and not used is never more than a page and a table of
//! pointers. Whoever has a descriptor holds its page, and looks nothing up.
//!
//! ```text
//!   first     [ 0 .. n )       n = FIRST pages, as many as most programs need: found in half the instructions
//!   table 0   [ n .. 2n )      │
//!   table 1   [ 2n .. 4n )     └──► page  [ PAGE slots ]
//! ```

use std::sync::OnceLock;

use poller::Token;

use super::poll_desc::PollDesc;
use crate::sync::{Arc, Mutex, lock};

/// Slots of a page; few in a model, where the slot that was given back last is the next to be used.
const PAGE: u32 = if cfg!(loom) { 2 } else { 64 };
/// Pages that are found without a table: those of 8,192 slots.
const FIRST: u32 = if cfg!(loom) { 2 } else { 128 };
/// With doubling, enough tables for every slot number below the reserved one.
const TABLES: usize = if cfg!(loom) { 30 } else { 19 };

/// Slots side by side.
pub(crate) struct Page([PollDesc; PAGE as usize]);

impl Page {
    fn new() -> Page {
        Page(std::array::from_fn(|_| PollDesc::new(0)))
    }

    /// The slot of this number, which lies on this page.
    #[inline]
    pub(crate) fn slot(&self, slot: u32) -> &PollDesc {
        &self.0[(slot % PAGE) as usize]
    }
}

/// A page, once it is made. std's cell, for a model never grows past what it started with.
type Made = OnceLock<Arc<Page>>;

/// All slots of a poller.
///
/// Go: `runtime.pollCache`
#[doc(alias = "pollCache")]
pub(crate) struct PollCache {
    first: [Made; FIRST as usize],
    /// Made once each, in order.
    tables: [OnceLock<Box<[Made]>>; TABLES],
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
            first: [const { OnceLock::new() }; FIRST as usize],
            tables: [const { OnceLock::new() }; TABLES],
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
            let page = slot / PAGE;
            if let Some(beyond) = page.checked_sub(FIRST) {
                let (table, _) = place(beyond);
                self.tables[table].get_or_init(|| (0..FIRST << table).map(|_| OnceLock::new()).collect());
            }
            let place = self.find(page).expect("its table is there");
            place.get_or_init(|| Arc::new(Page::new()));
            free.made += PAGE;
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
        self.page(slot).slot(slot)
    }

    /// The page of a slot that was handed out.
    pub(crate) fn page(&self, slot: u32) -> &Arc<Page> {
        self.find(slot / PAGE)
            .and_then(OnceLock::get)
            .unwrap_or_else(|| panic!("slot {slot} was never handed out"))
    }

    /// The slot that a token names, if there is one.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&PollDesc> {
        Some(self.find(slot / PAGE)?.get()?.slot(slot))
    }

    /// Where a page stands, or will once it is made.
    #[inline]
    fn find(&self, page: u32) -> Option<&Made> {
        match page.checked_sub(FIRST) {
            None => self.first.get(page as usize),
            Some(beyond) => self.find_beyond(beyond),
        }
    }

    #[cold]
    fn find_beyond(&self, page: u32) -> Option<&Made> {
        let (table, index) = place(page);
        self.tables.get(table)?.get()?.get(index)
    }
}

/// In which table a page stands that is beyond the first ones, and where in it.
fn place(page: u32) -> (usize, usize) {
    let table = (page / FIRST + 1).ilog2();
    let before = FIRST * ((1 << table) - 1);
    (table as usize, (page - before) as usize)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_one_another_without_a_gap() {
        let mut expected = (0, 0);
        for page in 0..10_000 {
            assert_eq!(place(page), expected, "page {page}");
            expected.1 += 1;
            if expected.1 == (FIRST as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn every_slot_below_the_reserved_one_has_a_place() {
        let (table, index) = place((u32::MAX - 1) / PAGE - FIRST);
        assert!(table < TABLES && index < (FIRST as usize) << table);
    }

    #[test]
    fn what_is_made_and_not_used_is_less_than_a_page() {
        let cache = PollCache::new();
        for slots in 1..=1000 {
            cache.alloc();
            let pages = (0..u32::MAX / PAGE).take_while(|page| cache.get(page * PAGE).is_some()).count();
            assert!(pages * (PAGE as usize) < slots + PAGE as usize, "{pages} pages for {slots} slots");
        }
    }

    #[test]
    fn slots_beyond_the_first_pages_are_found() {
        let cache = PollCache::new();
        let first = FIRST * PAGE;
        for slot in 0..3 * first + 1 {
            assert_eq!(cache.alloc().slot(), slot);
            assert!(cache.get(slot).is_some_and(|desc| std::ptr::eq(desc, cache.slot(slot))), "slot {slot}");
        }
        // The last one is the first of its page, whose table has room for pages that are not made.
        assert!(cache.get(3 * first + PAGE).is_none());
        assert!(cache.get(u32::MAX - 1).is_none());
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
