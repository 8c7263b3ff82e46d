//! The one door to threads and locks: std's in a build, loom's in a model.
//!
//! Elsewhere in this crate only `Ordering` is named, which is one plain enum in both worlds. So a model runs the shipped
//! scheduler, and only the primitives below it change. `Arc` and wakers stay std's under loom: counting references is std's
//! business. So do the atomics inside `async-task` and of the queues: to a model each step of a task or of a queue is one
//! step.

pub(crate) use std::sync::Arc;

#[cfg(not(loom))]
pub(crate) use shipped::*;

#[cfg(loom)]
pub(crate) use modelled::*;

/// A number in a task's header. Whoever reads it has the task from whoever wrote it, so models need not explore it.
pub(crate) use std::sync::atomic::AtomicU64 as TaskNumber;

/// A worker's count of tasks. Who reads it acts on the number alone, so models need not explore it.
pub(crate) use std::sync::atomic::AtomicU32 as Tick;

#[cfg(not(loom))]
pub(crate) mod queues;

#[cfg(loom)]
#[path = "sync/modelled_queues.rs"]
pub(crate) mod queues;

#[cfg(loom)]
pub(crate) mod tasks;

/// Locks `mutex`, whatever became of its last holder.
///
/// No stranger's code runs under a lock of this crate, so only a broken invariant of our own can poison one; that panic has
/// been reported where it happened, and each critical section leaves its data whole at every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What was in `mutex`, as [`lock`] has it.
pub(crate) fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(not(loom))]
mod shipped {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence};
    pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};
    pub(crate) use std::thread;
    pub(crate) use std::time::Instant;

    /// A value for each thread, there without a check where it needs no destructor.
    macro_rules! per_thread {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            std::thread_local! { $(#[$meta])* static $name: $type = const { $init }; }
        };
    }
    pub(crate) use per_thread;

    /// Tasks as `async-task` makes them.
    pub(crate) mod tasks {
        pub(crate) use async_task::{FallibleTask, Runnable};

        /// A task whose handle survives that the task is dropped.
        ///
        /// `schedule` captures nothing: so the task need not be kept alive while it is called.
        pub(crate) fn spawn<M, F, S>(
            metadata: M,
            future: F,
            schedule: S,
        ) -> (Runnable<M>, FallibleTask<F::Output, M>)
        where
            M: Send + Sync + 'static,
            F: Future + Send + 'static,
            F::Output: Send + 'static,
            S: Fn(Runnable<M>) + Send + Sync + 'static,
        {
            const { assert!(size_of::<S>() == 0, "it captures something") };
            let (runnable, task) =
                async_task::Builder::new().metadata(metadata).spawn(move |_| future, schedule);
            (runnable, task.fallible())
        }
    }
}

#[cfg(loom)]
mod modelled {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence};
    pub(crate) use loom::sync::{Mutex, MutexGuard};

    /// A value for each thread of a model.
    macro_rules! per_thread {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
        };
    }
    pub(crate) use per_thread;

    /// A model has no clock: whatever was done took long enough to be worth sharing, and not so long that it is time to poll.
    pub(crate) struct Instant;

    impl Instant {
        pub(crate) fn now() -> Instant {
            Instant
        }

        pub(crate) fn elapsed(&self) -> std::time::Duration {
            std::time::Duration::from_micros(100)
        }
    }

    /// loom's threads, with the one function it lacks.
    pub(crate) mod thread {
        use std::sync::Arc;

        use loom::sync::Notify;
        pub(crate) use loom::thread::{Builder, JoinHandle};

        loom::thread_local! {
            static TOKEN: Arc<Notify> = Arc::new(Notify::new());
        }

        /// A thread, as far as it can be told apart and unparked. loom's own `unpark` also wakes a thread that waits for a lock,
        /// which it then reports as broken.
        #[derive(Clone)]
        pub(crate) struct Thread(loom::thread::ThreadId, Arc<Notify>);

        impl Thread {
            pub(crate) fn id(&self) -> loom::thread::ThreadId {
                self.0
            }

            pub(crate) fn unpark(&self) {
                self.1.notify();
            }
        }

        pub(crate) fn current() -> Thread {
            Thread(loom::thread::current().id(), TOKEN.with(Arc::clone))
        }

        /// A model has no clock: it waits until it is told, so that somebody has to tell.
        pub(crate) fn park_timeout(_: std::time::Duration) {
            TOKEN.with(Arc::clone).wait();
        }

        /// A model has no clock: sleeping is giving way.
        pub(crate) fn sleep(_: std::time::Duration) {
            loom::thread::yield_now();
        }
    }
}
