//! Nested `block_on`: a worker that blocks is replaced.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures::FutureExt;
use netfd::{Netpoll, Timer};

use super::{model, runtime};
use crate::block_on::drive;
use crate::scheduler::Scheduler;
use crate::{local, worker};

/// Nested `block_on`: the only worker waits inside its task for another task, which the thread that replaces it runs.
/// Preemption bound 1.
#[test]
fn a_worker_that_blocks_in_its_task_is_replaced() {
    model(1, || {
        let (netpoll, runtime) = runtime(1);
        let outer = runtime.go(async move {
            let scheduler = local::current().expect("a task runs on a worker");
            let inner = Scheduler::spawn(&scheduler, async { 20 });
            22 + drive(&netpoll, inner).expect("the inner task ends")
        });
        assert_eq!(runtime.block_on(outer).expect("the outer task ends"), 42);
        runtime.shutdown();
    });
}

/// The same with no thread but the worker and the one that replaces it, and in more of their interleavings: the task ends its own
/// runtime. Preemption bound 5.
#[test]
fn a_worker_is_replaced_and_goes_on_beside_its_successor() {
    model(5, || {
        let netpoll = Netpoll::without_standby();
        let scheduler = Arc::new(Scheduler::new(netpoll.clone(), 1));
        let outer = Scheduler::spawn(&scheduler, async move {
            let scheduler = local::current().expect("a task runs on a worker");
            let inner = Scheduler::spawn(&scheduler, async { 20 });
            let answer = 22 + drive(&netpoll, inner).expect("the inner task ends");
            scheduler.shut_down();
            answer
        });
        worker::run(&scheduler, 0);
        assert_eq!(outer.now_or_never().expect("its worker has ended").expect("it was not cancelled"), 42);
    });
}

/// The same within another runtime's `block_on`, which makes that one the current runtime. Preemption bound 1.
#[test]
fn a_worker_that_blocks_on_another_runtime_is_replaced() {
    model(1, || {
        let (netpoll, runtime) = runtime(1);
        let outer = runtime.go(async move {
            let here = local::current().expect("a task runs on a worker");
            let inner = Scheduler::spawn(&here, async { 20 });
            let other = Arc::new(Scheduler::new(netpoll.clone(), 1));
            22 + local::with_current(&other, || drive(&netpoll, inner)).expect("the inner task ends")
        });
        assert_eq!(runtime.block_on(outer).expect("the outer task ends"), 42);
        runtime.shutdown();
    });
}

/// A waker that blocks, though none should.
struct Blocks(Netpoll);

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        drive(&self.0, async {});
    }
}

/// A worker that is replaced in the midst of its poll, where a stranger's waker blocks: it is no worker any more, and what it was
/// counted as is not its successor's, who hears of what comes. Preemption bound 1.
#[test]
fn a_worker_whose_poll_blocks_is_replaced() {
    model(1, || {
        let (netpoll, runtime) = runtime(1);
        let waker = Waker::from(Arc::new(Blocks(netpoll.clone())));
        let mut timer = Timer::after(&netpoll, Duration::ZERO);
        let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
        for number in 0..2 {
            assert_eq!(runtime.block_on(runtime.go(async move { number })).expect("it ends"), number);
        }
        runtime.shutdown();
    });
}
