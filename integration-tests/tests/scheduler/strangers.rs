//! Other people's code in the scheduler's way: what listens to its traces.

use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};

use integration_tests::alone::alone_as;
use tracing_subscriber::EnvFilter;

use crate::{runtime, wait};

/// Panics when it is written to, and says with what before.
struct Panics(Sender<String>);

impl Write for Panics {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8_lossy(event).into_owned()).expect("the test listens");
        panic!("on purpose, in a subscriber");
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Panics when it is dropped, which the runtime reports.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose, in a destructor");
    }
}

/// It would cost the worker that told the event, or where a task ends the process.
#[test]
fn a_subscriber_that_panics_at_each_event_hurts_nobody() {
    alone_as(module_path!(), "a_subscriber_that_panics_at_each_event_hurts_nobody", || {
        let (tell, told) = channel();
        let events = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("runtime=trace"));
        events.with_writer(move || Panics(tell.clone())).init();
        let heard = |what: &str| while !wait(&told).contains(what) {};
        let (runtime, _) = runtime(1);
        heard("starts");
        heard("parks");
        // The only worker runs it once nobody can take its result.
        drop(runtime.go(async { drop(runtime::go(async { Bomb })) }));
        heard("go");
        heard("panicked when it was dropped");
        heard("gone");
        assert_eq!(runtime.block_on(runtime.go(async { 7 })).expect("it ends"), 7);
        runtime.shutdown();
        heard("ends");
    });
}
