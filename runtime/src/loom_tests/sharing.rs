//! A task that comes is run: by a worker that sleeps, or by one that steals it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use loom::sync::{Notify, mpsc};
use loom::thread;
use netfd::{Netpoll, Parker, Timer};

use super::{model, runtime};
use crate::local::{self, Local};
use crate::scheduler::Scheduler;
use crate::sync::queues::Queue;
use crate::{tasks, worker};

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
                    scheduler.steal(1, 0, 1, &queue);
                    if let Some(task) = queue.pop() {
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
        let local = Local::new(&scheduler, 0, queue, unparker);
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

/// Two tasks that one poll makes runnable, each of which holds its thread until the other runs: the worker that has polled
/// wakes the other one. Nobody watches who is held up. Preemption bound 2.
#[test]
fn what_a_poll_has_brought_is_shared() {
    model(2, || {
        let netpoll = Netpoll::without_standby();
        let scheduler = Arc::new(Scheduler::new(netpoll.clone(), 2));
        let (first_runs, hears_of_first) = mpsc::channel();
        let (second_runs, hears_of_second) = mpsc::channel();
        let first = (first_runs, hears_of_second, Some(scheduler.clone()));
        let second = (second_runs, hears_of_first, None);
        let both = [first, second].map(|(tell, hear, ends)| {
            let (task, handle) = tasks::new(&scheduler, async move {
                waits_once().await;
                tell.send(()).expect("the other task is there");
                // Not a wait that the runtime knows of.
                hear.recv().expect("the other task is there");
                ends.iter().for_each(|scheduler| scheduler.shut_down());
            });
            scheduler.live.add(0, &task);
            handle.detach();
            let waker = task.waker();
            scheduler.live.run(task);
            waker
        });
        let workers = [0, 1].map(|seat| {
            let scheduler = scheduler.clone();
            thread::spawn(move || worker::run(&scheduler, seat))
        });
        // Due at once: one of the workers fires it, also if it sleeps.
        let mut timer = Timer::after(&netpoll, Duration::ZERO);
        let both = Waker::from(Arc::new(Both(both)));
        let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(&both));
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// Ready when it is polled again.
async fn waits_once() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Wakes two tasks.
struct Both([Waker; 2]);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.0.iter().for_each(Waker::wake_by_ref);
    }
}
