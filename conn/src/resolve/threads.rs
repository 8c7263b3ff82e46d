//! Threads for look-ups, which block: for seconds if a name server keeps silent.
//!
//! ```text
//!   look_up ──► a thread of its own, while there are not too many ──► the answer wakes the task
//!      │                              ▲
//!      └──► the line, beyond that ────┘ whose look-up is done takes the next, or ends
//! ```
//!
//! So a program that looks nothing up has no thread for it, and no task's look-up runs on an executor's thread or on the one that
//! runs the poller. A look-up in line that nobody waits for any more is not begun.
//!
//! Go: `net.acquireThread`, `net.releaseThread`

use std::any::Any;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use foreign::{catch, survive};
use rustix::process::{Resource, getrlimit};

/// The most threads at once.
const MOST: usize = 500;
/// How many descriptors they leave to others, where the process may have no more than [`MOST`].
const SPARED: usize = 30;

/// The threads of this process, and the look-ups that wait for one.
static THREADS: Mutex<Threads> = Mutex::new(Threads { running: 0, line: VecDeque::new() });

struct Threads {
    running: usize,
    line: VecDeque<LookUp>,
}

/// A look-up, which is told instead if there is no thread for it.
type LookUp = Box<dyn FnOnce(Result<(), NoThread>) + Send>;

/// The kernel's reason.
#[derive(Clone, Copy)]
struct NoThread(i32);

/// Runs `look_up` on a thread where it may block. Dropped, the look-up goes on, and its answer is dropped.
///
/// # Errors
/// What the kernel says when it refuses a thread and no other is there.
///
/// # Panics
/// If `look_up` does.
///
/// Go: `net.acquireThread`
#[doc(alias = "acquireThread")]
pub(super) async fn look_up<T: Send + 'static>(
    look_up: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let answer = Arc::new(Mutex::new(Answer { given: None, waits: None }));
    let giver = Arc::downgrade(&answer);
    start(Box::new(move |may| {
        if giver.strong_count() > 0 {
            let given = may.map(|()| catch(look_up));
            giver.upgrade().inspect(|answer| give(answer, given));
        }
    }));
    match poll_fn(|cx| take(&answer, cx)).await {
        Ok(looked_up) => Ok(looked_up.unwrap_or_else(|panic| resume_unwind(panic))),
        Err(NoThread(code)) => Err(io::Error::from_raw_os_error(code)),
    }
}

/// What a look-up came to, and who waits for it.
struct Answer<T> {
    given: Option<Given<T>>,
    waits: Option<Waker>,
}

/// What it found, or what it panicked with.
type Given<T> = Result<Result<T, Box<dyn Any + Send>>, NoThread>;

fn give<T>(answer: &Mutex<Answer<T>>, given: Given<T>) {
    let waits = {
        let mut answer = lock(answer);
        answer.given = Some(given);
        answer.waits.take()
    };
    survive(|| waits.into_iter().for_each(Waker::wake));
}

fn take<T>(answer: &Mutex<Answer<T>>, cx: &mut Context<'_>) -> Poll<Given<T>> {
    // Outside of the lock, for it is somebody else's code; so is its drop.
    let waker = cx.waker().clone();
    let _before = {
        let mut answer = lock(answer);
        if let Some(given) = answer.given.take() {
            return Poll::Ready(given);
        }
        answer.waits.replace(waker)
    };
    Poll::Pending
}

/// How many threads there may be, of a process that may have so many descriptors: a look-up may need one, and a system that has
/// none for it may say that the name does not exist.
///
/// Go: `net.concurrentThreadsLimit`
#[doc(alias = "concurrentThreadsLimit")]
fn most(descriptors: Option<u64>) -> usize {
    match descriptors.and_then(|descriptors| usize::try_from(descriptors).ok()) {
        Some(few) if few <= SPARED => few.max(1),
        Some(some) if some <= MOST => some - SPARED,
        Some(_) | None => MOST,
    }
}

/// Starts a thread for a look-up, or leaves it in line.
fn start(look_up: LookUp) {
    let most = most(getrlimit(Resource::Nofile).current);
    {
        let mut threads = lock(&THREADS);
        threads.line.push_back(look_up);
        if threads.running >= most {
            return;
        }
        threads.running += 1;
    }
    if let Err(error) = thread::Builder::new().name("lookup".into()).spawn(run) {
        let left = {
            let mut threads = lock(&THREADS);
            threads.running -= 1;
            // Whoever runs takes what is in line. If nobody does, nobody would.
            if threads.running > 0 { VecDeque::new() } else { std::mem::take(&mut threads.line) }
        };
        let why = NoThread(error.raw_os_error().unwrap_or(libc::EAGAIN));
        left.into_iter().for_each(|look_up| look_up(Err(why)));
    }
}

/// A thread's life: look-ups, until there are none in line.
///
/// Go: `net.releaseThread`
#[doc(alias = "releaseThread")]
fn run() {
    loop {
        let next = {
            let mut threads = lock(&THREADS);
            let next = threads.line.pop_front();
            if next.is_none() {
                threads.running -= 1;
            }
            next
        };
        match next {
            Some(look_up) => look_up(Ok(())),
            None => return,
        }
    }
}

/// Locks `mutex`. Nobody panics under one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc::channel;
    use std::task::{Context, Waker};

    use futures::executor::block_on;
    use futures::future::join_all;

    use super::{MOST, look_up, most};

    #[test]
    fn there_are_fewer_threads_than_descriptors_unless_these_are_very_few() {
        let of =
            [None, Some(u64::MAX), Some(501), Some(500), Some(256), Some(31), Some(30), Some(1), Some(0)];
        assert_eq!(of.map(most), [500, 500, 500, 470, 226, 1, 30, 1, 1]);
    }

    #[test]
    fn more_look_ups_than_threads_are_all_done() {
        let look_ups = (0..2 * MOST).map(|number| look_up(move || number));
        let done: Vec<usize> =
            block_on(join_all(look_ups)).into_iter().map(|done| done.expect("done")).collect();
        assert!(done.into_iter().eq(0..2 * MOST));
    }

    #[test]
    fn one_that_is_dropped_goes_on_and_its_answer_with_it() {
        let (tell, told) = channel();
        {
            let mut dropped = pin!(look_up(move || tell.send(()).map(|()| vec![0; 8])));
            let polled = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            drop(polled);
        }
        // It may not have begun, and then is not.
        let _ = told.recv();
        assert_eq!(block_on(look_up(|| 7)).expect("there are threads"), 7);
    }

    #[test]
    #[should_panic = "on purpose"]
    fn one_that_panics_panics_where_it_is_awaited() {
        let _ = block_on(look_up(|| panic!("on purpose")));
    }
}
