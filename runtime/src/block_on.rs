//! Running one future on the calling thread, which drives the poller while the future waits.

use std::pin::pin;
use std::task::{Context, Poll};

use netfd::{Netpoll, Parker};

use crate::park::park;
use crate::threads;

/// Runs `future` to its end; a worker that calls it is replaced by another thread meanwhile.
///
/// # Panics
/// If no thread can be had: what the worker leaves might never be run, and `future` may wait for it.
pub(crate) fn drive<F: Future>(netpoll: &Netpoll, future: F) -> F::Output {
    if let Err(error) = threads::replace_this() {
        panic!("a worker cannot block, for no thread can be started in its place: {error}");
    }
    let mut parker = Parker::new(netpoll);
    let waker = parker.unparker().into_waker();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        park(&mut parker);
    }
}
