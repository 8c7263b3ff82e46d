//! The list of events: how much one poll brings, and that all ways of looking at it agree.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::{ready, unix_pair};
use poller::{Delay, Events, Poller, Token};
use std::{collections::HashSet, os::fd::AsFd};

#[test]
fn there_is_room_for_as_many_events_as_in_go_and_always_for_one() {
    assert_eq!(Events::default().capacity(), 128);
    assert_eq!(Events::with_capacity(7).capacity(), 7);
    assert_eq!(Events::with_capacity(0).capacity(), 1);
}

#[test]
fn what_does_not_fit_into_one_poll_comes_with_the_next() {
    let poller = Poller::new().unwrap();
    let pairs: Vec<_> = (0..5).map(|_| unix_pair()).collect();
    for (slot, (near, _)) in (0..).zip(&pairs) {
        poller.open(near.as_fd(), Token::new(slot, 0)).unwrap();
    }
    let mut events = Events::with_capacity(2);
    let mut heard = HashSet::new();
    for expected in [2, 2, 1, 0] {
        poller.poll(&mut events, Delay::Now).unwrap();
        assert_eq!((events.len(), events.is_empty()), (expected, expected == 0));
        heard.extend(events.iter().map(|event| event.token.slot()));
    }
    assert_eq!(heard, (0..5).collect());
}

#[test]
fn a_list_is_read_in_either_way_and_as_often_as_one_likes() {
    let poller = Poller::new().unwrap();
    let (near, far) = unix_pair();
    poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
    poller.open(far.as_fd(), Token::new(1, 0)).unwrap();
    let mut events = Events::default();
    poller.poll(&mut events, Delay::Now).unwrap();
    let listed: Vec<_> = events.iter().collect();
    assert_eq!(listed.len(), 2);
    let mut by_loop = Vec::new();
    for event in &events {
        by_loop.push(event);
    }
    assert_eq!(by_loop, listed);
}

#[test]
fn a_poll_forgets_what_the_one_before_it_brought() {
    let poller = Poller::new().unwrap();
    let (near, _far) = unix_pair();
    poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
    let mut events = Events::default();
    poller.poll(&mut events, Delay::Now).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(ready(&poller), []);
    poller.poll(&mut events, Delay::Now).unwrap();
    assert!(events.is_empty());
}
