//! The stand-by thread: it polls for programs whose executors know nothing of pollers, and when those that do are busy.
//!
//! Go: `runtime.sysmon`
//!
//! Differs: Go's monitor wakes every 20 µs to 10 ms for as long as any goroutine runs. This one sleeps unless somebody
//! waits, and while others poll it looks 100 times a second whether they still do.

use std::time::Duration;

use poller::Events;

use super::role::Watch;
use crate::netpoll::ready_list::ReadyList;
use crate::netpoll::shared::Shared;
use crate::sync::{survive, thread};

/// How long a waiter may stand without a poll before the stand-by steps in.
const PATIENCE: Duration = Duration::from_millis(10);

/// The stand-by's life; it ends with its poller.
pub(crate) fn run(shared: &Shared) {
    // Who called before this is seen by the first look, for both lock the same place.
    shared.set_standby(thread::current());
    let mut polls = shared.role.polls();
    loop {
        let now = shared.role.polls();
        match shared.role.watch(now != polls) {
            Watch::Quit => return,
            Watch::Sleep => thread::park(),
            Watch::LookAgain => thread::park_timeout(PATIENCE),
            Watch::Drive => drive(shared),
        }
        polls = now;
    }
}

/// Polls until a participant wants the role.
fn drive(shared: &Shared) {
    tracing::trace!(target: "netfd::driver", "the stand-by drives");
    let mut events = Events::default();
    let mut list = ReadyList::new();
    while !shared.role.stand_down() {
        // A subscriber of traces may panic in it.
        let survived = survive(|| {
            if let Err(error) = shared.poll_blocking(&mut events, &mut list) {
                tracing::error!(target: "netfd::driver", %error, "the kernel's wait failed");
                thread::park_timeout(PATIENCE);
            }
        });
        if list.is_empty() && survived {
            continue;
        }
        // Not while it drives: a waker may run a task that itself waits for this poller, on this thread.
        shared.role.pause();
        list.wake_all();
        if !shared.role.resume() {
            break;
        }
    }
    tracing::trace!(target: "netfd::driver", "the stand-by hands over");
    shared.candidates.wake_first(&shared.role);
}
