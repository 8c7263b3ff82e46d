//! The one door to threads, locks and atomics: std's in a build, loom's in a model.
//!
//! Elsewhere in this crate only `Ordering` is named, which is one plain enum in both worlds, and what a rule's test lists with
//! its reason: loom's cell, and what is set once and is in no model. So a model runs the shipped state machines, and only the
//! primitives below them change. `Arc` and wakers stay std's under loom: counting references is std's business.

/// A hint, which whoever misses it sees at the next look: no protocol rests on it.
pub(crate) use std::sync::atomic::AtomicBool as Hint;
/// A number that only traces read: no protocol rests on it, so models do not explore it.
pub(crate) use std::sync::atomic::AtomicI32 as TracedNumber;
/// A time by which something is done sooner or later: no protocol rests on it either.
pub(crate) use std::sync::atomic::AtomicU64 as TimeStamp;

/// How tries to read went. Only the holder of a lock changes it, and who looks besides acts on the number alone, so models need not
/// explore it.
pub(crate) use std::sync::atomic::AtomicU16 as Tries;
pub(crate) use std::sync::{Arc, Weak};

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
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
    pub(crate) use std::sync::{Mutex, MutexGuard};
    pub(crate) use std::thread;

    /// A value for each thread, there without a check where it needs no destructor.
    macro_rules! per_thread {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            std::thread_local! { $(#[$meta])* static $name: $type = const { $init }; }
        };
    }
    pub(crate) use per_thread;
}

#[cfg(loom)]
mod modelled {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
    pub(crate) use loom::sync::{Mutex, MutexGuard};

    /// A value for each thread of a model.
    macro_rules! per_thread {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
        };
    }
    pub(crate) use per_thread;

    /// Parking for models. loom's own `unpark` also wakes a thread that waits for a lock, which it then reports as broken.
    pub(crate) mod thread {
        use std::sync::Arc;

        use loom::sync::Notify;

        loom::thread_local! {
            static TOKEN: Arc<Notify> = Arc::new(Notify::new());
        }

        /// A thread, as far as it can be unparked.
        #[derive(Clone)]
        pub(crate) struct Thread(Arc<Notify>);

        impl Thread {
            pub(crate) fn unpark(&self) {
                self.0.notify();
            }
        }

        pub(crate) fn current() -> Thread {
            Thread(TOKEN.with(Arc::clone))
        }

        pub(crate) fn park() {
            TOKEN.with(Arc::clone).wait();
        }

        /// A model has no clock: a time-out is over once everybody else had a turn, and another after giving way.
        pub(crate) fn park_timeout(_: std::time::Duration) {
            loom::thread::yield_now();
            loom::thread::yield_now();
        }
    }
}
