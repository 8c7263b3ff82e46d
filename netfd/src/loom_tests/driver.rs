//! Who polls: the role's hand-over against parking, the stand-by against whoever calls it, unparking against parking.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::task::{Context, Poll};

use loom::sync::atomic::AtomicBool;
use loom::sync::{Mutex, Notify};
use loom::thread;
use poller::{Facts, Mode, Token};

use super::{Task, Waiting, descriptor, model, park, spawn, wait};
use crate::driver::Class;
use crate::netpoll::poll_desc::Direction::Read;
use crate::netpoll::shared::Shared;
use crate::{Error, Netpoll, Parker};

/// Waits for input on a thread that drives the poller while it has nothing to do, as `block_on` of the runtime does.
fn drive(netpoll: &Netpoll, token: Token) -> Result<(), Error> {
    drive_with(Parker::new(netpoll), netpoll, token)
}

fn drive_with(mut parker: Parker, netpoll: &Netpoll, token: Token) -> Result<(), Error> {
    let waker = parker.unparker().into_waker();
    let mut waiting = Waiting::new(token, Read);
    loop {
        if let Poll::Ready(end) = waiting.poll(netpoll.shared(), &mut Context::from_waker(&waker)) {
            return end;
        }
        parker.park().expect("the fake kernel's wait succeeds");
        // A poll that met a taker woke itself: let the taker go on.
        thread::yield_now();
    }
}

/// A poller whose stand-by is a thread of the model, as the shipped one is started.
fn with_standby() -> (Netpoll, thread::JoinHandle<()>) {
    let netpoll = Netpoll::without_standby();
    let standby = {
        let shared = netpoll.shared_arc();
        thread::spawn(move || crate::driver::run_standby(&shared))
    };
    (netpoll, standby)
}

/// The kernel tells of input, on a thread of its own.
fn kernel(netpoll: &Netpoll, tokens: &[Token]) -> thread::JoinHandle<()> {
    let (netpoll, tokens) = (netpoll.clone(), tokens.to_vec());
    thread::spawn(move || {
        for token in tokens {
            netpoll.shared().poller.raise(token, Mode::Read, Facts::EMPTY);
        }
    })
}

/// Hand-over against park: of two threads that wait, one drives and the other lies beside it; both get their events,
/// whoever of them leaves first. Preemption bound 2.
#[test]
fn the_role_goes_on_to_the_next_when_its_driver_leaves() {
    model(2, || two_wait(Parker::new));
}

/// Two workers, one of which drives and ends once it has its event: the other, which lies beside it, drives from then on.
/// Preemption bound 2.
#[test]
fn the_role_goes_on_to_the_next_worker_when_its_driver_ends() {
    model(2, || two_wait(Parker::for_worker));
}

/// Two threads wait for an event each.
fn two_wait(parker: fn(&Netpoll) -> Parker) {
    let netpoll = Netpoll::without_standby();
    let tokens = [netpoll.shared().alloc(3), netpoll.shared().alloc(4)];
    let other = {
        let netpoll = netpoll.clone();
        thread::spawn(move || {
            assert_eq!(drive_with(parker(&netpoll), &netpoll, tokens[1]), Ok(()));
        })
    };
    let kernel = kernel(&netpoll, &tokens);
    assert_eq!(drive_with(parker(&netpoll), &netpoll, tokens[0]), Ok(()));
    other.join().unwrap();
    kernel.join().unwrap();
    assert_eq!(netpoll.shared().role.waiters(), 0);
}

/// Whoever takes the role comes after whoever left it, in whichever way it was left and taken: so of two drivers, each of whom says
/// until when it sleeps, the last one is heard. Preemption bound 3.
#[test]
fn each_driver_comes_after_the_one_before() {
    let sleep = |shared: &Shared| {
        shared.until.sleep(1);
        shared.until.wake();
    };
    model(3, move || {
        let (shared, _) = descriptor();
        let standby = spawn(&shared, move |shared| {
            if shared.role.take_as_standby() {
                sleep(shared);
                shared.role.pause();
                if shared.role.resume() {
                    sleep(shared);
                    // Not if nobody has asked: then nobody drives any more.
                    let _ = shared.role.stand_down();
                }
            }
        });
        let _ = shared.role.announce(Class::Worker);
        if shared.role.take(Class::Worker) {
            sleep(&shared);
            let _ = shared.role.leave(Class::Worker, false);
        }
        standby.join().unwrap();
    });
}

