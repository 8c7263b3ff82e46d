//! [`Contained`]: a value of somebody else's whose destructor may panic.

use crate::sync::catch;

/// Keeps a panic of the value's destructor to itself, and reports it.
///
/// A task owns such values, its future and its result, and drops them on whatever thread it ends; `async-task` would abort
/// the process.
#[derive(Debug)]
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub(crate) fn new(value: T) -> Contained<T> {
        Contained(Some(value))
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("the value is there until it is dropped")
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("the value is there until it is dropped")
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        if catch(|| drop(value)).is_err() {
            tracing::error!(target: "runtime", "what a task left behind panicked when it was dropped");
        }
    }
}
