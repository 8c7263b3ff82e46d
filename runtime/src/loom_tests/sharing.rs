//! A task that comes is run: by a worker that sleeps, or by one that steals it.

use std::sync::Arc;

use loom::sync::Notify;
use loom::thread;
use netfd::{Netpoll, Parker};

use super::{model, runtime};
use crate::local::{self, Local};
use crate::scheduler::Scheduler;
use crate::sync::queues::Queue;

/// A task that is started while the worker parks: it is run, and its result reaches the caller. Preemption bound 3.
#[test]
fn a_task_that_comes_while_a_worker_parks_is_run() {
    model(3, || {
        let (_netpoll, runtime) = runtime(1);
        let handle = runtime.go(async { 7 });
        assert_eq!(runtime.block_on(handle).expect("the task ends"), 7);
        runtime.shutdown();
    });
}

/// A task that a worker starts before it blocks in its own: the other worker steals it, wherever that is by then.
/// Preemption bound 6.
#[test]
fn a_task_whose_worker_blocks_is_stolen() {
    model(6, || {
        let scheduler = Arc::new(Scheduler::new(Netpoll::without_standby(), 2));
        let thief = {
            let scheduler = scheduler.clone();
            thread::spawn(move || {
                let mut parker = Parker::for_worker(&scheduler.netpoll().expect("it has not ended"));
                let queue = Queue::new();
                scheduler.sit_down(1, queue.stealer(), parker.unparker());
                let mut searches = false;
                let task = loop {
                    if let Some(task) = scheduler.steal(1, 0, &queue) {
                        break task;
                    }
                    scheduler.idle.lie_down(1, searches);
                    if !scheduler.has_work() {
                        parker.park().expect("the fake kernel's wait succeeds");
                    }
                    searches = scheduler.idle.get_up(1);
                };
                scheduler.live.run(task);
            })
        };
        let parker = Parker::for_worker(&scheduler.netpoll().expect("it has not ended"));
        let (queue, unparker) = (Queue::new(), parker.unparker());
        scheduler.sit_down(0, queue.stealer(), unparker.clone());
        let local = Local { scheduler: scheduler.clone(), seat: 0, queue, unparker, replaced: false.into() };
        local::become_worker(local, |_| {
            let ran = Arc::new(Notify::new());
            let tell = ran.clone();
            drop(Scheduler::spawn(&scheduler, async move { tell.notify() }));
            // Not a wait that the runtime knows of.
            ran.wait();
        });
        thief.join().unwrap();
    });
}
