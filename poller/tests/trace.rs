//! Traces: one for each step, under the target `poller`.

#![cfg(all(target_os = "linux", not(loom)))]

mod common;

use common::unix_pair;
use poller::{Delay, Events, Poller, Token};
use std::{
    fmt::Debug,
    os::fd::AsFd,
    sync::{Arc, Mutex},
};
use tracing::{
    Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// Writes down every event of the target `poller` as one line.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

/// The line of one event: its message, then its other fields, without those that differ from run to run.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.0.insert_str(0, &format!("{value:?}")),
            "fd" => {}
            name => self.0.push_str(&format!(" {name}={value:?}")),
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "poller"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        assert_eq!(*event.metadata().level(), Level::TRACE);
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        unreachable!("the poller opens no spans")
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn every_step_leaves_one_trace() {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), || {
        let poller = Poller::new().unwrap();
        let (near, _far) = unix_pair();
        poller.open(near.as_fd(), Token::new(7, 3)).unwrap();
        poller.open(near.as_fd(), Token::new(u32::MAX, 0)).unwrap_err();
        poller.poll(&mut Events::default(), Delay::Now).unwrap();
        poller.break_poll().unwrap();
        poller.break_poll().unwrap();
        poller.close(near.as_fd()).unwrap();
    });
    let lines = listener.0.lock().unwrap();
    let expected = [
        "open token=Token(7#3)",
        "open token=Token(4294967295#0) error=the token is reserved for the poller itself",
        "poll delay=Now events=1",
        "break coalesced=false",
        "break coalesced=true",
        "close",
    ];
    assert_eq!(*lines, expected);
}
