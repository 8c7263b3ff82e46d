//! A subscriber of traces that panics at every event: it costs nobody anything.
#![cfg(not(loom))]

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use netfd::{Error, Fd, Mode, Netpoll, Timer};

/// What was told, each time with a panic.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Panics;

impl tracing::Subscriber for Panics {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("netfd") || metadata.target() == "poller"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            if field.name() == "message" {
                text = format!("{value:?}");
            }
        });
        TOLD.lock().expect("nobody panics under it").push(text);
        panic!("on purpose, in a subscriber");
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_subscriber_that_panics_at_every_event_hurts_nobody() {
    tracing::subscriber::set_global_default(Panics).expect("the only one");
    std::panic::set_hook(Box::new(|_| {}));
    let netpoll = Netpoll::new().expect("a poller");
    for _ in 0..3 {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_nonblocking(true).expect("a flag of descriptors");
        let fd = Fd::new(OwnedFd::from(ours), &netpoll).expect("registered");
        let deadline = Instant::now() + Duration::from_secs(3600);
        fd.set_deadline(Mode::Both, Some(deadline)).expect("open");
        let reader = std::thread::spawn({
            let fd = fd.clone();
            move || block_on(fd.read(&mut [0; 8]))
        });
        // On the stand-by's thread, for nobody else polls.
        block_on(Timer::after(&netpoll, Duration::from_millis(1)));
        theirs.write_all(b"a").expect("written");
        assert_eq!(reader.join().expect("the reader does not panic"), Ok(1));
        assert_eq!(block_on(fd.close()), Ok(()));
        assert_eq!(block_on(fd.close()), Err(Error::Closed));
    }
    netpoll.shutdown();
    let told = TOLD.lock().expect("nobody panics under it");
    for what in [
        "poll",
        "break",
        "open",
        "set deadline",
        "the stand-by drives",
        "the stand-by hands over",
        "close",
        "destroy",
    ] {
        assert!(told.iter().any(|text| text == what), "{what} was not told: {told:?}");
    }
}
