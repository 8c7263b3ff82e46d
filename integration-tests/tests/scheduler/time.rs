//! Sleeping, and giving up on what takes too long.

use std::future::{pending, poll_fn, ready};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use integration_tests::alone::alone_as;
use integration_tests::time::WHILE;

use crate::{count, runtime, within};

#[test]
fn a_sleep_is_by_the_poller_of_the_runtime_that_runs_it() {
    alone_as(module_path!(), "a_sleep_is_by_the_poller_of_the_runtime_that_runs_it", || {
        let (runtime, netpoll) = runtime(1);
        let before = (count("task"), count("fd"));
        runtime.block_on(async {
            runtime::sleep(WHILE).await;
            runtime::go(async { runtime::sleep(WHILE).await }).await.expect("it ends");
        });
        // Another poller would have them of its own, and stay.
        assert_eq!((count("task"), count("fd")), before);
        drop(netpoll);
    });
}

#[test]
fn what_takes_too_long_is_dropped_and_what_does_not_is_had() {
    let (runtime, _) = runtime(1);
    within(&runtime, async {
        let owned = Arc::new(());
        let held = owned.clone();
        let never = async move {
            let _held = held;
            pending::<()>().await;
        };
        let elapsed = runtime::timeout(WHILE, never).await.expect_err("it never ends");
        assert_eq!(Arc::strong_count(&owned), 1, "it is gone");
        assert_eq!(std::io::Error::from(elapsed).kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(runtime::timeout(Duration::MAX, ready(7)).await, Ok(7));
        assert_eq!(runtime::timeout(Duration::ZERO, ready(7)).await, Ok(7), "it was ready at once");
        let mut polls = 0;
        let second = poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls > 1 { Poll::Ready(7) } else { Poll::Pending }
        });
        assert_eq!(runtime::timeout(Duration::from_secs(3600), second).await, Ok(7));
    });
}
