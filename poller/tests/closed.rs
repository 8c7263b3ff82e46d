//! What becomes of a source that is closed and not removed.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::{own_descriptors, ready, unix_pair};
use poller::{Poller, Token};
use std::{io::Write, os::fd::AsFd};

/// How many sources the kernel knows of, the break's aside.
fn known(poller: &Poller) -> usize {
    let info = |own| std::fs::read_to_string(format!("/proc/self/fdinfo/{own}")).unwrap();
    let lines: Vec<_> = own_descriptors(poller).into_iter().map(info).collect();
    lines.concat().lines().filter(|line| line.starts_with("tfd:")).count() - 1
}

#[test]
fn a_source_without_a_duplicate_is_forgotten_with_its_descriptor() {
    const { assert!(Poller::FORGETS_THE_CLOSED) };
    let poller = Poller::new().unwrap();
    let (near, mut far) = unix_pair();
    poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
    assert_eq!((known(&poller), ready(&poller).len()), (1, 1));
    drop(near);
    assert_eq!(known(&poller), 0);
    let _ = far.write(b"x");
    assert!(ready(&poller).is_empty());
}

#[test]
fn a_source_with_a_duplicate_lives_on_in_the_poller() {
    let poller = Poller::new().unwrap();
    let (near, mut far) = unix_pair();
    let duplicate = near.try_clone().unwrap();
    poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
    ready(&poller);
    drop(near);
    far.write_all(b"x").unwrap();
    assert_eq!((known(&poller), ready(&poller).len()), (1, 1), "so it has to be removed before");
    drop(duplicate);
    assert_eq!(known(&poller), 0);
}
