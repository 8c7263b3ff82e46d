//! The one door to threads, locks and atomics: std's in a build, loom's in a model.
//!
//! No other module of this crate names `std::sync` or `loom`, so a model runs the shipped state machines and only the
//! primitives below them change. `Arc` and wakers stay std's under loom: counting references is std's business.

pub(crate) use std::sync::Arc;

#[cfg(not(loom))]
pub(crate) use shipped::*;

#[cfg(loom)]
pub(crate) use modelled::*;

/// Locks `mutex`, whatever became of its last holder.
///
/// No lock of this crate is held while a stranger's code runs, so only a broken invariant of our own can poison one;
/// that panic has been reported where it happened, and each critical section leaves its data whole at every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(not(loom))]
mod shipped {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
    pub(crate) use std::sync::{Mutex, MutexGuard};
    pub(crate) use std::{thread, thread_local};

    /// Runs somebody else's code so that its panic ends there; true if it did not panic.
    ///
    /// The panic's message has been printed by the hook by then.
    pub(crate) fn survive(foreign: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(foreign)).is_ok()
    }
}

#[cfg(loom)]
mod modelled {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    pub(crate) use loom::thread_local;

    /// loom's threads, with the one function it lacks.
    pub(crate) mod thread {
        pub(crate) use loom::thread::{Thread, current, park};

        /// A model has no clock: any time-out may be over at once.
        pub(crate) fn park_timeout(_: std::time::Duration) {
            loom::thread::yield_now();
        }
    }

    /// In a model a panic is a finding, and must reach loom.
    pub(crate) fn survive(foreign: impl FnOnce()) -> bool {
        foreign();
        true
    }
}
