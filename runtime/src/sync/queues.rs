//! The queues of tasks that can run, as `crossbeam-deque` makes them.
//!
//! Go: `runtime.p.runq`, `runtime.schedt.runq`

use crossbeam_deque as deque;
use deque::Steal;

/// A worker's own queue, first in first out: others may take from it, nobody else may add to it.
///
/// Go: `runtime.p.runq`
#[doc(alias = "p.runq")]
pub(crate) struct Queue<T>(deque::Worker<T>);

/// The others' end of a worker's queue.
pub(crate) struct Stealer<T>(deque::Stealer<T>);

/// The queue that anybody may add to.
///
/// Go: `runtime.schedt.runq`
#[doc(alias = "schedt.runq")]
pub(crate) struct Injector<T>(deque::Injector<T>);

impl<T> Queue<T> {
    pub(crate) fn new() -> Queue<T> {
        Queue(deque::Worker::new_fifo())
    }

    pub(crate) fn push(&self, task: T) {
        self.0.push(task);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.stealer())
    }
}

impl<T> Stealer<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the first task.
    pub(crate) fn steal(&self) -> Option<T> {
        insist(|| self.0.steal())
    }

    /// Takes half of the tasks, up to some 30, and adds them to `queue`; false if there are none.
    pub(crate) fn steal_half(&self, queue: &Queue<T>) -> bool {
        insist(|| self.0.steal_batch(&queue.0)).is_some()
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Injector<T> {
        Injector(deque::Injector::new())
    }

    pub(crate) fn push(&self, task: T) {
        self.0.push(task);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the first task.
    pub(crate) fn pop(&self) -> Option<T> {
        insist(|| self.0.steal())
    }

    /// Takes some tasks, up to half: returns the first and puts the others into `queue`.
    pub(crate) fn pop_batch(&self, queue: &Queue<T>) -> Option<T> {
        // Mostly there are none.
        if self.is_empty() { None } else { insist(|| self.0.steal_batch_and_pop(&queue.0)) }
    }
}

/// Whoever lost to another thief tries again.
fn insist<T>(steal: impl Fn() -> Steal<T>) -> Option<T> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}
