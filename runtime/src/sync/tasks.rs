//! `async-task` for models: the same tasks, with the order that they give told to loom.
//!
//! A task's own atomics are std's, so loom does not know that whoever takes a waker out of a task comes after whoever put
//! it in. A fence on each side of every step says so, and no more than the task itself promises.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{Ordering::SeqCst, fence};

/// [`async_task::Runnable`].
pub(crate) struct Runnable<M>(Option<async_task::Runnable<M>>);

/// [`async_task::FallibleTask`].
#[derive(Debug)]
pub(crate) struct FallibleTask<T, M>(Option<async_task::FallibleTask<T, M>>);

/// [`async_task::spawn`], fallible.
pub(crate) fn spawn<M, F, S>(metadata: M, future: F, schedule: S) -> (Runnable<M>, FallibleTask<F::Output, M>)
where
    M: Send + Sync + 'static,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Fn(Runnable<M>) + Send + Sync + 'static,
{
    let schedule = move |runnable| schedule(Runnable(Some(runnable)));
    let (runnable, task) = async_task::Builder::new().metadata(metadata).spawn(move |_| future, schedule);
    (Runnable(Some(runnable)), FallibleTask(Some(task.fallible())))
}

fn ordered<T>(step: impl FnOnce() -> T) -> T {
    fence(SeqCst);
    let result = step();
    fence(SeqCst);
    result
}

impl<M> Runnable<M> {
    pub(crate) fn run(mut self) {
        let runnable = self.0.take();
        ordered(|| runnable.map(async_task::Runnable::run));
    }

    pub(crate) fn metadata(&self) -> &M {
        self.0.as_ref().expect("it has not been run").metadata()
    }

    pub(crate) fn waker(&self) -> Waker {
        self.0.as_ref().expect("it has not been run").waker()
    }
}

impl<M> Drop for Runnable<M> {
    fn drop(&mut self) {
        let runnable = self.0.take();
        if runnable.is_some() {
            ordered(|| drop(runnable));
        }
    }
}

impl<T, M> FallibleTask<T, M> {
    pub(crate) fn detach(mut self) {
        let task = self.0.take();
        ordered(|| task.map(async_task::FallibleTask::detach));
    }
}

impl<T, M> Future for FallibleTask<T, M> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let task = self.0.as_mut().expect("it is polled before it is detached");
        let waker = Waker::from(Arc::new(Ordered(cx.waker().clone())));
        ordered(|| Pin::new(task).poll(&mut Context::from_waker(&waker)))
    }
}

/// A waker that a task keeps: a step of the task may begin before the waker comes and end with waking it.
struct Ordered(Waker);

impl Wake for Ordered {
    fn wake(self: Arc<Self>) {
        ordered(|| self.0.wake_by_ref());
    }
}
