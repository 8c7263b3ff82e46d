//! The one door to threads and locks: std's in a build, loom's in a model.
//!
//! No other module of this crate names `std::sync` or `loom`, so a model runs the shipped scheduler and only the primitives
//! below it change. `Arc` and wakers stay std's under loom: counting references is std's business. So do the atomics inside
//! `async-task`: to a model each step of a task is one step.

pub(crate) use std::sync::Arc;

#[cfg(not(loom))]
pub(crate) use shipped::*;

#[cfg(loom)]
pub(crate) use modelled::*;

#[cfg(loom)]
pub(crate) mod tasks;

/// Locks `mutex`, whatever became of its last holder.
///
/// No stranger's code runs under a lock of this crate, so only a broken invariant of our own can poison one; that panic has
/// been reported where it happened, and each critical section leaves its data whole at every step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(not(loom))]
mod shipped {
    use std::any::Any;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};
    pub(crate) use std::{thread, thread_local};

    /// Tasks as `async-task` makes them.
    pub(crate) mod tasks {
        pub(crate) use async_task::{FallibleTask, Runnable};

        /// A task whose handle survives that the task is dropped.
        pub(crate) fn spawn<F, S>(future: F, schedule: S) -> (Runnable, FallibleTask<F::Output>)
        where
            F: Future + Send + 'static,
            F::Output: Send + 'static,
            S: Fn(Runnable) + Send + Sync + 'static,
        {
            let (runnable, task) = async_task::spawn(future, schedule);
            (runnable, task.fallible())
        }
    }

    /// Runs somebody else's code; what it panicked with, if it did.
    pub(crate) fn catch<T>(foreign: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
        catch_unwind(AssertUnwindSafe(foreign))
    }
}

#[cfg(loom)]
mod modelled {
    use std::any::Any;

    pub(crate) use loom::sync::{Mutex, MutexGuard};
    pub(crate) use loom::thread_local;

    /// loom's threads, with the one function it lacks.
    pub(crate) mod thread {
        pub(crate) use loom::thread::{Builder, JoinHandle, current};

        /// A model has no clock: sleeping is giving way.
        pub(crate) fn sleep(_: std::time::Duration) {
            loom::thread::yield_now();
        }
    }

    /// In a model a panic is a finding, and must reach loom.
    pub(crate) fn catch<T>(foreign: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
        Ok(foreign())
    }
}
