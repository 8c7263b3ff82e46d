//! What is left when a runtime ends: nothing.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::channel::oneshot;
use integration_tests::alone::alone_as;
use integration_tests::time::WHILE;

use netfd::Netpoll;

use crate::{LIMIT, assert_threads, count, pair, runtime, wait, within};

#[test]
fn a_runtime_that_ends_leaves_no_thread_and_no_descriptor() {
    alone_as(module_path!(), "a_runtime_that_ends_leaves_no_thread_and_no_descriptor", || {
        // The process-wide poller, over which connections are made, stays.
        drop(runtime::block_on(pair(&Netpoll::global().expect("a poller"))));
        let before = (count("task"), count("fd"));
        // Of a runtime that has ended somebody may still have these.
        let (mut handles, mut wakers) = (Vec::new(), Vec::new());
        for shut_down in [true, false] {
            for workers in [1, 3] {
                let (runtime, netpoll) = runtime(workers);
                within(&runtime, async move {
                    let (client, server) = pair(&netpoll).await;
                    drop(runtime::go(async move { server.read(&mut [0; 8]).await }));
                    // A thread more, for a while.
                    runtime::block_on(runtime::go(async {})).expect("it ends");
                    drop(runtime::go(async move {
                        std::future::pending::<()>().await;
                        drop(client);
                    }));
                });
                let (tell, told) = channel();
                handles.push(runtime.go(async move {
                    poll_fn(|cx| Poll::Ready(tell.send(cx.waker().clone()))).await.expect("the test listens");
                    std::future::pending::<()>().await;
                }));
                wakers.push(wait(&told));
                wakers.push(runtime.block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone()))));
                if shut_down {
                    runtime.shutdown();
                } else {
                    drop(runtime);
                }
                assert_eq!(count("fd"), before.1, "descriptors");
            }
        }
        assert_threads(before.0);
    });
}

#[test]
fn a_shutdown_drops_tasks_in_every_state() {
    for workers in [1, 2] {
        let (runtime, _) = runtime(workers);
        let owned = Arc::new(());
        let (tell, told) = channel();
        for number in 0..100 {
            let (owned, tell) = (owned.clone(), tell.clone());
            drop(runtime.go(async move {
                let _owned = owned;
                tell.send(()).expect("the test listens");
                match number % 3 {
                    0 => std::future::pending().await,
                    1 => runtime::sleep(LIMIT * 60).await,
                    // Always ready to run.
                    _ => loop {
                        runtime::yield_now().await;
                    },
                }
            }));
        }
        // Some wait, some are ready, and some have perhaps not run yet.
        for _ in 0..50 {
            wait(&told);
        }
        runtime.shutdown();
        assert_eq!(Arc::strong_count(&owned), 1, "a task outlived its runtime");
    }
}

/// A task that starts another one again and again, whenever that is cancelled: it has to wait once to be dropped. Its worker
/// has been replaced, so that it is not that worker's end that it holds up.
#[test]
fn a_shutdown_ends_a_task_that_starts_others_for_ever() {
    let (runtime, _) = runtime(1);
    let (tell, told) = channel();
    let (begins, begun) = channel();
    drop(runtime.go(async move {
        runtime::block_on(async {});
        tell.send(()).expect("the test listens");
        wait(&begun);
        loop {
            let _ = runtime::go(runtime::yield_now()).await;
        }
    }));
    wait(&told);
    let (ends, ended) = channel();
    std::thread::spawn(move || {
        runtime.shutdown();
        ends.send(()).expect("the test listens");
    });
    std::thread::sleep(WHILE);
    begins.send(()).expect("the task listens");
    wait(&ended);
}

/// Each task that is dropped wakes the next: none within another, or the stack would not do.
#[test]
fn a_long_chain_of_tasks_that_wake_one_another_is_dropped() {
    let (runtime, _) = runtime(1);
    let (first, mut next) = oneshot::channel::<()>();
    for _ in 0..100_000 {
        let (tell, told) = oneshot::channel::<()>();
        let before = std::mem::replace(&mut next, told);
        drop(runtime.go(async move {
            let _tell = tell;
            let _ = before.await;
            std::future::pending::<()>().await;
        }));
    }
    within(&runtime, async {});
    drop(first);
    runtime.shutdown();
}

/// Starts another of its kind when it is dropped, and counts those that were.
struct Heir(u32, Arc<AtomicU32>);

