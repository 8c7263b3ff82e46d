//! Models of the break: never lost, coalesced, and left alone by a poll that does not wait.
//!
//! The whole crate as shipped runs in them, over the [fake kernel](crate::fake). A lost break shows as a deadlock: a
//! poller asleep that nobody will wake. The state that breakers publish is relaxed throughout, so that nothing orders
//! it but the break itself; and no model joins a breaker before it has seen its state, since a join orders too.

use crate::{
    Delay, Events, Facts, Mode, Poller, Token,
    sync::{Arc, AtomicBool, Builder, Ordering, thread},
};
use std::{ops::Range, time::Duration};

/// Runs `scenario` through every interleaving with at most `preemptions` involuntary switches.
fn model(preemptions: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(scenario);
}

/// A poller and the things that breakers announce by breaking it.
struct Scene<const N: usize> {
    poller: Poller,
    announced: [AtomicBool; N],
}

impl<const N: usize> Scene<N> {
    fn new() -> Arc<Scene<N>> {
        let poller = Poller::new().unwrap();
        Arc::new(Scene { poller, announced: std::array::from_fn(|_| AtomicBool::new(false)) })
    }

    fn has_announced(&self, which: usize) -> bool {
        self.announced[which].load(Ordering::Relaxed)
    }

    /// Sleeps in polls until everything is announced; says how many polls that took.
    fn sleep_until_all_announced(&self) -> usize {
        let mut events = Events::with_capacity(1);
        let mut polls = 0;
        while !(0..N).all(|which| self.has_announced(which)) {
            self.poller.poll(&mut events, Delay::Block).unwrap();
            assert!(events.is_empty(), "a break is not an event");
            polls += 1;
        }
        polls
    }
}

/// A thread that announces each of `which` in turn, and breaks the poll each time.
fn announcer<const N: usize>(scene: &Arc<Scene<N>>, which: Range<usize>) -> thread::JoinHandle<()> {
    let scene = Arc::clone(scene);
    thread::spawn(move || {
        for announced in &scene.announced[which] {
            announced.store(true, Ordering::Relaxed);
            scene.poller.break_poll().unwrap();
        }
    })
}

/// Preemption bound: 4.
#[test]
fn a_break_wakes_a_sleeper_who_then_sees_why() {
    model(4, || {
        let scene = Scene::<1>::new();
        let announcer = announcer(&scene, 0..1);
        scene.sleep_until_all_announced();
        announcer.join().unwrap();
    });
}

/// The second break is often coalesced with the first, at any point between a poll's waking and its return. What the
/// second announced must be seen nevertheless. Preemption bound: 4.
#[test]
fn a_coalesced_break_is_as_good_as_a_written_one() {
    model(4, || {
        let scene = Scene::<2>::new();
        let announcers = [announcer(&scene, 0..1), announcer(&scene, 1..2)];
        scene.sleep_until_all_announced();
        announcers.into_iter().for_each(|announcer| announcer.join().unwrap());
    });
}

/// The second break may fall between the steps by which a poll takes the first; then the third must still get through.
/// Preemption bound: 4.
#[test]
fn a_break_in_the_midst_of_taking_another_does_not_silence_the_next() {
    model(4, || {
        let scene = Scene::<3>::new();
        let announcer = announcer(&scene, 0..3);
        scene.sleep_until_all_announced();
        announcer.join().unwrap();
    });
}

/// One write for each break that some poll took, and at most one more that is still to be taken. Preemption bound: 4.
#[test]
fn breaks_before_the_first_is_seen_cost_one_write() {
    model(4, || {
        let scene = Scene::<2>::new();
        let announcers = [announcer(&scene, 0..1), announcer(&scene, 1..2)];
        let polls = scene.sleep_until_all_announced();
        announcers.into_iter().for_each(|announcer| announcer.join().unwrap());
        let writes = scene.poller.wake_writes();
        assert!(writes <= polls + 1, "{writes} writes for {polls} polls");
    });
}

/// Nobody sleeps, so all breaks but one are free, however they race, and looking on changes nothing. Preemption
/// bound: 4.
#[test]
fn breaks_that_nobody_takes_cost_one_write_in_all() {
    model(4, || {
        let scene = Scene::<1>::new();
        let announcer = announcer(&scene, 0..1);
        scene.poller.break_poll().unwrap();
        scene.poller.poll(&mut Events::with_capacity(1), Delay::Now).unwrap();
        scene.poller.break_poll().unwrap();
        announcer.join().unwrap();
        assert_eq!(scene.poller.wake_writes(), 1);
    });
}

/// A thread that only looks must not swallow the break that is meant for a sleeper. Preemption bound: 4.
#[test]
fn a_poll_that_does_not_wait_leaves_the_break_to_a_sleeper() {
    model(4, || {
        let scene = Scene::<1>::new();
        let announcer = announcer(&scene, 0..1);
        let looker = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || {
                scene.poller.poll(&mut Events::with_capacity(1), Delay::Now).unwrap();
            })
        };
        scene.sleep_until_all_announced();
        announcer.join().unwrap();
        looker.join().unwrap();
    });
}

/// Two sleepers take each other's breaks, and whoever breaks does so for each of them: both wake. Preemption bound: 3.
#[test]
fn two_sleepers_that_share_a_poller_are_both_woken() {
    model(3, || {
        let scene = Scene::<1>::new();
        let sleeper = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || {
                scene.sleep_until_all_announced();
                scene.poller.break_poll().unwrap();
            })
        };
        let announcer = announcer(&scene, 0..1);
        scene.sleep_until_all_announced();
        scene.poller.break_poll().unwrap();
        sleeper.join().unwrap();
        announcer.join().unwrap();
    });
}

/// The kernel's lock orders what was done before an edge with what follows the poll that tells it, as a real kernel's
/// does; and a short delay ends by itself. Preemption bound: 4.
#[test]
fn an_edge_wakes_a_sleeper_and_is_told_once() {
    model(4, || {
        let scene = Scene::<1>::new();
        let token = Token::new(3, 1);
        let kernel = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || {
                scene.announced[0].store(true, Ordering::Relaxed);
                scene.poller.raise(token, Mode::Read, Facts::PEER_SHUTDOWN);
            })
        };
        let mut events = Events::with_capacity(1);
        scene.poller.poll(&mut events, Delay::UpTo(Duration::MAX)).unwrap();
        assert!(scene.has_announced(0));
        assert_eq!(events.iter().map(|event| event.token).collect::<Vec<_>>(), [token]);
        scene.poller.poll(&mut events, Delay::UpTo(Duration::from_millis(1))).unwrap();
        assert!(events.is_empty());
        kernel.join().unwrap();
    });
}
