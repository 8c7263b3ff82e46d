//! Breaks: never lost, coalesced, left alone by a poll that does not wait, and never told as an event.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::{LONG, kernel_says, own_descriptors, this_thread, unix_pair, unread_wakes, until_asleep};
use poller::{Delay, Events, Poller, Token};
use std::{
    os::fd::AsFd,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Polls for ever, or until somebody breaks it.
fn sleep(poller: &Poller) {
    let mut events = Events::default();
    poller.poll(&mut events, Delay::Block).unwrap();
    assert!(events.is_empty(), "a break is not an event");
}

#[test]
fn a_break_ends_a_poll_that_sleeps_however_long_it_meant_to() {
    for delay in [Delay::Block, LONG, Delay::UpTo(Duration::MAX)] {
        let poller = Poller::new().unwrap();
        let (report, sleeper) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                report.send(this_thread()).unwrap();
                let mut events = Events::default();
                poller.poll(&mut events, delay).unwrap();
                assert!(events.is_empty());
            });
            until_asleep(sleeper.recv().unwrap());
            poller.break_poll().unwrap();
        });
    }
}

#[test]
fn a_break_that_comes_before_the_poll_is_kept_for_it() {
    let poller = Poller::new().unwrap();
    poller.break_poll().unwrap();
    sleep(&poller);
}

#[test]
fn a_second_break_before_the_first_is_seen_costs_no_write() {
    let poller = Poller::new().unwrap();
    for _ in 0..2 {
        assert_eq!(unread_wakes(&poller), 0);
        for _ in 0..3 {
            poller.break_poll().unwrap();
            assert_eq!(unread_wakes(&poller), 1);
        }
        sleep(&poller);
    }
}

#[test]
fn a_poll_that_does_not_wait_leaves_the_break_for_one_that_does() {
    let poller = Poller::new().unwrap();
    let mut events = Events::default();
    poller.break_poll().unwrap();
    for delay in [Delay::Now, Delay::UpTo(Duration::ZERO), Delay::Now] {
        poller.poll(&mut events, delay).unwrap();
        assert!(events.is_empty());
        assert_eq!(unread_wakes(&poller), 1);
    }
    sleep(&poller);
    assert_eq!(unread_wakes(&poller), 0);
}

#[test]
fn a_poll_that_waits_up_to_a_time_takes_the_break() {
    let poller = Poller::new().unwrap();
    poller.break_poll().unwrap();
    poller.poll(&mut Events::default(), LONG).unwrap();
    assert_eq!(unread_wakes(&poller), 0);
}

#[test]
fn a_pending_break_crowds_out_no_event_even_of_the_shortest_list() {
    let poller = Poller::new().unwrap();
    poller.break_poll().unwrap();
    let mut events = Events::with_capacity(1);
    let pairs: Vec<_> = (0..3).map(|_| unix_pair()).collect();
    for (near, _) in &pairs {
        poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
        poller.poll(&mut events, Delay::Now).unwrap();
        assert_eq!(events.len(), 1);
    }
    sleep(&poller);
}

#[test]
fn a_poll_that_takes_the_break_brings_the_events_beside_it() {
    let poller = Poller::new().unwrap();
    let (near, _far) = unix_pair();
    poller.break_poll().unwrap();
    poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
    let mut events = Events::default();
    poller.poll(&mut events, Delay::Block).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(unread_wakes(&poller), 0);
}

#[test]
fn no_break_is_lost_when_many_threads_break_one_poller() {
    const BREAKERS: usize = 4;
    const BREAKS: usize = 5_000;
    let poller = Poller::new().unwrap();
    let announced = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..BREAKERS {
            scope.spawn(|| {
                for _ in 0..BREAKS {
                    announced.fetch_add(1, Ordering::Relaxed);
                    poller.break_poll().unwrap();
                }
            });
        }
        while announced.load(Ordering::Relaxed) < BREAKERS * BREAKS {
            sleep(&poller);
        }
    });
}

#[test]
fn a_break_of_one_poller_is_none_of_another() {
    let (one, other) = (Poller::new().unwrap(), Poller::new().unwrap());
    one.break_poll().unwrap();
    assert_eq!((unread_wakes(&one), unread_wakes(&other)), (1, 0));
}

#[test]
fn a_poller_knows_its_own_descriptors_which_no_child_inherits() {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let poller = Poller::new().unwrap();
    let own = own_descriptors(&poller);
    assert_eq!(own.len(), 2, "epoll and eventfd: {own:?}");
    for descriptor in own {
        let flags = u32::from_str_radix(&kernel_says(descriptor, "flags").unwrap(), 8).unwrap();
        assert_ne!(flags & CLOSE_ON_EXEC, 0);
    }
    let (near, far) = unix_pair();
    for source in [near, far] {
        use std::os::fd::AsRawFd;
        assert!(!poller.is_poll_descriptor(source.as_raw_fd()));
    }
}