impl Drop for Heir {
    fn drop(&mut self) {
        self.1.fetch_add(1, SeqCst);
        if let Some(left) = self.0.checked_sub(1) {
            let heir = Heir(left, self.1.clone());
            drop(runtime::go(async move {
                let _heir = heir;
                std::future::pending::<()>().await;
            }));
        }
    }
}

/// On whatever thread that is, they are this runtime's.
#[test]
fn tasks_that_are_started_by_those_that_a_shutdown_drops_are_dropped_too() {
    for workers in [1, 2] {
        for _ in 0..20 {
            let (runtime, _) = runtime(workers);
            let dropped = Arc::new(AtomicU32::new(0));
            let heir = Heir(10, dropped.clone());
            let (tell, told) = channel();
            drop(runtime.go(async move {
                let _heir = heir;
                tell.send(()).expect("the test listens");
                std::future::pending::<()>().await;
            }));
            wait(&told);
            runtime.shutdown();
            assert_eq!(dropped.load(SeqCst), 11, "with {workers} workers");
        }
    }
}

/// Wakes tasks under its lock, as many libraries do; what a task owns takes the lock when it is dropped.
#[derive(Clone, Default)]
struct Bulletin(Arc<Mutex<Vec<Waker>>>);

impl Bulletin {
    fn notice(&self) {
        self.0.lock().expect("nobody panics under it").drain(..).for_each(Waker::wake);
    }
}

struct Reader(Bulletin);

