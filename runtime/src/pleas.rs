//! Workers that seem to be held up by a task, for others to run what lies behind it.
//!
//! A worker that sleeps is woken, and takes half of such a queue. But one that is never without a task of its own looks into nobody's
//! queue: so the stand-by notes a plea, and whoever looks at the clock between two tasks answers it with one turn. The task that
//! has waited longest is run at once. If it went to the end of another queue instead, it would have to line up anew, again and again,
//! where the worker was not held up at all but had long tasks, or was kept from its processor by the kernel.
//!
//! Go: `runtime.retake`, `runtime.p.schedtick`

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::queues::{Queue, Stealer};
use crate::sync::{Arc, Mutex, Tick, lock};

/// How many tasks a worker has begun: its own count.
///
/// Go: `runtime.p.schedtick`
#[doc(alias = "schedtick")]
pub(crate) struct Ticks(Arc<Tick>);

impl Ticks {
    pub(crate) fn new() -> Ticks {
        Ticks(Arc::new(Tick::new(0)))
    }

    /// The worker begins a task. Nobody else counts, so this need not be one step.
    #[inline]
    pub(crate) fn begins_one(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }
}

/// What others need to know of a worker to make a plea for it.
pub(crate) struct Behind<T> {
    queue: Stealer<T>,
    ticks: Arc<Tick>,
}

impl<T> Behind<T> {
    /// Of the worker whose queue and count these are.
    pub(crate) fn new(queue: &Queue<T>, ticks: &Ticks) -> Behind<T> {
        Behind { queue: queue.stealer(), ticks: ticks.0.clone() }
    }
}

/// That somebody run what lies behind a task. It stands for as long as the worker runs that very task and has others in its queue.
struct Plea<T> {
    behind: Behind<T>,
    tick: u32,
}

impl<T> Plea<T> {
    fn stands(&self) -> bool {
        self.behind.ticks.load(Relaxed) == self.tick
    }

    fn is_of(&self, behind: &Behind<T>) -> bool {
        Arc::ptr_eq(&self.behind.ticks, &behind.ticks)
    }
}

/// The pleas of a runtime's workers, at most one of each.
pub(crate) struct Pleas<T> {
    /// How many there are, so that the usual look costs one load. Who misses one meets it at the next look.
    count: Tick,
    list: Mutex<Vec<Plea<T>>>,
}

impl<T> Pleas<T> {
    pub(crate) fn new() -> Pleas<T> {
        Pleas { count: Tick::new(0), list: Mutex::new(Vec::new()) }
    }

    /// The stand-by has seen this worker in the midst of a task.
    ///
    /// Go: `runtime.retake`
    #[doc(alias = "retake")]
    pub(crate) fn make(&self, behind: &Behind<T>) {
        if behind.queue.is_empty() {
            return;
        }
        let behind = Behind { queue: behind.queue.clone(), ticks: behind.ticks.clone() };
        let plea = Plea { tick: behind.ticks.load(Relaxed), behind };
        let mut list = lock(&self.list);
        list.retain(|older| !older.is_of(&plea.behind));
        list.push(plea);
        self.note(&list);
    }

    /// The task that has waited longest behind a worker for which there is a plea.
    #[inline]
    pub(crate) fn answer(&self) -> Option<T> {
        if self.count.load(Relaxed) == 0 { None } else { self.take() }
    }

    #[cold]
    fn take(&self) -> Option<T> {
        let mut list = lock(&self.list);
        let mut task = None;
        // What is dropped here is another end of a queue, which its worker has, or whoever sits in its seat now.
        list.retain(|plea| {
            if plea.stands() && task.is_none() {
                task = plea.behind.queue.steal();
                return task.is_some();
            }
            plea.stands()
        });
        self.note(&list);
        task
    }

    fn note(&self, list: &[Plea<T>]) {
        self.count.store(u32::try_from(list.len()).unwrap_or(u32::MAX), Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Behind, Pleas, Ticks};
    use crate::sync::queues::Queue;

    /// A worker in the midst of a task, with these behind it.
    fn worker(tasks: &[u32]) -> (Queue<u32>, Ticks) {
        let (queue, ticks) = (Queue::new(), Ticks::new());
        ticks.begins_one();
        tasks.iter().for_each(|task| queue.push(*task));
        (queue, ticks)
    }

    #[test]
    fn a_plea_is_answered_task_by_task_until_none_is_left() {
        let (pleas, (queue, ticks)) = (Pleas::new(), worker(&[1, 2]));
        pleas.make(&Behind::new(&queue, &ticks));
        assert_eq!([(); 3].map(|()| pleas.answer()), [Some(1), Some(2), None]);
        queue.push(3);
        assert_eq!(pleas.answer(), None, "that came later");
        pleas.make(&Behind::new(&queue, &ticks));
        assert_eq!(pleas.answer(), Some(3));
    }

    #[test]
    fn a_plea_falls_as_soon_as_its_worker_goes_on() {
        let (pleas, (queue, ticks)) = (Pleas::new(), worker(&[1, 2, 3]));
        pleas.make(&Behind::new(&queue, &ticks));
        assert_eq!(pleas.answer(), Some(1));
        ticks.begins_one();
        assert_eq!(pleas.answer(), None);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn several_workers_have_one_plea_each() {
        let pleas = Pleas::new();
        let (one, other) = (worker(&[1]), worker(&[2]));
        for _ in 0..2 {
            pleas.make(&Behind::new(&one.0, &one.1));
            pleas.make(&Behind::new(&other.0, &other.1));
        }
        assert_eq!(pleas.list.lock().map(|list| list.len()).ok(), Some(2));
        one.1.begins_one();
        assert_eq!([(); 2].map(|()| pleas.answer()), [Some(2), None]);
        assert_eq!(one.0.len(), 1, "its worker has gone on");
    }

    #[test]
    fn there_is_no_plea_for_a_worker_with_nothing_behind_its_task() {
        let (pleas, (queue, ticks)) = (Pleas::<u32>::new(), worker(&[]));
        pleas.make(&Behind::new(&queue, &ticks));
        assert!(pleas.list.lock().is_ok_and(|list| list.is_empty()));
    }
}
