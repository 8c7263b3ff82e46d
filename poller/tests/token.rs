//! Tokens: what goes in comes out, what is reserved is refused, and a closed source's token is heard no more.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::{next, ready, unix_pair};
use poller::{Poller, Token};
use std::{
    io::{ErrorKind, Write},
    os::fd::AsFd,
};

const EDGES: [u32; 6] = [0, 1, 2, i32::MAX as u32, u32::MAX - 1, u32::MAX];

#[test]
fn slot_and_sequence_survive_the_round_trip_through_64_bits() {
    for slot in EDGES {
        for sequence in EDGES {
            let token = Token::new(slot, sequence);
            assert_eq!((token.slot(), token.sequence()), (slot, sequence));
            assert_eq!(Token::from(u64::from(token)), token);
            assert_eq!(token.is_reserved(), slot == u32::MAX);
        }
    }
}

#[test]
fn every_64_bits_are_a_token() {
    for bits in [0, 1, u64::MAX, 1 << 31, 1 << 32, 0x0123_4567_89ab_cdef] {
        assert_eq!(u64::from(Token::from(bits)), bits);
    }
}

#[test]
fn a_token_prints_its_slot_and_its_sequence() {
    assert_eq!(format!("{:?}", Token::new(7, 3)), "Token(7#3)");
}

#[test]
fn a_source_is_told_under_the_token_it_was_opened_with() {
    for slot in EDGES.into_iter().filter(|slot| *slot != u32::MAX) {
        for sequence in EDGES {
            let poller = Poller::new().unwrap();
            let (near, _far) = unix_pair();
            poller.open(near.as_fd(), Token::new(slot, sequence)).unwrap();
            assert_eq!(next(&poller).token, Token::new(slot, sequence));
        }
    }
}

#[test]
fn a_reserved_token_is_refused_and_leaves_the_source_unopened() {
    let poller = Poller::new().unwrap();
    let (near, _far) = unix_pair();
    for sequence in EDGES {
        let refused = poller.open(near.as_fd(), Token::new(u32::MAX, sequence)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
    poller.open(near.as_fd(), Token::new(0, 0)).unwrap();
}

#[test]
fn a_closed_source_is_silent_until_it_is_opened_anew_under_its_next_sequence() {
    let poller = Poller::new().unwrap();
    let (near, mut far) = unix_pair();
    poller.open(near.as_fd(), Token::new(4, 1)).unwrap();
    far.write_all(b"x").unwrap();
    poller.close(near.as_fd()).unwrap();
    assert_eq!(ready(&poller), [], "the event was not fetched before the source was closed");

    poller.open(near.as_fd(), Token::new(4, 2)).unwrap();
    assert_eq!(next(&poller).token, Token::new(4, 2));
    assert_eq!(ready(&poller), []);
}