impl Reader {
    /// Waits for ever, woken by each notice.
    async fn read(self) {
        poll_fn(|cx| {
            self.0.0.lock().expect("nobody panics under it").push(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.0.0.lock().expect("nobody panics under it"));
        READERS.fetch_sub(1, SeqCst);
    }
}

/// How many have not been dropped.
static READERS: AtomicU32 = AtomicU32::new(0);

#[test]
fn who_wakes_a_task_under_a_lock_does_not_drop_it_there() {
    for workers in [1, 2] {
        for _ in 0..20 {
            let (runtime, _) = runtime(workers);
            let bulletin = Bulletin::default();
            for _ in 0..50 {
                READERS.fetch_add(1, SeqCst);
                drop(runtime.go(Reader(bulletin.clone()).read()));
            }
            let over = Arc::new(AtomicBool::new(false));
            let noticing = std::thread::spawn({
                let over = over.clone();
                move || {
                    while !over.load(SeqCst) {
                        bulletin.notice();
                    }
                }
            });
            let (tell, told) = channel();
            std::thread::spawn(move || {
                runtime.shutdown();
                tell.send(READERS.load(SeqCst)).expect("the test listens");
            });
            assert_eq!(wait(&told), 0, "a task outlived its runtime");
            over.store(true, SeqCst);
            noticing.join().expect("it does not panic");
        }
    }
}

/// Waits, when it is dropped, for a task that it starts then.
struct WaitsForAnother(Sender<bool>);

impl Drop for WaitsForAnother {
    fn drop(&mut self) {
        let cancelled = runtime::block_on(runtime::go(async {})).is_err();
        self.0.send(cancelled).expect("the test listens");
    }
}

#[test]
fn a_destructor_may_wait_for_a_task_that_it_starts_as_the_runtime_ends() {
    for workers in [1, 2] {
        let (runtime, _) = runtime(workers);
        let (tell, told) = channel();
        let (begun, begins) = channel();
        drop(runtime.go(async move {
            let _waits = WaitsForAnother(tell);
            begun.send(()).expect("the test listens");
            std::future::pending::<()>().await;
        }));
        wait(&begins);
        std::thread::spawn(move || runtime.shutdown());
        assert!(wait(&told), "the runtime has ended, and runs it no more");
    }
}

/// A runtime that a task of another one owns ends while that one drops its tasks.
#[test]
fn a_runtime_that_a_dropped_task_owned_ends_with_it() {
    let (outer, netpoll) = runtime(1);
    let inner = runtime::Runtime::builder().workers(1).netpoll(&netpoll).build().expect("a runtime");
    let held = Arc::new(());
    let helds = [held.clone(), held.clone()];
    let (tell, told) = channel();
    drop(inner.go({
        let (held, tell) = (helds, tell.clone());
        async move {
            tell.send(()).expect("the test listens");
            std::future::pending::<()>().await;
            drop(held);
        }
    }));
    drop(outer.go(async move {
        tell.send(()).expect("the test listens");
        std::future::pending::<()>().await;
        drop(inner);
    }));
    wait(&told);
    wait(&told);
    let (tell, told) = channel();
    std::thread::spawn(move || {
        outer.shutdown();
        tell.send(()).expect("the test listens");
    });
    wait(&told);
    assert_eq!(Arc::strong_count(&held), 1);
}

/// Blocks where it is called, though no waker should: on the worker that has polled.
struct BlocksWhenWoken(Netpoll, Sender<()>);

impl Wake for BlocksWhenWoken {
    fn wake(self: Arc<Self>) {
        runtime::block_on(netfd::Timer::after(&self.0, Duration::from_millis(1)));
        self.1.send(()).expect("the test listens");
    }
}

#[test]
fn a_waker_that_blocks_in_a_workers_poll_costs_no_worker() {
    for workers in [1, 2, 4] {
        let (runtime, netpoll) = runtime(workers);
        for _ in 0..5 {
            let (tell, told) = channel();
            let waker = Waker::from(Arc::new(BlocksWhenWoken(netpoll.clone(), tell)));
            let mut timer = Box::pin(netfd::Timer::after(&netpoll, Duration::from_millis(1)));
            assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            wait(&told);
            // Whoever sits there now hears of what comes.
            for number in 0..3 {
                assert_eq!(within(&runtime, async move { number }), number);
            }
        }
        let (tell, told) = channel();
        std::thread::spawn(move || {
            runtime.shutdown();
            tell.send(()).expect("the test listens");
        });
        wait(&told);
    }
}

/// Its own worker waits for a task of the other runtime, whose only worker waits for that worker to end.
#[test]
fn a_runtime_that_ends_in_anothers_task_leaves_its_worker_to_others() {
    let (one, _one) = runtime(1);
    let (two, _two) = runtime(1);
    let one = Arc::new(one);
    let (begun, begins) = channel();
    let (ends, ending) = channel();
    let helper = one.clone();
    drop(two.go(async move {
        begun.send(()).expect("the test listens");
        ending.recv().expect("the test tells");
        runtime::block_on(helper.go(async {})).expect("it ends");
    }));
    wait(&begins);
    let (tell, told) = channel();
    drop(one.go(async move {
        ends.send(()).expect("it listens");
        drop(two);
        tell.send(()).expect("the test listens");
    }));
    wait(&told);
}

std::thread_local! {
    /// Goes before what the runtime keeps for the thread, or after it.
    static LAST: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// Runs what is left for it, at the thread's end.
struct AtTheEnd;

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let (netpoll, (tell, told)) = (Netpoll::global().expect("a poller"), channel());
        drop(runtime::go(async move { tell.send(()).expect("it listens") }));
        wait(&told);
        runtime::block_on(netfd::Timer::after(&netpoll, Duration::from_millis(1)));
        drop(runtime(1));
    }
}

/// Destructors of a thread's values run when the runtime's own are gone.
#[test]
fn a_thread_that_ends_may_start_tasks_and_wait_for_them() {
    alone_as(module_path!(), "a_thread_that_ends_may_start_tasks_and_wait_for_them", || {
        std::thread::spawn(|| {
            let end = AtTheEnd;
            LAST.with(|last| *last.borrow_mut() = Some(Box::new(move || drop(end))));
            runtime::block_on(runtime::go(async {})).expect("it ends");
        })
        .join()
        .expect("the thread ends");
    });
}

/// Takes a while to go.
struct Lasts(Sender<()>, Arc<AtomicBool>);

impl Drop for Lasts {
    fn drop(&mut self) {
        self.0.send(()).expect("the test listens");
        std::thread::sleep(WHILE);
        self.1.store(true, SeqCst);
    }
}

/// It blocked, and another has its seat: its last destructors run.
#[test]
fn a_shutdown_waits_for_a_thread_that_ends_by_itself() {
    let (runtime, _) = runtime(1);
    let (tell, told) = channel();
    let gone = Arc::new(AtomicBool::new(false));
    let lasts = Lasts(tell, gone.clone());
    drop(runtime.go(async move {
        LAST.with(|last| *last.borrow_mut() = Some(Box::new(move || drop(lasts))));
        runtime::block_on(async {});
    }));
    wait(&told);
    runtime.shutdown();
    assert!(gone.load(SeqCst), "a thread outlived its runtime");
}

#[test]
fn a_shutdown_frees_a_worker_that_waits_for_a_task_of_its_own_queue() {
    let (runtime, _) = runtime(1);
    let (tell, told) = channel();
    let (ready, waits) = channel();
    drop(runtime.go(async move {
        let inner = runtime::go(async {});
        ready.send(()).expect("the test listens");
        // Not the runtime's: nobody takes this worker's place.
        let cancelled = futures::executor::block_on(inner).is_err_and(|error| error.is_cancelled());
        tell.send(cancelled).expect("the test listens");
    }));
    wait(&waits);
    runtime.shutdown();
    assert!(wait(&told), "the only worker was busy");
}

/// A waker that panics when it is woken.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("a bad waker was woken");
    }
}

