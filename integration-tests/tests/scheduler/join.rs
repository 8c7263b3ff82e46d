//! A task's handle: who is woken for the result, and that it gives it once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Wake, Waker};

use futures::channel::oneshot;
use runtime::JoinHandle;

use crate::{runtime, wait};

/// Says who was woken.
struct Tells(&'static str, Sender<&'static str>);

impl Wake for Tells {
    fn wake(self: Arc<Self>) {
        self.1.send(self.0).expect("the test listens");
    }
}

fn poll<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> Poll<Result<T, runtime::JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

#[test]
fn a_handle_that_is_polled_with_another_waker_wakes_that_one() {
    let (runtime, _) = runtime(1);
    let (end, ends) = oneshot::channel::<()>();
    let mut handle = runtime.go(async move { ends.await.is_ok() });
    let (tell, told) = channel();
    for who in ["the first", "the second"] {
        assert!(poll(&mut handle, &Waker::from(Arc::new(Tells(who, tell.clone())))).is_pending());
    }
    end.send(()).expect("the task waits");
    assert_eq!(wait(&told), "the second");
    assert!(matches!(poll(&mut handle, Waker::noop()), Poll::Ready(Ok(true))));
    assert!(told.try_recv().is_err(), "the first was woken too");
}

#[test]
fn a_handle_that_gave_its_result_panics_if_it_is_polled_again() {
    let (one, _one) = runtime(1);
    let mut ended = one.go(async { 7 });
    assert_eq!(one.block_on(&mut ended).expect("it ends"), 7);
    let mut cancelled = one.go(std::future::pending());
    one.shutdown();
    assert!(futures::executor::block_on(&mut cancelled).is_err_and(|error| error.is_cancelled()));
    for mut handle in [ended, cancelled] {
        let again = catch_unwind(AssertUnwindSafe(|| poll(&mut handle, Waker::noop())));
        let panicked = again.map(|polled| polled.is_ready()).expect_err("it has given its result");
        let text = panicked.downcast_ref::<String>().map_or("", String::as_str);
        assert!(text.contains("polled again"), "{text}");
    }
}

#[test]
fn an_error_of_a_task_can_be_a_boxed_one() {
    let (runtime, _) = runtime(1);
    let ended: Result<(), Box<dyn std::error::Error + Send + Sync>> =
        runtime.block_on(async { Ok(runtime::go(async { panic!("on purpose") }).await?) });
    assert_eq!(ended.expect_err("it panicked").to_string(), "the task panicked: on purpose");
}
