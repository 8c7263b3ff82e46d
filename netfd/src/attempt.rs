//! What a system call comes to that may have to wait.

/// How a call that may have to wait ended.
pub(crate) enum Attempt<T> {
    /// It has been done.
    Done(T),
    /// There is nothing to be done yet: EAGAIN.
    WouldBlock,
}
