//! Models of the shipped scheduler over the shipped driver: whole runtimes of one or two workers, and single protocols of
//! it between a few threads, under every interleaving up to a bound of preemptions each states.
//!
//! Only the kernel and the queues are faked. A wake-up that is lost leaves a thread asleep for ever, which loom reports as a
//! deadlock; so does a worker that a shutdown forgets, since the shutdown waits for it.

mod ends;
mod idle;
mod nested;
mod sharing;

use netfd::Netpoll;

use crate::Runtime;

fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // The default of 1,000 is too few for a whole runtime; a real endless loop passes any limit.
    builder.max_branches = 20_000;
    builder.check(run);
}

/// A runtime over a poller of its own that has no stand-by: whoever has to poll is one of its workers or the caller.
fn runtime(workers: usize) -> (Netpoll, Runtime) {
    let netpoll = Netpoll::without_standby();
    let runtime = Runtime::over(netpoll.clone(), workers).expect("the model's threads start");
    (netpoll, runtime)
}