/// Unparking against parking: it is seen wherever the thread sleeps, in the poller or beside it. Preemption bound 2.
#[test]
fn an_unpark_is_seen_in_the_poller_and_beside_it() {
    model(2, || {
        let netpoll = Netpoll::without_standby();
        let sleeper = || {
            let told = Arc::new(AtomicBool::new(false));
            let unparker = Arc::new((Mutex::new(None), Notify::new()));
            let (netpoll, seen, made) = (netpoll.clone(), told.clone(), unparker.clone());
            let thread = thread::spawn(move || {
                let mut parker = Parker::new(&netpoll);
                *made.0.lock().unwrap() = Some(parker.unparker());
                made.1.notify();
                while !seen.load(SeqCst) {
                    parker.park().expect("the fake kernel's wait succeeds");
                }
            });
            (told, unparker, thread)
        };
        for (told, unparker, thread) in [sleeper(), sleeper()] {
            let unparker = loop {
                if let Some(unparker) = unparker.0.lock().unwrap().take() {
                    break unparker;
                }
                unparker.1.wait();
            };
            told.store(true, SeqCst);
            unparker.unpark();
            thread.join().unwrap();
        }
    });
}

/// What was done before an unpark is seen by the thread after its park, wherever that slept and also if it did not.
/// Preemption bound 3.
#[test]
fn an_unpark_shows_what_was_done_before() {
    model(3, || {
        let netpoll = Netpoll::without_standby();
        let told = Arc::new(AtomicBool::new(false));
        let mut parker = Parker::new(&netpoll);
        let teller = {
            let (told, unparker) = (told.clone(), parker.unparker());
            thread::spawn(move || {
                // Relaxed: it is the unpark that shows it.
                told.store(true, Relaxed);
                unparker.unpark();
            })
        };
        // One notification, and no other reason to wake.
        parker.park().expect("the fake kernel's wait succeeds");
        assert!(told.load(Relaxed));
        teller.join().unwrap();
    });
}

/// The stand-by going to sleep against a task that starts to wait where nobody drives: its event is delivered. And the
/// stand-by's end against its sleep. Preemption bound 2.
#[test]
fn the_stand_by_is_called_by_a_task_that_waits() {
    model(2, || {
        let (netpoll, standby) = with_standby();
        let token = netpoll.shared().alloc(3);
        let kernel = kernel(&netpoll, &[token]);
        assert_eq!(wait(netpoll.shared(), token, Read, &Task::new()), Ok(()));
        kernel.join().unwrap();
        let shared = netpoll.shared_arc();
        drop(netpoll);
        standby.join().unwrap();
        assert_eq!(shared.role.waiters(), 0);
    });
}

/// A poller that is dropped at once ends its stand-by, whatever that was about to do. Preemption bound 3.
#[test]
fn the_stand_by_ends_with_its_poller() {
    model(3, || {
        let (netpoll, standby) = with_standby();
        drop(netpoll);
        standby.join().unwrap();
    });
}

/// A driver that leaves for a task of its own while one of another executor waits: the stand-by takes over.
/// Preemption bound 1.
#[test]
fn the_stand_by_takes_over_from_a_driver_that_leaves() {
    model(1, || {
        let (netpoll, standby) = with_standby();
        let token = netpoll.shared().alloc(3);
        let busy = Arc::new(Notify::new());
        let driver = {
            let (netpoll, busy) = (netpoll.clone(), busy.clone());
            thread::spawn(move || {
                let mut parker = Parker::new(&netpoll);
                netpoll.break_poll();
                // Sees the break or, in the poller or beside it, the event.
                parker.park().expect("the fake kernel's wait succeeds");
                // Does something else, and does not come back.
                busy.wait();
            })
        };
        let kernel = kernel(&netpoll, &[token]);
        assert_eq!(wait(netpoll.shared(), token, Read, &Task::new()), Ok(()));
        busy.notify();
        driver.join().unwrap();
        kernel.join().unwrap();
        drop(netpoll);
        standby.join().unwrap();
    });
}

