//! Letting others run.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets the other tasks run that can: the caller's runs again after them. For a task that computes for long; one that reads and
/// writes gives way by itself.
///
/// On any executor that runs ready tasks in their order. Cancel-safe: dropped, it has had no effect but that the task runs again.
///
/// Go: `runtime.Gosched`
#[doc(alias = "Gosched")]
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
