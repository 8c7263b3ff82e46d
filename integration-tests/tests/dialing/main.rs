//! Dialling and listening: which addresses, until when, with which options, and what is left behind.
//!
//! | module | what it is about |
//! | --- | --- |
//! | `ends` | which addresses can be dialled, from where, and what refuses |
//! | `families` | a host that has addresses of both families |
//! | `own_port` | a connection that the kernel makes to itself |
//! | `time` | time-outs and deadlines of dials |
//! | `cancel` | dials that are dropped, before their end and at that moment |
//! | `control` | the hook that sees a socket first |
//! | `keep_alive` | which keep-alive a connection has |
//! | `leaks` | what dials leave behind |
//! | `multipath` | multipath TCP |
//! | `queue` | who waits to be accepted, and by whom |
//!
//! An address that does not answer is a listener of loopback whose queue is full. No test says how long something may
//! take; nothing may be early.

#![forbid(unsafe_code)]

mod cancel;
mod control;
mod ends;
mod families;
mod keep_alive;
mod leaks;
mod multipath;
mod no_threads;
mod own_port;
mod queue;
mod time;

use std::fmt::Debug;

use integration_tests::time::{FAR, WHILE, past};
use netfd::OpError;

/// A dial ended for lack of time.
#[track_caller]
fn assert_timed_out<T: Debug>(dialled: Result<T, OpError>) {
    integration_tests::time::assert_timed_out(dialled, "dial");
}
