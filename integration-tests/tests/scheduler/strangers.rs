//! Other people's code in the scheduler's way: what listens to its traces, who takes a timer along to another thread, and a
//! waker that takes its time.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use integration_tests::alone::alone_as;
use integration_tests::time::WHILE;
use netfd::{Fd, Timer};
use tracing_subscriber::EnvFilter;

use crate::{LIMIT, echo, pair, ping, runtime, spin_until, wait, within};

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

/// The worker that has armed it does not poll as long as its task runs.
#[test]
fn a_timer_that_moves_to_another_thread_fires_though_its_worker_is_busy() {
    let (runtime, netpoll) = runtime(1);
    let fired = Arc::new(AtomicBool::new(false));
    let (hand_over, handed) = channel();
    let waits = fired.clone();
    let stranger = std::thread::spawn(move || {
        let timer: Pin<Box<Timer>> = wait(&handed);
        futures::executor::block_on(timer);
        waits.store(true, SeqCst);
    });
    let in_time = within(&runtime, async move {
        let mut timer = Box::pin(Timer::after(&netpoll, Duration::from_millis(20)));
        assert!(futures::poll!(timer.as_mut()).is_pending());
        hand_over.send(timer).expect("the stranger listens");
        let begun = Instant::now();
        while !fired.load(SeqCst) && begun.elapsed() < LIMIT / 2 {
            std::hint::spin_loop();
        }
        fired.load(SeqCst)
    });
    assert!(in_time, "it fired when the worker polled");
    stranger.join().expect("it does not panic");
}

/// A waker that does not return for as long as nobody has run a task from outside.
#[derive(Default)]
struct Lingers {
    begun: AtomicBool,
    ran: AtomicBool,
    gave_up: AtomicBool,
}

impl Wake for Lingers {
    fn wake(self: Arc<Self>) {
        let begun = Instant::now();
        self.begun.store(true, SeqCst);
        while !self.ran.load(SeqCst) && begun.elapsed() < LIMIT / 2 {
            std::thread::yield_now();
        }
        self.gave_up.store(!self.ran.load(SeqCst), SeqCst);
    }
}

/// It is called by a worker that counts as asleep until it is back from its poll, or as one that searches.
#[test]
fn a_waker_that_lingers_holds_up_its_worker_alone() {
    for _ in 0..5 {
        let (runtime, netpoll) = runtime(3);
        // They lie down.
        std::thread::sleep(WHILE);
        let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
        ours.set_nonblocking(true).expect("a flag of descriptors");
        let fd = Fd::new(ours.into(), &netpoll).expect("registered");
        let lingers = Arc::new(Lingers::default());
        let waker = Waker::from(lingers.clone());
        let mut buf = [0; 8];
        let mut read = Box::pin(fd.read(&mut buf));
        assert!(read.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        theirs.write_all(b"wakes").expect("written");
        spin_until(|| lingers.begun.load(SeqCst));
        for _ in 0..3 {
            runtime.block_on(runtime.go(async {})).expect("another worker runs it");
        }
        assert!(!lingers.gave_up.load(SeqCst), "no other worker ran a task meanwhile");
        lingers.ran.store(true, SeqCst);
    }
}

/// One exchange for each look would be twenty for each second.
#[test]
fn who_waits_beside_a_worker_that_does_not_yield_waits_for_its_events_alone() {
    const EXCHANGES: usize = 4000;
    let (runtime, netpoll) = runtime(1);
    let over = Arc::new(AtomicBool::new(false));
    let held_up = over.clone();
    let busy = runtime.go(async move { spin_until(|| held_up.load(SeqCst)) });
    futures::executor::block_on(async {
        let (client, server) = pair(&netpoll).await;
        let answers = async {
            let mut buf = [0; 1];
            while server.read(&mut buf).await.expect("data, or the end") > 0 {
                server.write(&buf).await.expect("written");
            }
        };
        let asks = async {
            for _ in 0..EXCHANGES {
                client.write(b"?").await.expect("written");
                client.read(&mut [0; 1]).await.expect("data");
            }
            client.close().await.expect("closed once");
        };
        futures::join!(asks, answers);
    });
    over.store(true, SeqCst);
    runtime.block_on(busy).expect("it held its worker all the while");
    // The worker has its poller back.
    within(&runtime, async move {
        let (client, server) = pair(&netpoll).await;
        drop(runtime::go(echo(server)));
        ping(&client, 10).await;
    });
}

/// It would cost the worker that told the event, or where a task ends the process.
#[test]
fn a_subscriber_that_panics_at_each_event_hurts_nobody() {
    alone_as(module_path!(), "a_subscriber_that_panics_at_each_event_hurts_nobody", || {
        let (tell, told) = channel();
        let events = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("runtime=trace,foreign=trace"));
        events.with_writer(move || Panics(tell.clone())).init();
        let heard = |what: &str| while !wait(&told).contains(what) {};
        let (runtime, _) = runtime(1);
        heard("starts");
        heard("parks");
        // The only worker runs it once nobody can take its result.
        drop(runtime.go(async { drop(runtime::go(async { Bomb })) }));
        heard("go");
        heard("a destructor panicked");
        heard("gone");
        assert_eq!(runtime.block_on(runtime.go(async { 7 })).expect("it ends"), 7);
        runtime.shutdown();
        heard("ends");
    });
}
