//! A scheduler whose idle workers run netpoll themselves, as Go's do.
//!
//! ```text
//!   woken on a worker ──► its own queue ──────┐
//!                           ▲    │ half of it │
//!   go, woken elsewhere ────│────▼─► injector ├──► worker: run ── nothing to run ──► poll, steal ──► sleep: drive the
//!                           │  others' queues ┘                                                      poller, or beside it
//!                           └───────────────────────── wakers ◄── events, timers ◄───────────────────────────┘
//! ```
//!
//! Whoever polls runs what it found. Another worker is woken only for work that it can take: when a poll finds more than a little,
//! or a task wakes more than a little, when a task starts another, when one comes from outside. Where one thread does all the
//! work, no other is woken. One worker whose task does not yield holds up others for some 10 ms at most, as long as another is
//! free: the poller's stand-by looks 100 times a second, while somebody runs, whether others' work lies behind it.
//!
//! ```
//! let doubled = runtime::block_on(async {
//!     let handle = runtime::go(async { 21 * 2 });
//!     runtime::sleep(std::time::Duration::from_millis(1)).await;
//!     handle.await
//! });
//! assert_eq!(doubled.ok(), Some(42));
//! ```
//!
//! It has no threads for code that blocks: such code belongs on a thread of its own. It has no abort either, for that is a race of the
//! work against a future that ends it, and the slower one is dropped, as [`timeout()`] does with a time:
//!
//! ```
//! use std::pin::pin;
//!
//! use futures::channel::oneshot;
//! use futures::future::{Either, pending, select};
//!
//! // Stands for what may take too long.
//! let work = pending::<u32>;
//! let (cancel, cancelled) = oneshot::channel::<()>();
//! let task = runtime::go(async move {
//!     match select(pin!(work()), cancelled).await {
//!         Either::Left((result, _)) => Some(result),
//!         Either::Right(_) => None,
//!     }
//! });
//! drop(cancel);
//! assert_eq!(runtime::block_on(task).ok(), Some(None));
//! ```
//!
//! No crate of this project needs it: every future of theirs runs on any executor. It is for programs that want no other.
//!
//! Go: `runtime.schedule`, `runtime.findRunnable`

#![forbid(unsafe_code)]

mod block_on;
#[cfg(not(loom))]
mod builder;
#[cfg(not(loom))]
mod global;
mod idle;
mod join;
mod local;
#[cfg(all(test, loom))]
mod loom_tests;
mod pace;
mod park;
mod pleas;
mod runtime;
mod scheduler;
mod sync;
mod tasks;
#[cfg(all(test, not(loom)))]
mod tests;
mod threads;
#[cfg(not(loom))]
mod timeout;
mod worker;
mod yields;

#[cfg(not(loom))]
pub use builder::Builder;
#[cfg(not(loom))]
pub use global::{block_on, go, sleep};
pub use join::{JoinError, JoinHandle};
pub use netfd::{Netpoll, Timer};
pub use runtime::Runtime;
#[cfg(not(loom))]
pub use timeout::{Elapsed, timeout};
pub use yields::{YieldNow, yield_now};