/// A thread that drives for itself asks the stand-by for the role, and gives it back. Preemption bound 2.
#[test]
fn the_stand_by_stands_down_for_a_driver() {
    model(2, || {
        let (netpoll, standby) = with_standby();
        let tokens = [netpoll.shared().alloc(3), netpoll.shared().alloc(4)];
        // Calls the stand-by, for nobody drives.
        let first = Task::new();
        let mut waiting = park(netpoll.shared(), tokens[0], Read, &first);
        let kernel = kernel(&netpoll, &[tokens[1], tokens[0]]);
        assert_eq!(drive(&netpoll, tokens[1]), Ok(()));
        assert_eq!(waiting.end(netpoll.shared(), &first), Ok(()));
        kernel.join().unwrap();
        drop(netpoll);
        standby.join().unwrap();
    });
}

/// A worker lies down against a guest that drives, and leaves for good: the role goes from the guest to the worker and back
/// again, and nobody sleeps where none polls. Preemption bound 2.
#[test]
fn a_guest_gives_the_role_to_a_worker_and_gets_it_back() {
    model(2, || {
        let netpoll = Netpoll::without_standby();
        let tokens = [netpoll.shared().alloc(3), netpoll.shared().alloc(4)];
        let worker = {
            let netpoll = netpoll.clone();
            thread::spawn(move || {
                let parker = Parker::for_worker(&netpoll);
                assert_eq!(drive_with(parker, &netpoll, tokens[1]), Ok(()));
            })
        };
        let kernel = kernel(&netpoll, &[tokens[1], tokens[0]]);
        assert_eq!(drive(&netpoll, tokens[0]), Ok(()));
        worker.join().unwrap();
        kernel.join().unwrap();
        assert_eq!(netpoll.shared().role.waiters(), 0);
    });
}

/// A worker that is held up before it ever polls, against the stand-by's going to sleep: whoever has to know is told.
/// Preemption bound 3.
#[test]
fn a_worker_that_is_held_up_is_seen() {
    model(3, || {
        let (netpoll, standby) = with_standby();
        let told = Arc::new(Notify::new());
        let tell = told.clone();
        let parker = Parker::for_watched_worker(&netpoll, move || tell.notify());
        told.wait();
        drop(parker);
        drop(netpoll);
        standby.join().unwrap();
    });
}

/// A worker that gets up, in the poller or beside it, and is held up: likewise, though nobody waits for the poller.
/// Preemption bound 2.
#[test]
fn a_worker_that_gets_up_and_is_held_up_is_seen() {
    for beside in [false, true] {
        model(2, move || {
            let (netpoll, standby) = with_standby();
            let told = Arc::new(Notify::new());
            let tell = told.clone();
            let mut parker = Parker::for_watched_worker(&netpoll, move || tell.notify());
            let driver = Parker::for_worker(&netpoll);
            if beside {
                assert!(netpoll.shared().role.take(Class::Worker), "nobody drives yet");
            }
            let unparker = parker.unparker();
            let waker = thread::spawn(move || unparker.unpark());
            parker.park().expect("the fake kernel's wait succeeds");
            told.wait();
            waker.join().unwrap();
            if beside {
                let _ = netpoll.shared().role.leave(Class::Worker, false);
            }
            drop((parker, driver, netpoll));
            standby.join().unwrap();
        });
    }
}

/// A worker runs without a poll for a whole look while a stranger waits: the stand-by drives in its stead, until it polls again.
/// Preemption bound 2.
#[test]
fn the_stand_by_drives_for_a_worker_that_does_not_poll_and_leaves_when_it_does() {
    model(2, || {
        let (netpoll, standby) = with_standby();
        let shared = netpoll.shared();
        // So that the last poll is long ago.
        shared.clock.set(1_000_000_000);
        let token = shared.alloc(3);
        let mut worker = Parker::for_worker(&netpoll);
        let waits = Task::new();
        let mut waiting = park(shared, token, Read, &waits);
        shared.poller.raise(token, Mode::Read, Facts::EMPTY);
        assert_eq!(waiting.end(shared, &waits), Ok(()));
        // It lays the role down while it wakes, and does not hear then.
        while shared.role.is_driven() {
            worker.poll_now().expect("the fake kernel's wait succeeds");
            thread::yield_now();
        }
        drop((worker, waiting));
        drop(netpoll);
        standby.join().unwrap();
    });
}
