//! A future that is ready at an instant, on any executor: the poller's own heap of timers wakes it.
//!
//! Go: `time.Timer`

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::{Target, TimerId};
use crate::Netpoll;
use crate::netpoll::park_word::{Owner, ParkWord, Parked, WaiterCount};
use crate::sync::Arc;
use crate::wake::wake;

/// A future that becomes ready at an instant.
///
/// Dropping it removes its timer. It is cancel-safe: polled again by another future, it goes on waiting for the same
/// instant. Resolution is the nanosecond where the kernel has `epoll_pwait2`, else the millisecond, rounded up; a timer
/// is never early.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let poller = netfd::Netpoll::global()?;
/// let start = Instant::now();
/// futures::executor::block_on(netfd::Timer::after(&poller, Duration::from_millis(5)));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Go: `time.Timer`
#[doc(alias = "time.Timer")]
#[must_use = "futures do nothing unless they are awaited"]
pub struct Timer {
    netpoll: Netpoll,
    state: Arc<TimerState>,
    /// When it is due, and its name in the heap once it has been polled.
    when: u64,
    id: Option<TimerId>,
    fired: bool,
}

/// The part of a timer that the heap can reach.
pub(crate) struct TimerState(ParkWord);

impl TimerState {
    /// Makes the timer ready.
    pub(crate) fn fire(&self) -> Option<Waker> {
        self.0.unblock(0, true)
    }
}

/// Timers keep a poller at work through the heap, not through the count of waiters.
struct Uncounted;

impl WaiterCount for Uncounted {
    fn add(&self, _: &Waker) {}
    fn sub(&self, _: u32) {}
}

impl Timer {
    /// A timer that is due once `delay` has passed; one too long for the clock never is.
    ///
    /// Go: `time.NewTimer`
    #[doc(alias = "time.NewTimer")]
    pub fn after(netpoll: &Netpoll, delay: Duration) -> Timer {
        Timer::due(netpoll, netpoll.shared().clock.after(delay))
    }

    /// A timer that is due at `instant`; at once, if that has passed.
    pub fn at(netpoll: &Netpoll, instant: Instant) -> Timer {
        Timer::due(netpoll, netpoll.shared().clock.at(instant))
    }

    /// A timer that is due when the poller's clock says `when`.
    pub(crate) fn due(netpoll: &Netpoll, when: u64) -> Timer {
        let state = Arc::new(TimerState(ParkWord::new(0, Owner::Timer)));
        Timer { netpoll: netpoll.clone(), state, when, id: None, fired: false }
    }

    /// Starts anew, due once `delay` has passed from now, whether it has fired or not. A task that waits for it waits
    /// on; one that has been told that it fired has to poll it again.
    ///
    /// Go: `time.Timer.Reset`
    #[doc(alias = "time.Timer.Reset")]
    pub fn reset(&mut self, delay: Duration) {
        let shared = self.netpoll.shared();
        self.when = shared.clock.after(delay);
        self.fired = false;
        if let Some(id) = self.id
            && let Some(alarm) = shared.reschedule_timer(id, self.when)
        {
            return shared.ring(alarm);
        }
        // It has fired, or is about to, and what that makes ready must not be this timer. Whoever still waits for it
        // arms the new one when it is polled.
        self.id = None;
        self.state.fire().into_iter().for_each(wake);
        self.state = Arc::new(TimerState(ParkWord::new(0, Owner::Timer)));
    }

    fn disarm(&mut self) {
        if let Some(id) = self.id.take() {
            self.netpoll.shared().remove_timer(id);
        }
    }
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timer").field("fired", &self.fired).finish_non_exhaustive()
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.fired {
            return Poll::Ready(());
        }
        // It parks when it is polled first, and is armed then.
        let parked = match self.id {
            None => self.state.0.park(cx.waker(), &Uncounted),
            Some(_) => self.state.0.park_on(cx.waker(), &Uncounted),
        };
        match parked {
            Parked::Ready => {
                self.fired = true;
                self.id = None;
                return Poll::Ready(());
            }
            Parked::Busy => cx.waker().wake_by_ref(),
            // The waker is in place before the timer can fire.
            Parked::Yes if self.id.is_none() => {
                let (shared, target) = (self.netpoll.shared(), Target::Timer(self.state.clone()));
                let own = crate::driver::runs(shared, cx.waker());
                let (id, alarm) = shared.insert_timer(self.when, target, own);
                self.id = Some(id);
                self.netpoll.shared().ring(alarm);
            }
            // Armed before; who waits for it may be somebody else by now.
            Parked::Yes => {
                let shared = self.netpoll.shared();
                if !crate::driver::runs(shared, cx.waker()) && shared.role.some_stranger() {
                    shared.rouse(!crate::driver::is_participant());
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
        self.state.0.unpark(&Uncounted);
    }
}
