//! The scheduler: whose turn it is, who does others' work, what it costs to do nothing, and what is left at the end.

mod ends;
mod order;
mod quiet;
mod sharing;

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use runtime::Runtime;

/// How long a test waits for what has to come. Only a failure takes so long.
const LIMIT: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    let netpoll = netfd::Netpoll::new().expect("a poller");
    Runtime::builder().workers(workers).netpoll(&netpoll).build().expect("a runtime")
}

/// Runs `task` on a worker of `runtime`; its result, or a panic if there is none in time.
#[track_caller]
fn within<T: Send + 'static>(runtime: &Runtime, task: impl Future<Output = T> + Send + 'static) -> T {
    let (tell, told) = channel();
    let handle = runtime.go(async move {
        let result = task.await;
        // The test may have given up.
        let _ = tell.send(result);
    });
    let result = wait(&told);
    drop(handle);
    result
}

#[track_caller]
fn wait<T>(told: &Receiver<T>) -> T {
    match told.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Disconnected) => panic!("the task panicked"),
        Err(RecvTimeoutError::Timeout) => panic!("nothing happened for {LIMIT:?}"),
    }
}

/// Lets the others have their turn.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
