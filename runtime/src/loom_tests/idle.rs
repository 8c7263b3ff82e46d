//! Lying down against tasks that come, without a whole runtime round it.

use std::sync::Arc;

use loom::thread;
use netfd::{Netpoll, Parker};

use super::model;
use crate::scheduler::Scheduler;
use crate::sync::queues::Queue;
use crate::tasks;

/// A task comes from outside.
fn inject(scheduler: &Arc<Scheduler>) {
    let (task, handle) = tasks::new(scheduler, async {});
    scheduler.live.add(0, &task);
    handle.detach();
    scheduler.inject(task);
}

/// Takes a task from outside, sleeping until there is one, as a worker in that seat does.
fn take(scheduler: &Arc<Scheduler>, seat: usize, mut searches: bool) {
    let mut parker = Parker::for_worker(&scheduler.netpoll().expect("it has not ended"));
    scheduler.sit_down(seat, Queue::new().stealer(), parker.unparker());
    loop {
        if let Some(task) = scheduler.pop_batch(&Queue::new()) {
            scheduler.live.discard(task);
            if searches {
                scheduler.found();
            }
            return;
        }
        scheduler.idle.lie_down(seat, searches);
        if !scheduler.has_work() {
            parker.park().expect("the fake kernel's wait succeeds");
        }
        searches = scheduler.idle.get_up(seat);
    }
}

/// A task that comes against the only worker's lying down. Preemption bound 6.
#[test]
fn a_task_that_comes_meets_a_worker_that_lies_down() {
    model(6, || {
        let scheduler = Arc::new(Scheduler::new(Netpoll::without_standby(), 1));
        let worker = {
            let scheduler = scheduler.clone();
            thread::spawn(move || take(&scheduler, 0, false))
        };
        inject(&scheduler);
        worker.join().unwrap();
    });
}

/// Two tasks, of which the second wakes nobody if it comes while a worker searches. That one takes the first and looks no
/// further: it has to wake the other worker. Preemption bound 4.
#[test]
fn whoever_searched_last_wakes_the_next() {
    model(4, || {
        let scheduler = Arc::new(Scheduler::new(Netpoll::without_standby(), 2));
        scheduler.idle.start_searching();
        inject(&scheduler);
        let workers = [true, false].map(|searches| {
            let scheduler = scheduler.clone();
            thread::spawn(move || take(&scheduler, usize::from(searches), searches))
        });
        inject(&scheduler);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// A worker that searches in vain lies down against a task that comes and relies on its search. Preemption bound 6.
#[test]
fn a_task_that_comes_meets_a_worker_that_gives_up_its_search() {
    model(6, || {
        let scheduler = Arc::new(Scheduler::new(Netpoll::without_standby(), 1));
        scheduler.idle.start_searching();
        let worker = {
            let scheduler = scheduler.clone();
            thread::spawn(move || take(&scheduler, 0, true))
        };
        inject(&scheduler);
        worker.join().unwrap();
    });
}

/// Two tasks from two threads against one sleeper: whoever does not wake it relies on the other, who may find that it has
/// got up by itself. Preemption bound 3.
#[test]
fn two_who_wake_one_worker_do_not_rely_on_one_another() {
    model(3, || {
        let scheduler = Arc::new(Scheduler::new(Netpoll::without_standby(), 1));
        let worker = {
            let scheduler = scheduler.clone();
            thread::spawn(move || {
                take(&scheduler, 0, false);
                take(&scheduler, 0, false);
            })
        };
        let other = {
            let scheduler = scheduler.clone();
            thread::spawn(move || inject(&scheduler))
        };
        inject(&scheduler);
        other.join().unwrap();
        worker.join().unwrap();
    });
}
