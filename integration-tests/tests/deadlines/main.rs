//! Deadlines: when they end an operation, and when they must not.
//!
//! | module | what it is about |
//! | --- | --- |
//! | `accept`, `read`, `write` | one direction, deadline by deadline |
//! | `delays` | from a nanosecond to a quarter of a second, on one, two and four workers |
//! | `races` | deadlines that move while others read, write and move them too |
//! | `model` | random moves of a connection's deadlines against a model of them |
//!
//! No test says how late a deadline may be; none may be early.

#![forbid(unsafe_code)]

mod accept;
mod delays;
mod model;
mod races;
mod read;
mod write;

use std::fmt::Debug;

use integration_tests::time::{FAR, WHILE, assert_timed_out, past};
use netfd::{Error, OpError};

/// `op` was ended by a close, which is nothing that passes.
#[track_caller]
fn assert_closed<T: Debug>(result: Result<T, OpError>, op: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.op(), error.cause()), (op, &Error::Closed));
    assert!(!error.is_timeout() && !error.is_temporary(), "{error:?}");
}
