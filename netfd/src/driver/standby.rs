//! The stand-by thread: it polls for programs whose executors know nothing of pollers, and looks after workers that are
//! held up by a task.
//!
//! Go: `runtime.sysmon`
//!
//! ```text
//!            a waiter where nobody drives, a driver that leaves: in 10 ms
//!   asleep ────────────────────────────────────────────────────────► watching: a look every 10 ms
//!     ▲                                                                │  a worker runs, without a heartbeat for 0.2 ms:
//!     │  nobody runs, and a driver sleeps or nobody waits              │    its runtime is told, and wakes another
//!     └────────────────────────────────────────────────────────────────┤  somebody waits, nobody drives, all who run are such:
//!                                                                      │    a sleeper is woken, to drive
//!                                                                      │  somebody waits, nobody drives, no poll for 1 ms:
//!                                                                      │    a sleeper is woken, to drive; else
//!                                         asked for the role           │    one poll if there are workers who polled since
//!   watching ◄───────────────────────────────────────────────────── driving  the last look, and if not
//! ```
//!
//! What its looks cost, counted as its thread's context switches under an echo server: none in an idle second, at most 100 in any
//! other, at 1 connection as at 50: whoever calls it sets a timer and does not wake it.
//!
//! Differs: Go's monitor wakes every 20 µs to 10 ms for as long as any goroutine runs. This one looks 10 ms after it is
//! called and every 10 ms from then on, and only while somebody runs or waits for a poll.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use foreign::{event, survive};
use poller::Events;

use super::role::Watch;
use crate::netpoll::ready_list::ReadyList;
use crate::netpoll::shared::Shared;

/// The time between two looks, and from a call to the first.
pub(crate) const PATIENCE: Duration = Duration::from_millis(10);

/// After how many nanoseconds without a heartbeat a watched worker counts as held up: a look that finds it so acts, for the next
/// comes only after [`PATIENCE`]. So whoever waits for it is seen to after both together, 10.2 ms, if another worker sleeps. If
/// none does, the stand-by polls by [`STALE`], after 11 ms.
const SILENT: u64 = 200_000;

/// After how many nanoseconds without a poll the stand-by has a sleeper poll for those who wait, or polls itself. With a tenth of
/// this the looks themselves held up workers that poll every few tenths of a millisecond: p99 at 1,000 connections was 9 % longer.
const STALE: u64 = 1_000_000;

/// Whether nobody but the stand-by has polled since the last look. Half a look's time at least must lie between, for a call may make
/// one follow another at once; `age` is that of the last poll, in nanoseconds. In a model only if its clock was moved.
fn is_left_alone(age: u64, last_poll: u64, seen: u64) -> bool {
    last_poll == seen && u128::from(age) >= PATIENCE.as_nanos() / 2
}

/// Whether a poll is long ago. In a model, which has no clock, every poll is.
fn is_stale(age: u64) -> bool {
    cfg!(loom) || age >= STALE
}

/// The stand-by's life; it ends with its poller.
///
/// Go: `runtime.sysmon`
#[doc(alias = "sysmon")]
pub(crate) fn run(shared: &Shared) {
    #[cfg(loom)]
    shared.bell.is_heard_here();
    let mut seen = shared.last_poll();
    loop {
        let (last_poll, now) = (shared.last_poll(), shared.now());
        let age = now.saturating_sub(last_poll);
        let (runs, held_up) = shared.watched.look(if cfg!(loom) { now } else { now.saturating_sub(SILENT) });
        // One that is not will poll soon, or be seen at the next look.
        let all_held_up = runs > 0 && held_up.len() == runs;
        for worker in held_up {
            // Somebody else's code.
            survive(|| worker.tell_held_up());
        }
        let busy = runs > 0 || last_poll != seen;
        let left_alone = is_left_alone(age, last_poll, seen);
        seen = last_poll;
        match shared.role.watch(is_stale(age), all_held_up, busy) {
            Watch::Quit => return,
            Watch::Sleep if shared.watched.look(0).0 > 0 => {
                // A worker got up before it could see that nobody watches.
                shared.role.call_standby(false);
            }
            Watch::Sleep => shared.bell.wait(),
            Watch::LookAgain => shared.bell.wait_up_to(PATIENCE),
            Watch::HeldUp => {
                // Whoever sleeps may drive; who runs will poll.
                shared.candidates.wake_first(&shared.role);
                shared.bell.wait_up_to(PATIENCE);
            }
            Watch::Orphaned => {
                if shared.candidates.wake_first(&shared.role) {
                    shared.role.is_seen_to();
                    shared.bell.wait_up_to(PATIENCE);
                } else if shared.role.has_workers() && !left_alone {
                    // They run, and will poll again: the role is theirs. If it were taken from them, those that never sleep
                    // would be handed every event by another thread, for as long as they are busy.
                    shared.role.is_seen_to();
                    poll_once(shared);
                    seen = shared.last_poll();
                    shared.bell.wait_up_to(PATIENCE);
                } else if shared.role.take_as_standby() {
                    shared.stands_in.store(true, Relaxed);
                    drive(shared);
                    shared.stands_in.store(false, Relaxed);
                }
            }
        }
    }
}

