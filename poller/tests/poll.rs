//! What a poll tells: each change once, in the right direction, to one of those who poll, and not before its time.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::{LONG, next, ready, unix_pair};
use poller::{Delay, Events, Facts, Mode, Poller, Token, Trigger};
use std::{
    collections::HashSet,
    fs::File,
    io::{ErrorKind, Read, Write},
    os::fd::AsFd,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

const TOKEN: Token = Token::new(5, 9);

#[test]
fn a_poller_without_sources_has_nothing_to_tell() {
    assert_eq!(ready(&Poller::new().unwrap()), []);
}

#[test]
fn linux_is_edge_triggered() {
    assert_eq!(Poller::TRIGGER, Trigger::Edge);
}

#[test]
fn an_edge_is_told_once_and_again_only_after_new_data() {
    let poller = Poller::new().unwrap();
    let (near, mut far) = unix_pair();
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(ready(&poller).len(), 1, "it can be written");
    assert_eq!(ready(&poller), []);

    for _ in 0..2 {
        far.write_all(b"x").unwrap();
        let event = next(&poller);
        assert!(event.token == TOKEN && event.mode.reads());
        assert_eq!(ready(&poller), [], "nothing was read, and nothing is new");
    }
}

#[test]
fn what_was_ready_before_the_source_was_opened_is_told() {
    let poller = Poller::new().unwrap();
    let (near, mut far) = unix_pair();
    far.write_all(b"x").unwrap();
    poller.open(near.as_fd(), TOKEN).unwrap();
    let event = next(&poller);
    assert_eq!((event.mode, event.facts, event.completion), (Mode::Both, Facts::EMPTY, None));
}

#[test]
fn room_to_write_is_told_when_there_is_room_again() {
    let poller = Poller::new().unwrap();
    let (mut near, mut far) = unix_pair();
    let mut written = 0;
    while let Ok(count) = near.write(&[0; 4096]) {
        written += count;
    }
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(ready(&poller), [], "it can be neither read nor written");

    far.read_exact(&mut vec![0; written]).unwrap();
    assert_eq!(next(&poller).mode, Mode::Write);
}

#[test]
fn arming_has_nothing_to_do_on_an_edge_triggered_backend() {
    let poller = Poller::new().unwrap();
    let (near, _far) = unix_pair();
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(ready(&poller).len(), 1);
    for mode in [Mode::Read, Mode::Write, Mode::Both] {
        poller.arm(near.as_fd(), TOKEN, mode).unwrap();
    }
    assert_eq!(ready(&poller), []);
}

#[test]
fn a_source_is_opened_and_closed_once() {
    let poller = Poller::new().unwrap();
    let (near, _far) = unix_pair();
    assert_eq!(poller.close(near.as_fd()).unwrap_err().kind(), ErrorKind::NotFound);
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(poller.open(near.as_fd(), TOKEN).unwrap_err().kind(), ErrorKind::AlreadyExists);
    poller.close(near.as_fd()).unwrap();
    assert_eq!(poller.close(near.as_fd()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_file_on_disk_is_refused() {
    let poller = Poller::new().unwrap();
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(poller.open(file.as_fd(), TOKEN).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn a_poll_up_to_a_time_returns_with_nothing_and_not_before() {
    let poller = Poller::new().unwrap();
    let mut events = Events::default();
    for time in [1, 999, 250_000, 1_000_000, 1_000_001, 3_700_000].map(Duration::from_nanos) {
        let start = Instant::now();
        poller.poll(&mut events, Delay::UpTo(time)).unwrap();
        assert!(start.elapsed() >= time, "{time:?}");
        assert!(events.is_empty());
    }
}

#[test]
fn an_event_ends_a_poll_before_its_time() {
    let poller = Poller::new().unwrap();
    let (near, _far) = unix_pair();
    poller.open(near.as_fd(), TOKEN).unwrap();
    let mut events = Events::default();
    poller.poll(&mut events, LONG).unwrap();
    assert_eq!(events.len(), 1);
}

#[test]
fn a_poll_of_two_pollers_keeps_their_sources_apart() {
    let (one, other) = (Poller::new().unwrap(), Poller::new().unwrap());
    let (near, far) = unix_pair();
    one.open(near.as_fd(), Token::new(1, 0)).unwrap();
    other.open(far.as_fd(), Token::new(2, 0)).unwrap();
    assert_eq!(next(&one).token, Token::new(1, 0));
    assert_eq!(next(&other).token, Token::new(2, 0));
}

#[test]
fn threads_that_poll_at_once_share_the_events_and_lose_none() {
    const SOURCES: u32 = 200;
    let poller = Poller::new().unwrap();
    let pairs: Vec<_> = (0..SOURCES).map(|_| unix_pair()).collect();
    for (slot, (near, _)) in (0..).zip(&pairs) {
        poller.open(near.as_fd(), Token::new(slot, 0)).unwrap();
    }
    let heard = Mutex::new(HashSet::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut events = Events::with_capacity(3);
                while heard.lock().unwrap().len() < SOURCES as usize {
                    poller.poll(&mut events, Delay::Block).unwrap();
                    let reads = events.iter().filter(|event| event.mode.reads());
                    heard.lock().unwrap().extend(reads.map(|event| event.token.slot()));
                }
                // Whoever sees the end tells the next.
                poller.break_poll().unwrap();
            });
        }
        for (_, far) in &pairs {
            (&mut &*far).write_all(b"x").unwrap();
        }
    });
    assert_eq!(heard.into_inner().unwrap(), (0..SOURCES).collect());
}

#[test]
fn a_poller_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Poller>();
    shared::<Events>();
}
