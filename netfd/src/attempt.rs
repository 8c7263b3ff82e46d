//! The result of a system call that may have to wait.

use crate::Error;

/// How an operation ended, inside of this crate. Its error is boxed, so that what an operation gives fits into registers:
/// unboxed, it went through memory from floor to floor, for some 60 instructions a request.
pub(crate) type Outcome<T> = Result<T, Box<Error>>;

/// How a call that may have to wait ended.
pub(crate) type Attempt<T> = Result<T, Stop>;

/// Why it has not been done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// There is nothing to be done yet: EAGAIN.
    WouldBlock,
    /// There is more to be done, after others had a turn.
    GivesWay,
    /// It cannot be done.
    Failed(Box<Error>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(Box::new(error))
    }
}
