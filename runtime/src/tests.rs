//! What no program can see of the scheduler: which tasks it still lists, and whom it wakes.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use netfd::{Netpoll, Parker};

use crate::JoinHandle;
use crate::local::{self, Local};
use crate::scheduler::Scheduler;
use crate::sync::queues::Queue;
use crate::tasks::{self, Runnable};

/// How long a test waits for what has to come. Only a failure takes so long.
const LIMIT: Duration = Duration::from_secs(60);

/// A scheduler without threads.
fn scheduler(workers: usize) -> Arc<Scheduler> {
    Arc::new(Scheduler::new(Netpoll::new().expect("a poller"), workers))
}

/// A task that nobody waits for.
fn task<F>(scheduler: &Arc<Scheduler>, shard: usize, future: F) -> Runnable
where
    F: Future<Output: Send> + Send + 'static,
{
    let (task, handle) = tasks::new(scheduler, future);
    scheduler.live.add(shard, &task);
    drop(JoinHandle::new(handle));
    task
}

#[test]
fn a_task_that_ends_leaves_the_list() {
    let scheduler = scheduler(3);
    for shard in (0..3).cycle().take(30) {
        scheduler.live.run(task(&scheduler, shard, async {}));
        scheduler.live.run(task(&scheduler, shard, async { panic!("on purpose") }));
        scheduler.live.discard(task(&scheduler, shard, std::future::pending::<()>()));
        assert_eq!(scheduler.live.count(), 0);
    }
    let waits = task(&scheduler, 0, std::future::pending::<()>());
    scheduler.live.run(waits);
    assert_eq!(scheduler.live.count(), 1, "it has not ended");
}

/// Drops a task when it is dropped.
struct Discards(Arc<Scheduler>, Option<Runnable>);

impl Drop for Discards {
    fn drop(&mut self) {
        self.0.live.discard(self.1.take().expect("it is dropped once"));
    }
}

/// A result is dropped once its task is seen to have ended, before that is told.
#[test]
fn a_task_whose_result_drops_another_leaves_the_list_too() {
    let scheduler = scheduler(1);
    let other = task(&scheduler, 0, std::future::pending::<()>());
    let discards = Discards(scheduler.clone(), Some(other));
    let outer = task(&scheduler, 0, async { discards });
    scheduler.live.run(outer);
    assert_eq!(scheduler.live.count(), 0);
}

/// One that drives waits for the kernel's news for all: the others can be spared.
#[test]
fn the_worker_that_drives_is_woken_last() {
    let scheduler = scheduler(3);
    let netpoll = scheduler.netpoll().expect("it has not ended");
    let beside = [Parker::for_worker(&netpoll), Parker::for_worker(&netpoll)];
    let (tell, told) = channel();
    let drives = std::thread::spawn(move || {
        let mut parker = Parker::for_worker(&netpoll);
        tell.send(parker.unparker()).expect("the test listens");
        parker.park()
    });
    let driver = told.recv().expect("the thread tells");
    // In the first seat, where it is found first.
    let unparkers = [driver.clone(), beside[0].unparker(), beside[1].unparker()];
    for (seat, unparker) in unparkers.into_iter().enumerate() {
        scheduler.sit_down(seat, Queue::new().stealer(), unparker);
        scheduler.idle.lie_down(seat, false);
    }
    let begun = Instant::now();
    while !driver.is_driving() {
        assert!(begun.elapsed() < LIMIT, "nobody drives");
        std::thread::yield_now();
    }
    for left in [vec![0, 2], vec![0], vec![]] {
        scheduler.wake_one();
        assert_eq!(scheduler.idle.sleepers().collect::<Vec<_>>(), left);
        // Whoever was woken found nothing.
        scheduler.idle.stop_searching();
    }
    drives.join().expect("it does not panic").expect("the kernel waits");
}

/// Another worker is woken as soon as there is enough for both, and not for what comes during a poll: that is looked at afterwards.
#[test]
fn a_worker_that_has_enough_for_two_wakes_another() {
    let scheduler = scheduler(2);
    let netpoll = scheduler.netpoll().expect("it has not ended");
    let (own, other) = (Parker::for_worker(&netpoll), Parker::for_worker(&netpoll));
    let queue = Queue::new();
    scheduler.sit_down(0, queue.stealer(), own.unparker());
    scheduler.sit_down(1, Queue::new().stealer(), other.unparker());
    scheduler.idle.lie_down(1, false);
    let local = Local::new(&scheduler, 0, queue, own.unparker());
    local::become_worker(local, |local| {
        let comes = || {
            let waits = task(&scheduler, 0, std::future::pending::<()>());
            assert!(local::push(Arc::as_ptr(&scheduler), waits).is_none(), "it is this worker's");
        };
        comes();
        comes();
        assert_eq!(scheduler.idle.count(), 1, "it has not begun");
        local.share_from(4);
        comes();
        assert_eq!(scheduler.idle.count(), 1, "three are not four");
        comes();
        assert_eq!(scheduler.idle.count(), 0, "four are");
        // Whoever was woken found nothing.
        scheduler.idle.stop_searching();
        scheduler.idle.lie_down(1, false);
        local.keep_to_itself();
        comes();
        assert_eq!(scheduler.idle.count(), 1, "it polls");
        local.share_from(4);
        assert_eq!(scheduler.idle.count(), 0, "it has polled");
    });
}