/// It would end the process if it reached the task.
#[test]
fn a_waker_that_panics_as_a_task_ends_hurts_nobody_else() {
    let (runtime, _) = runtime(1);
    let (end, ends) = oneshot::channel::<()>();
    let mut handle = runtime.go(async move { ends.await.map_or(0, |()| 7) });
    let bad = Waker::from(Arc::new(Bad));
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&bad)).is_pending());
    end.send(()).expect("the task waits");
    // The runtime goes on, and the handle has what the task came to.
    assert_eq!(runtime.block_on(runtime.go(async { 1 })).expect("it ends"), 1);
    assert_eq!(runtime.block_on(handle).expect("it ended"), 7);
}

/// A waker that panics when it is dropped, and says so before.
struct BadEnd(Sender<()>);

impl Wake for BadEnd {
    fn wake(self: Arc<Self>) {}
}

impl Drop for BadEnd {
    fn drop(&mut self) {
        self.0.send(()).expect("the test listens");
        panic!("a bad waker was dropped");
    }
}

/// The task has the last of it, for its handle is gone.
#[test]
fn a_waker_that_panics_as_a_task_drops_it_hurts_nobody_else() {
    let (runtime, _) = runtime(1);
    let (end, ends) = oneshot::channel::<()>();
    let (tell, told) = channel();
    let mut handle = runtime.go(async move { ends.await.map_or((), |()| ()) });
    let bad = Waker::from(Arc::new(BadEnd(tell)));
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&bad)).is_pending());
    drop((bad, handle));
    assert!(told.try_recv().is_err(), "the task has it still");
    end.send(()).expect("the task waits");
    wait(&told);
    assert_eq!(runtime.block_on(runtime.go(async { 1 })).expect("it ends"), 1);
}

/// What is panicked with, and panics when it is dropped.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("on purpose, in the destructor of what was panicked with");
    }
}

/// Panics with that when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Payload);
    }
}

/// It would end the process, and so would the two below.
#[test]
fn a_result_that_nobody_takes_and_what_it_panics_with_hurt_nobody() {
    let (runtime, _) = runtime(1);
    within(&runtime, async {
        // The only worker runs them later.
        drop(runtime::go(async { Bomb }));
        // What a task panicked with is a result too.
        drop(runtime::go(async { panic_any(Payload) }));
    });
    assert_eq!(runtime.block_on(runtime.go(async { 7 })).expect("it ends"), 7);
}

#[test]
fn a_future_that_a_shutdown_drops_and_what_it_panics_with_hurt_nobody() {
    let (runtime, _) = runtime(1);
    let (tell, told) = channel();
    let bomb = Bomb;
    let cancelled = runtime.go(async move {
        let _bomb = bomb;
        tell.send(()).expect("the test listens");
        std::future::pending::<()>().await;
    });
    wait(&told);
    runtime.shutdown();
    assert!(futures::executor::block_on(cancelled).is_err_and(|error| error.is_cancelled()));
}

/// A waker that panics with that when it is woken.
struct Explodes;

impl Wake for Explodes {
    fn wake(self: Arc<Self>) {
        panic_any(Payload);
    }
}

#[test]
fn a_waker_of_who_waits_for_a_task_and_what_it_panics_with_hurt_nobody() {
    let (runtime, _) = runtime(1);
    let (end, ends) = oneshot::channel::<()>();
    let mut handle = runtime.go(async move { ends.await.map_or(0, |()| 7) });
    let bad = Waker::from(Arc::new(Explodes));
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&bad)).is_pending());
    end.send(()).expect("the task waits");
    assert_eq!(runtime.block_on(runtime.go(async { 1 })).expect("it ends"), 1);
    assert_eq!(runtime.block_on(handle).expect("it ended"), 7);
}
