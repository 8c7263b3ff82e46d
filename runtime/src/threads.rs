//! The workers' threads: started, waited for, and replaced while they block.
//!
//! Go: `runtime.newm`, `runtime.handoffp`

use std::io;

use crate::local;
use crate::scheduler::Scheduler;
use crate::sync::thread::{self, JoinHandle as ThreadHandle};
use crate::sync::{Arc, Mutex, lock};
use crate::worker;

/// The threads of a runtime, to be waited for.
pub(crate) struct Threads(Mutex<State>);

#[derive(Default)]
struct State {
    next: u64,
    running: Vec<(u64, ThreadHandle<()>)>,
    /// Threads that have ended, or are about to: whoever comes next waits for them.
    ended: Vec<ThreadHandle<()>>,
    /// Those that were so quick that nobody has remembered them yet.
    left: Vec<u64>,
    shut_down: bool,
}

impl Threads {
    pub(crate) fn new() -> Threads {
        Threads(Mutex::new(State::default()))
    }

    fn number(&self) -> u64 {
        let mut state = lock(&self.0);
        state.next += 1;
        state.next
    }

    /// Remembers a thread. After a shutdown, which waits for no more, it is waited for here: it ends at its first look.
    fn adopt(&self, number: u64, thread: ThreadHandle<()>) {
        let ended = {
            let mut state = lock(&self.0);
            let mut ended = std::mem::take(&mut state.ended);
            let left = state.left.iter().position(|other| *other == number);
            if let Some(place) = left {
                state.left.swap_remove(place);
                ended.push(thread);
            } else if state.shut_down {
                ended.push(thread);
            } else {
                state.running.push((number, thread));
            }
            ended
        };
        ended.into_iter().for_each(join);
    }

    /// A thread is about to end; one that was not adopted yet will be found among the others.
    fn leave(&self, number: u64) {
        let mut state = lock(&self.0);
        if let Some(place) = state.running.iter().position(|(other, _)| *other == number) {
            let (_, thread) = state.running.swap_remove(place);
            state.ended.push(thread);
        } else if !state.shut_down {
            state.left.push(number);
        }
    }

    /// Whether none is left but this one, if it is one of them.
    pub(crate) fn others_have_ended(&self) -> bool {
        let this = thread::current().id();
        lock(&self.0).running.iter().all(|(_, other)| other.thread().id() == this)
    }

    /// Waits for all of them.
    pub(crate) fn join_all(&self) {
        let (running, ended) = {
            let mut state = lock(&self.0);
            state.shut_down = true;
            (std::mem::take(&mut state.running), std::mem::take(&mut state.ended))
        };
        running.into_iter().map(|(_, thread)| thread).chain(ended).for_each(join);
    }
}

/// Waits for a worker's thread to end.
fn join(thread: ThreadHandle<()>) {
    // A task may own its own runtime: its worker ends by itself. A worker's panic has been printed.
    if thread.thread().id() != thread::current().id() {
        let _ = thread.join();
    }
}

/// Starts a thread in a worker's seat; it takes over what is queued there.
pub(crate) fn start(scheduler: &Arc<Scheduler>, seat: usize) -> io::Result<()> {
    let number = scheduler.threads.number();
    let thread = {
        let scheduler = scheduler.clone();
        thread::Builder::new().name(format!("worker-{seat}")).spawn(move || {
            let _leaves = Leaves { scheduler: &scheduler, number };
            worker::run(&scheduler, seat);
        })?
    };
    scheduler.threads.adopt(number, thread);
    Ok(())
}

/// The end of a worker's thread, also by a panic.
struct Leaves<'a> {
    scheduler: &'a Scheduler,
    number: u64,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.scheduler.threads.leave(self.number);
        self.scheduler.tell_ender();
    }
}

/// This thread is about to block. If it is a worker, another thread takes its seat and all that is queued there; this one
/// ends once its task yields.
///
/// # Errors
/// What the kernel says when it refuses the thread.
///
/// Go: `runtime.entersyscallblock`, `runtime.handoffp`
#[doc(alias = "entersyscallblock")]
#[doc(alias = "handoffp")]
pub(crate) fn replace_this() -> io::Result<()> {
    replace_this_if(|_| true)
}

/// [`replace_this`], unless the worker is one of `scheduler`, which ends: this thread is about to wait for its others.
///
/// # Errors
/// Those of [`replace_this`].
pub(crate) fn replace_unless_of(scheduler: &Arc<Scheduler>) -> io::Result<()> {
    replace_this_if(|of| !Arc::ptr_eq(of, scheduler))
}

fn replace_this_if(wanted: impl FnOnce(&Arc<Scheduler>) -> bool) -> io::Result<()> {
    local::with_worker(|worker| {
        let Some(worker) = worker else { return Ok(()) };
        if !wanted(&worker.scheduler) {
            return Ok(());
        }
        // It may be in the midst of a poll, where wakers of others block: what it is counted as would be its successor's.
        worker.get_up();
        worker.stop_searching();
        start(&worker.scheduler, worker.seat)?;
        worker.replaced.set(true);
        worker.unparker.step_aside();
        Ok(())
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_leaves_before_it_is_remembered_has_ended() {
        let threads = Threads::new();
        let (quick, slow) = (threads.number(), threads.number());
        let (end, ends) = std::sync::mpsc::channel();
        threads.leave(quick);
        threads.adopt(quick, thread::spawn(|| ()));
        assert!(threads.others_have_ended());
        threads.adopt(slow, thread::spawn(move || ends.recv().expect("the test tells")));
        assert!(!threads.others_have_ended());
        end.send(()).expect("it listens");
        threads.leave(slow);
        assert!(threads.others_have_ended());
        threads.join_all();
    }
}
