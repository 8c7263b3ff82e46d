//! Running somebody else's code, which may panic: wakers, destructors, subscribers of traces.
//!
//! What the floors of the house have in common, and no floor of its own:
//!
//! ```text
//!   poller  netfd  conn  runtime
//!      │      │      │      │        a panic comes back as a value, or is reported, and ends there:
//!      ▼      ▼      ▼      ▼        the floor's own work goes on
//!      survive · catch · Contained · event!
//!                    │
//!                    ▼
//!   wakers, destructors, closures, subscribers of traces
//! ```
//!
//! A floor calls such code in the midst of its own work: a descriptor half closed, a poll half delivered. A panic that went
//! through would leave that undone, so none does.
//!
//! ```
//! use foreign::{Contained, survive};
//!
//! /// Somebody's type.
//! struct Theirs;
//!
//! impl Drop for Theirs {
//!     fn drop(&mut self) {
//!         panic!("not my day");
//!     }
//! }
//!
//! assert!(!survive(|| panic!("nor mine")));
//! drop(Contained::new(Theirs));
//! ```
//!
//! In a loom model a panic is a finding, and goes through.

#![forbid(unsafe_code)]

mod contained;
mod panics;
mod trace;

pub use contained::Contained;
pub use panics::{catch, survive};
pub use trace::{is_on, is_on_at, tell};
/// The crate that tells events, for the values that they are told with.
pub use tracing;
