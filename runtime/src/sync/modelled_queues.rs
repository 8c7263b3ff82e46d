//! The queues for models: a lock round a list, so each operation is one step.
//!
//! What `crossbeam-deque` does inside a step is its own affair. What it promises beyond a list's behaviour is what a lock
//! promises, too: whoever takes a task sees what was done before it was put in.

use std::collections::VecDeque;
use std::sync::Arc;

use loom::sync::Mutex;

type List<T> = Mutex<VecDeque<T>>;

pub(crate) struct Queue<T>(Arc<List<T>>);

pub(crate) struct Stealer<T>(Arc<List<T>>);

pub(crate) struct Injector<T>(List<T>);

impl<T> Queue<T> {
    pub(crate) fn new() -> Queue<T> {
        Queue(Arc::new(Mutex::new(VecDeque::new())))
    }

    pub(crate) fn push(&self, task: T) {
        self.0.lock().unwrap().push_back(task);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.lock().unwrap().pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
}

impl<T> Stealer<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    pub(crate) fn steal(&self) -> Option<T> {
        self.0.lock().unwrap().pop_front()
    }

    pub(crate) fn steal_half(&self, queue: &Queue<T>) -> Option<T> {
        take_half(&self.0, queue)
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Injector<T> {
        Injector(Mutex::new(VecDeque::new()))
    }

    pub(crate) fn push(&self, task: T) {
        self.0.lock().unwrap().push_back(task);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.lock().unwrap().pop_front()
    }

    pub(crate) fn pop_batch(&self, queue: &Queue<T>) -> Option<T> {
        take_half(&self.0, queue)
    }
}

fn take_half<T>(from: &List<T>, queue: &Queue<T>) -> Option<T> {
    let mut taken = {
        let mut list = from.lock().unwrap();
        let half = list.len().div_ceil(2);
        list.drain(..half).collect::<VecDeque<T>>()
    };
    let first = taken.pop_front();
    taken.into_iter().for_each(|task| queue.push(task));
    first
}
