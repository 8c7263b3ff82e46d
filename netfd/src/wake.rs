//! Waking a task, which is somebody else's code.

use std::task::Waker;

use crate::sync::survive;

/// Wakes a task. A waker that panics keeps nobody else from what they are owed: the panic ends here, and is reported.
pub(crate) fn wake(waker: Waker) {
    if !survive(|| waker.wake()) {
        tracing::error!(target: "netfd", "a waker panicked; whoever woke it goes on");
    }
}
