//! What a system call comes to that may have to wait.

use crate::Error;

/// How a call that may have to wait ended.
pub(crate) type Attempt<T> = Result<T, Stop>;

/// Why it has not been done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// There is nothing to be done yet: EAGAIN.
    WouldBlock,
    /// It cannot be done.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}
