//! The queues for models: a lock round a list, so each operation is one step.
//!
//! What `crossbeam-deque` does inside a step is its own affair. What it promises beyond a list's behaviour is what a lock
//! promises, too: whoever takes a task sees what was done before it was put in. But whoever finds a queue empty has
//! taken no lock there, and so learns it here from a relaxed load: no ordering of the scheduler's may rest on that.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Mutex;
use loom::sync::atomic::AtomicUsize;

pub(crate) struct Queue<T>(Arc<List<T>>);

pub(crate) struct Stealer<T>(Arc<List<T>>);

pub(crate) struct Injector<T>(List<T>);

struct List<T> {
    tasks: Mutex<VecDeque<T>>,
    len: AtomicUsize,
}

impl<T> List<T> {
    fn new() -> List<T> {
        List { tasks: Mutex::new(VecDeque::new()), len: AtomicUsize::new(0) }
    }

    fn change<R>(&self, change: impl FnOnce(&mut VecDeque<T>) -> R) -> R {
        let mut tasks = self.tasks.lock().expect("no model panics in here");
        let result = change(&mut tasks);
        self.len.store(tasks.len(), Relaxed);
        result
    }

    fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    fn pop(&self) -> Option<T> {
        if self.len() == 0 { None } else { self.change(VecDeque::pop_front) }
    }

    fn take_half(&self) -> VecDeque<T> {
        if self.len() == 0 {
            return VecDeque::new();
        }
        self.change(|tasks| tasks.drain(..tasks.len().div_ceil(2)).collect())
    }
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Queue<T> {
        Queue(Arc::new(List::new()))
    }

    pub(crate) fn push(&self, task: T) {
        self.0.change(|tasks| tasks.push_back(task));
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
}

impl<T> Stealer<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn steal(&self) -> Option<T> {
        self.0.pop()
    }

    pub(crate) fn steal_half(&self, queue: &Queue<T>) -> bool {
        let taken = self.0.take_half();
        let any = !taken.is_empty();
        taken.into_iter().for_each(|task| queue.push(task));
        any
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Injector<T> {
        Injector(List::new())
    }

    pub(crate) fn push(&self, task: T) {
        self.0.change(|tasks| tasks.push_back(task));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.pop()
    }

    pub(crate) fn pop_batch(&self, queue: &Queue<T>) -> Option<T> {
        let mut taken = self.0.take_half();
        let first = taken.pop_front();
        taken.into_iter().for_each(|task| queue.push(task));
        first
    }
}
