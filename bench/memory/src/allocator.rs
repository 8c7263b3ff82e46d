//! The system's allocator, and a count of what it has given and not got back.

#![expect(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

// Statistics: nothing is published through them.
static ASKED: AtomicUsize = AtomicUsize::new(0);
static ROUNDED: AtomicUsize = AtomicUsize::new(0);

/// What the C library keeps beside each block.
const HEADER: usize = size_of::<usize>();

/// The system's allocator, counting.
#[derive(Debug)]
pub struct Counting;

impl Counting {
    /// The bytes that were asked for and are in use.
    #[must_use]
    pub fn asked() -> usize {
        ASKED.load(Relaxed)
    }

    /// The same as the C library rounds them, with its own header.
    #[must_use]
    pub fn rounded() -> usize {
        ROUNDED.load(Relaxed)
    }
}

/// What a block that the C library gave occupies.
fn occupied(block: *mut u8) -> usize {
    // SAFETY: the caller has just got the block from `System`, which is the C library's allocator, or is about to return it.
    unsafe { libc::malloc_usable_size(block.cast()) + HEADER }
}

fn given(block: *mut u8, layout: Layout) {
    if !block.is_null() {
        ASKED.fetch_add(layout.size(), Relaxed);
        ROUNDED.fetch_add(occupied(block), Relaxed);
    }
}

fn returned(block: *mut u8, layout: Layout) {
    ASKED.fetch_sub(layout.size(), Relaxed);
    ROUNDED.fetch_sub(occupied(block), Relaxed);
}

// SAFETY: every call goes to `System` as it came; the counts beside them touch no block.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of `System`.
        let block = unsafe { System.alloc(layout) };
        given(block, layout);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of `System`.
        let block = unsafe { System.alloc_zeroed(layout) };
        given(block, layout);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        returned(block, layout);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let before = occupied(block);
        // SAFETY: the caller's promises are those of `System`.
        let moved = unsafe { System.realloc(block, layout, size) };
        if !moved.is_null() {
            ASKED.fetch_sub(layout.size(), Relaxed);
            ASKED.fetch_add(size, Relaxed);
            ROUNDED.fetch_sub(before, Relaxed);
            ROUNDED.fetch_add(occupied(moved), Relaxed);
        }
        moved
    }
}
