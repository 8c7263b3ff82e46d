//! The one place that chooses between the standard library's synchronisation and loom's.
//!
//! Every other module of this crate names `crate::sync`, so that compiling with `--cfg loom` puts the whole crate, as
//! shipped, under a model.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(loom)]
pub(crate) use loom::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::yield_now,
};

#[cfg(all(test, loom))]
pub(crate) use loom::{model::Builder, sync::Arc, thread};
