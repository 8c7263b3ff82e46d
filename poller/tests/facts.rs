//! What a poll tells beyond "ready": the peer's shutdown, hang-ups, errors, urgent data.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::{next, tcp_pair, unix_pair};
use poller::{Event, Facts, Mode, Poller, Token};
use rustix::net::{SendFlags, send};
use std::{
    io::{PipeWriter, Write, pipe},
    net::Shutdown,
    os::fd::AsFd,
};

const TOKEN: Token = Token::new(0, 0);

/// The next event of the write end of a pipe whose reader is gone.
fn of_a_pipe_without_a_reader(prepare: impl FnOnce(&mut PipeWriter)) -> Event {
    let (reader, mut writer) = pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    prepare(&mut writer);
    drop(reader);
    let poller = Poller::new().unwrap();
    poller.open(writer.as_fd(), TOKEN).unwrap();
    next(&poller)
}

#[test]
fn a_peer_that_shuts_down_its_writing_side_can_still_be_written_to() {
    let poller = Poller::new().unwrap();
    let (near, far) = unix_pair();
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(next(&poller).mode, Mode::Write);
    far.shutdown(Shutdown::Write).unwrap();
    let event = next(&poller);
    assert!(event.mode.reads());
    assert_eq!(event.facts, Facts::PEER_SHUTDOWN);
}

#[test]
fn a_peer_that_is_gone_hangs_up_in_both_directions() {
    let poller = Poller::new().unwrap();
    let (near, far) = unix_pair();
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(next(&poller).mode, Mode::Write);
    drop(far);
    let event = next(&poller);
    assert_eq!(event.mode, Mode::Both);
    assert_eq!(event.facts, Facts::PEER_SHUTDOWN | Facts::HANG_UP);
}

#[test]
fn an_error_without_any_readiness_is_alone() {
    let event = of_a_pipe_without_a_reader(|writer| while writer.write(&[0; 4096]).is_ok() {});
    assert_eq!(event.mode, Mode::Both);
    assert_eq!(event.facts, Facts::ERROR_ALONE | Facts::ERROR);
}

#[test]
fn an_error_beside_readiness_is_not_alone() {
    let event = of_a_pipe_without_a_reader(|_| {});
    assert_eq!(event.mode, Mode::Both);
    assert_eq!(event.facts, Facts::ERROR);
}

#[test]
fn urgent_data_is_something_to_read() {
    let poller = Poller::new().unwrap();
    let (near, far) = tcp_pair();
    poller.open(near.as_fd(), TOKEN).unwrap();
    assert_eq!(next(&poller).mode, Mode::Write);
    assert_eq!(send(&far, b"!", SendFlags::OOB).unwrap(), 1);
    let event = next(&poller);
    assert!(event.mode.reads());
    assert_eq!(event.facts, Facts::URGENT);
}
