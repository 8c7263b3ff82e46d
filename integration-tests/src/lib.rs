//! The layers together: what the tests of this crate share.
//!
//! Every test that waits runs on three executors: `runtime`, tokio, and a bare thread for each task.

#![forbid(unsafe_code)]

pub mod alone;
pub mod exec;
pub mod limits;
pub mod nettest;
pub mod pair;
pub mod server;
pub mod skip;
pub mod time;
pub mod unanswered;

/// The README's program, which compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
