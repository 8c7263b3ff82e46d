//! What a task leaves behind: its result, its panic, or the news that it was cancelled.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker, ready};

use foreign::{Contained, event, survive};

use crate::local;
use crate::sync::{Arc, Mutex, into_inner, lock};
use crate::tasks::Handle;

/// A task's result, as a future. Dropped, it lets the task go on alone.
///
/// Cancel-safe: the result waits until it is taken.
///
/// # Errors
/// A [`JoinError`] if the task panicked, or if its runtime was shut down before it ended.
///
/// # Panics
/// If it is polled again after it gave the result.
pub struct JoinHandle<T> {
    /// None once it gave the result.
    task: Option<Handle<T>>,
    waits: Option<Waits>,
    /// Whether it has once returned `Pending` in place of the news that the task is cancelled.
    gave_way: bool,
}

/// Who waits for a task: the waker that came with the last poll, and what the task is given for it.
struct Waits {
    theirs: Waker,
    ours: Waker,
}

/// A waker whose panics end here, its destructor's too: the task is in no state to go on, and would end the process.
struct Survived(Contained<Waker>);

impl Wake for Survived {
    fn wake(self: Arc<Self>) {
        if !survive(|| self.0.get().wake_by_ref()) {
            event!("runtime", ERROR, "the waker of who waits for a task panicked");
        }
    }
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(task: Handle<T>) -> JoinHandle<T> {
        JoinHandle { task: Some(task), waits: None, gave_way: false }
    }

    /// Lets the task go on alone; it may have ended.
    fn leave(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let task = this.task.as_mut().expect("a join handle is not polled again once it gave the result");
        let theirs = cx.waker();
        let same = this.waits.take_if(|waits| waits.theirs.will_wake(theirs));
        let waits = this.waits.insert(same.unwrap_or_else(|| Waits {
            theirs: theirs.clone(),
            ours: Arc::new(Survived(Contained::new(theirs.clone()))).into(),
        }));
        let result = ready!(Pin::new(task).poll(&mut Context::from_waker(&waits.ours)));
        if result.is_none() && !std::mem::replace(&mut this.gave_way, true) && local::is_of_one_that_ended() {
            // Whoever starts a task again each time that it is cancelled would never wait, and so never end.
            theirs.wake_by_ref();
            return Poll::Pending;
        }
        this.leave();
        Poll::Ready(result.map_or(Err(JoinError(Cause::Cancelled)), Contained::into_inner))
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Why a task has no result.
pub struct JoinError(Cause);

enum Cause {
    Cancelled,
    /// In a lock, so that the error may be shared, as boxed errors are: what it panicked with need not allow that.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> JoinError {
        JoinError(Cause::Panicked(Mutex::new(payload)))
    }

    /// Whether its runtime was shut down before it ended.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Cause::Cancelled)
    }

    /// Whether it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Cause::Panicked(_))
    }

    /// What it panicked with, to be thrown on; the error back if it did not panic.
    ///
    /// # Errors
    /// The error itself, if the task was cancelled.
    pub fn into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.0 {
            Cause::Panicked(payload) => Ok(into_inner(payload)),
            cancelled => Err(JoinError(cancelled)),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Cancelled => f.write_str("the task's runtime was shut down"),
            Cause::Panicked(payload) => {
                let text = {
                    let payload = lock(payload);
                    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
                    text.or_else(|| payload.downcast_ref::<String>().cloned())
                };
                write!(f, "the task panicked: {}", text.as_deref().unwrap_or("without a message"))
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}
