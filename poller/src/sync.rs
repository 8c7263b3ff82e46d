//! The one place that chooses between the standard library's synchronisation and loom's.
//!
//! Every other module of this crate names `crate::sync`, so that compiling with `--cfg loom` puts the whole crate, as
//! shipped, under a model.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(all(test, not(loom)))]
pub(crate) use std::sync::{Arc, atomic::AtomicUsize, mpsc};

#[cfg(loom)]
pub(crate) use loom::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::yield_now,
};

#[cfg(all(test, loom))]
pub(crate) use loom::{model::Builder, thread};
/// What the threads of a model share is held by the standard library's `Arc`: no model is about reference counts, and
/// loom's own aborts the process where a model fails, while unwinding, instead of naming the model.
#[cfg(all(test, loom))]
pub(crate) use std::sync::Arc;