/// Delivers what has happened, without sleeping and without the role.
fn poll_once(shared: &Shared) {
    let mut events = Events::default();
    let mut list = ReadyList::new();
    if let Err(error) = shared.poll_now(&mut events, &mut list) {
        event!("netfd::driver", ERROR, %error, "the kernel's wait failed");
    }
    list.wake_all();
}

/// Polls until a participant wants the role. If there are workers, all of them have been running without a poll since the last
/// look, and whoever waits beside them would have one event in each; the first that polls again has the role back.
fn drive(shared: &Shared) {
    event!("netfd::driver", TRACE, "the stand-by drives");
    let mut events = Events::default();
    let mut list = ReadyList::new();
    while !shared.role.stand_down() {
        if let Err(error) = shared.poll_blocking(&mut events, &mut list) {
            event!("netfd::driver", ERROR, %error, "the kernel's wait failed");
            shared.bell.wait_up_to(PATIENCE);
        }
        if list.is_empty() {
            continue;
        }
        // Not while it drives: a waker may run a task that itself waits for this poller, on this thread.
        shared.role.pause();
        list.wake_all();
        if !shared.role.resume() {
            break;
        }
    }
    event!("netfd::driver", TRACE, "the stand-by hands over");
    shared.candidates.wake_first(&shared.role);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::PATIENCE;
    use crate::driver::role::Class;
    use crate::{Fd, Netpoll, Parker};

    /// A worker that runs and does not poll, while a stranger waits: the stand-by polls for the stranger, and the role is the
    /// worker's as soon as it polls again.
    #[test]
    fn what_it_does_for_workers_that_run_leaves_them_the_role() {
        let netpoll = Netpoll::new().expect("a poller");
        let mut worker = Parker::for_worker(&netpoll);
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("a mode");
        let fd = Fd::new(OwnedFd::from(ours), &netpoll).expect("a descriptor");
        let (told, tells) = mpsc::channel();
        let stranger = std::thread::spawn(move || {
            let mut byte = [0];
            while futures::executor::block_on(fd.read(&mut byte)).is_ok_and(|read| read > 0) {
                told.send(byte).expect("the test listens");
            }
        });
        for turn in 0..3 {
            theirs.write_all(&[turn]).expect("written");
            assert_eq!(tells.recv().expect("somebody polls for the stranger"), [turn]);
            // It would have taken the role by now.
            std::thread::sleep(2 * PATIENCE);
            let (role, begun) = (&netpoll.shared().role, Instant::now());
            while !role.take(Class::Worker) {
                assert!(begun.elapsed() < Duration::from_secs(60), "the stand-by has the role");
                worker.poll_now().expect("the kernel's wait succeeds");
            }
            // The worker is not watched, and the stand-by looks for the stranger's sake already.
            let _ = role.leave(Class::Worker, false);
        }
        drop(theirs);
        stranger.join().expect("the stranger ends");
        drop(worker);
    }

    /// The only worker that is looked after does not yield, somebody waits, and somebody has polled a moment ago, who may not do it
    /// again: a worker that sleeps is woken to drive.
    #[test]
    fn beside_a_worker_that_is_held_up_a_sleeper_drives_however_short_ago_the_last_poll_was() {
        let netpoll = Netpoll::new().expect("a poller");
        let shared = netpoll.shared();
        let (tell, looks) = mpsc::channel();
        let mut polls = Parker::for_worker(&netpoll);
        let held_up = Parker::for_watched_worker(&netpoll, move || {
            // The test may be over.
            let _ = tell.send(());
        });
        assert!(shared.role.take(Class::Worker));
        let others = netpoll.clone();
        let (woken, wakes) = mpsc::channel();
        let sleeper = std::thread::spawn(move || {
            let mut parker = Parker::for_watched_worker(&others, || {});
            let unparker = parker.unparker();
            woken.send(unparker).expect("the test listens");
            parker.park().expect("it sleeps beside the poller");
        });
        let sleeper_too = wakes.recv().expect("it has a parker");
        // It is counted as running until it lies there.
        while !(shared.role.has_candidates() && shared.watched.look(0).0 == 1) {
            std::thread::yield_now();
        }
        shared.role.add(false);
        let _ = shared.role.leave(Class::Worker, true);
        shared.rouse(false);
        looks.try_iter().for_each(drop);
        // A look tells first and wakes afterwards: by the third one two are over.
        let mut told = 0;
        while told < 3 {
            polls.poll_now().expect("the kernel's wait succeeds");
            told += looks.try_iter().count();
        }
        assert!(!shared.role.has_candidates(), "three looks have woken nobody");
        sleeper_too.unpark();
        sleeper.join().expect("it gets up");
        shared.role.sub(1);
        drop(held_up);
    }
}
