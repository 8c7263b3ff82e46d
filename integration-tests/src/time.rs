//! Times that tests share, and what an operation says that has run out of it.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use netfd::{Error, OpError};

/// Far enough for no test to get there.
pub const FAR: Duration = Duration::from_secs(3600);

/// How long a test looks on while nothing may happen.
pub const WHILE: Duration = Duration::from_millis(100);

/// An instant that is over.
pub fn past() -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::from_secs(5)).unwrap_or(now)
}

/// `op` ended for lack of time, and had no other effect.
#[track_caller]
pub fn assert_timed_out<T: Debug>(result: Result<T, OpError>, op: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.op(), error.cause()), (op, &Error::DeadlineExceeded));
    assert!(error.is_timeout() && error.is_temporary(), "{error:?}");
    assert_eq!(error.written(), 0);
}
