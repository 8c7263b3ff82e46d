//! The end of a descriptor: marked closed, everyone moved on, destroyed once by the last reference.
//!
//! Go: `poll.FD.Close`, `poll.FD.destroy`

use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use foreign::event;
use poller::Poller;

use super::{Fd, Inner, Reference};
use crate::sync::{Arc, Mutex, lock};
use crate::sys::Socket;
use crate::wake::wake;
use crate::{Error, sys};

/// Made by the call that closes the descriptor: whether it is gone, and that caller's waker.
#[derive(Clone, Default)]
pub(super) struct Closer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    gone: bool,
    waker: Option<Waker>,
    /// Whoever waits wants the socket itself.
    wanted: bool,
    socket: Option<Socket>,
}

impl Closer {
    /// Whether whoever waits wants the socket itself.
    fn is_wanted(&self) -> bool {
        lock(&self.0).wanted
    }

    /// The socket is out of the poller: it goes to who wants it, or comes back to be closed.
    fn offer(&self, socket: Socket) -> Option<Socket> {
        let mut state = lock(&self.0);
        if !state.wanted {
            return Some(socket);
        }
        state.socket = Some(socket);
        None
    }

    fn gone(&self) {
        let waker = {
            let mut state = lock(&self.0);
            state.gone = true;
            state.waker.take()
        };
        waker.into_iter().for_each(wake);
    }
}

/// The wait for the descriptor to be gone; the socket, if it is wanted. Dropped, it leaves no waker behind.
pub(super) struct Gone(Closer);

impl Future for Gone {
    type Output = Option<Socket>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Socket>> {
        let waker = cx.waker().clone();
        let mut state = lock(&self.0.0);
        if state.gone {
            return Poll::Ready(state.socket.take());
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        let (waker, socket) = {
            let mut state = lock(&self.0.0);
            state.wanted = false;
            (state.waker.take(), state.socket.take())
        };
        drop(waker);
        socket.into_iter().for_each(let_go);
    }
}

impl Fd {
    /// Closes the descriptor and waits until it is gone. Every operation that is pending ends with [`Error::Closed`];
    /// one that is pending and not polled is not waited for.
    ///
    /// The descriptor is marked closed when this is called, not when it is awaited first; dropping the future gives up
    /// only the wait.
    ///
    /// # Errors
    /// [`Error::Closed`] if it was closed before. Where another task may have done that, it is no failure.
    ///
    /// Differs: what close(2) itself reports is dropped: the descriptor is gone all the same.
    ///
    /// Go: `poll.FD.Close`
    #[doc(alias = "poll.FD.Close")]
    pub fn close(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let gone = self.0.close_for(false);
        async move {
            gone?.await;
            Ok(())
        }
    }
}

impl Inner {
    /// Closes the descriptor; the wait for it to be gone, with the socket if it is `wanted`.
    pub(super) fn close_for(&self, wanted: bool) -> Result<Gone, Error> {
        let closer = Closer(Arc::new(Mutex::new(State { wanted, ..State::default() })));
        self.begin_close(Some(closer.clone()))?;
        Ok(Gone(closer))
    }

    /// Marks the descriptor closed and moves everyone on. When it is gone, `closer` is told.
    fn begin_close(&self, closer: Option<Closer>) -> Result<(), Error> {
        self.mutex.incref_and_close()?;
        // As long as this is held, nobody destroys the descriptor.
        let _reference = Reference(self);
        event!("netfd::fd", TRACE, fd = self.number, "close");
        *lock(&self.closer) = closer;
        // Unblocks whatever waits in the poller; the queues of the locks have been woken already.
        self.desc().evict(self.token, self.shared());
        Ok(())
    }

    /// Takes the socket out of the poller and closes it. Called once, by whoever gave the last reference back.
    ///
    /// Go: `poll.FD.destroy`
    #[doc(alias = "poll.FD.destroy")]
    pub(super) fn destroy(&self) {
        // SAFETY: the mutex is closed and has no reference left, so nobody borrows the socket and nobody will.
        let socket = unsafe { self.socket.with_mut(Option::take) };
        let socket = socket.expect("a descriptor is destroyed once");
        event!("netfd::fd", TRACE, fd = self.number, "destroy");
        let shared = self.shared();
        let closer = lock(&self.closer).take();
        // A socket of which there is no duplicate leaves the poller when it is closed.
        let known = self.given_out.load(Relaxed) || closer.as_ref().is_some_and(Closer::is_wanted);
        if (known || !Poller::FORGETS_THE_CLOSED)
            && let Err(error) = shared.poller.close(sys::source(sys::lend(&socket)))
        {
            event!("netfd::fd", ERROR, %error, "the poller did not let go of a socket");
        }
        self.desc().retire(self.token.sequence());
        shared.cache.free(self.token.slot());
        let lingers = |socket: &Socket| self.given_out.load(Relaxed) && sys::lingers(sys::lend(socket));
        let rest = match &closer {
            Some(closer) => closer.offer(socket),
            None => Some(socket),
        };
        let gone = move || closer.iter().for_each(Closer::gone);
        match rest {
            Some(socket) if lingers(&socket) => sys::close_slowly(socket, gone),
            rest => {
                drop(rest);
                gone();
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // An error: it was closed already.
        let _ = self.begin_close(None);
    }
}

/// Closes a socket that somebody wanted and did not take, on a thread that may wait if its close may.
pub(super) fn let_go(socket: Socket) {
    if sys::lingers(sys::lend(&socket)) {
        sys::close_slowly(socket, || ());
    }
}
