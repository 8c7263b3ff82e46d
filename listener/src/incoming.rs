//! [`Incoming`]: a listener's connections as a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use conn::Conn;
use foreign::event;
use futures_core::Stream;
use netfd::{OpError, OpState, Timer};

use crate::{Backoff, Listener};

/// The connections that a listener accepts, one after the other.
///
/// While the process or the system has no descriptor left it rests, as [`Backoff`] says, and goes on. Any other error is
/// yielded; after the one that says that the listener is closed the stream ends. A passed deadline is an error for as
/// long as it stands.
///
/// Dropped, it loses no connection: what it has not yielded the next accept gets.
///
/// A poll that is pending keeps its place in line here, not in a future: a `next()` that is dropped, as `select!` drops one, is
/// not given up. Until the stream is polled to an end or dropped, accepts by other handles wait behind it, past their deadline
/// too; only a close ends them. [`Listener::accept`] keeps nothing when it is dropped.
#[derive(Debug)]
pub struct Incoming {
    listener: Listener,
    op: OpState,
    backoff: Backoff,
    pause: Option<Pin<Box<Timer>>>,
    closed: bool,
}

impl Incoming {
    pub(crate) fn new(listener: Listener) -> Incoming {
        Incoming { listener, op: OpState::new(), backoff: Backoff::new(), pause: None, closed: false }
    }
}

impl Stream for Incoming {
    type Item = Result<Conn, OpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.closed {
                return Poll::Ready(None);
            }
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            match ready!(this.listener.poll_accept(cx, &mut this.op)) {
                Ok(conn) => {
                    this.backoff.reset();
                    return Poll::Ready(Some(Ok(conn)));
                }
                Err(error) => match this.backoff.after(&error) {
                    Some(pause) => {
                        event!("listener", WARN, %error, ?pause, "resting");
                        this.pause = Some(Box::pin(Timer::after(this.listener.netpoll(), pause)));
                    }
                    None => {
                        this.closed = error.is_closed();
                        return Poll::Ready(Some(Err(error)));
                    }
                },
            }
        }
    }
}
