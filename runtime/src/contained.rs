//! [`Contained`]: a value of somebody else's whose destructor may panic.

use crate::sync::survive;
use crate::traced::event;

/// Keeps a panic of the value's destructor to itself, and reports it.
///
/// A task's result is one, and is dropped on whatever thread nobody takes it, and so is the waker of who waits for it;
/// `async-task` would abort the process.
#[derive(Debug)]
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub(crate) fn new(value: T) -> Contained<T> {
        Contained(Some(value))
    }

    pub(crate) fn get(&self) -> &T {
        self.0.as_ref().expect("the value is there until it is dropped")
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("the value is there until it is dropped")
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        if !survive(|| drop(value)) {
            event!(ERROR, "a task's result, or who waits for it, panicked when it was dropped");
        }
    }
}
