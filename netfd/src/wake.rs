//! Waking tasks, which is somebody else's code.

use std::task::Waker;

use foreign::{event, survive};

/// Wakes a task. A waker that panics keeps nobody else from what they are owed: the panic ends here, and is reported.
pub(crate) fn wake(waker: Waker) {
    wake_each(std::iter::once(waker));
}

/// Wakes tasks one after the other, however many of their wakers panic.
#[inline]
pub(crate) fn wake_each(mut wakers: impl Iterator<Item = Waker>) {
    while !survive(|| wakers.by_ref().for_each(Waker::wake)) {
        event!("netfd", ERROR, "a waker panicked; whoever woke it goes on");
    }
}
