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
use std::time::{Duration, Instant};

use netfd::{Error, OpError};

/// Far enough for no test to get there.
const FAR: Duration = Duration::from_secs(3600);

/// How long a test looks on while nothing may happen.
const WHILE: Duration = Duration::from_millis(100);

fn past() -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::from_secs(5)).unwrap_or(now)
}

/// `op` ended for lack of time, and had no other effect.
#[track_caller]
fn assert_timed_out<T: Debug>(result: Result<T, OpError>, op: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.op(), error.cause()), (op, &Error::DeadlineExceeded));
    assert!(error.is_timeout() && error.is_temporary(), "{error:?}");
    assert_eq!(error.written(), 0);
}

/// `op` was ended by a close, which is nothing that passes.
#[track_caller]
fn assert_closed<T: Debug>(result: Result<T, OpError>, op: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.op(), error.cause()), (op, &Error::Closed));
    assert!(!error.is_timeout() && !error.is_temporary(), "{error:?}");
}
