//! The fdMutex as one user and as many threads see it; what only some interleavings show is in its models.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;

use futures::FutureExt;
use futures::executor::block_on;

use super::*;
use Direction::{Read, Write};

impl FdMutex {
    /// Takes a direction's lock, however long that takes.
    fn lock(&self, direction: Direction) -> Result<(), Reason> {
        let mut ticket = None;
        block_on(poll_fn(|cx| self.poll_lock(direction, &mut ticket, cx)))
    }

    fn word(&self) -> u64 {
        self.word.load(Relaxed)
    }
}

/// What `call` panics with.
#[track_caller]
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).err().expect("it did not panic");
    *panic.downcast().expect("a formatted message")
}

/// Go: `poll.TestMutexLock`
#[test]
fn mutex_lock() {
    let mutex = FdMutex::new();
    assert_eq!(mutex.incref(), Ok(()));
    assert!(!mutex.decref());
    for direction in [Read, Write] {
        assert_eq!(mutex.lock(direction), Ok(()));
        assert!(!mutex.unlock(direction, Found::default()));
    }
    // Readers and writers do not exclude each other.
    assert_eq!((mutex.lock(Read), mutex.lock(Write)), (Ok(()), Ok(())));
    assert!(!mutex.unlock(Read, Found::default()));
    assert!(!mutex.unlock(Write, Found::default()));
    assert_eq!(mutex.word(), 0);
}

/// Go: `poll.TestMutexClose`
#[test]
fn mutex_close() {
    let mutex = FdMutex::new();
    assert_eq!(mutex.incref_and_close(), Ok(()));
    assert!(mutex.is_closed());
    assert_eq!(mutex.incref(), Err(Reason::Closed));
    assert_eq!(mutex.lock(Read), Err(Reason::Closed));
    assert_eq!(mutex.lock(Write), Err(Reason::Closed));
    assert_eq!(mutex.incref_and_close(), Err(Reason::Closed));
    assert!(mutex.decref(), "the close's reference is the last");
}

/// Go: `poll.TestMutexCloseUnblock`
#[test]
fn mutex_close_unblock() {
    const READERS: u64 = 4;
    let mutex = FdMutex::new();
    assert_eq!(mutex.lock(Read), Ok(()));
    thread::scope(|scope| {
        let (ended, ends) = mpsc::channel();
        for _ in 0..READERS {
            let (mutex, ended) = (&mutex, ended.clone());
            scope.spawn(move || ended.send(mutex.lock(Read)));
        }
        while bits(Read).waiters(mutex.word()) < READERS {
            thread::yield_now();
        }
        assert_eq!(ends.try_recv(), Err(mpsc::TryRecvError::Empty), "two hold the read lock");
        assert_eq!(mutex.incref_and_close(), Ok(()));
        for _ in 0..READERS {
            assert_eq!(ends.recv(), Ok(Err(Reason::Closed)));
        }
    });
    assert!(!mutex.decref(), "the lock's holder has a reference");
    assert!(mutex.unlock(Read, Found::default()));
}

/// Go: `poll.TestMutexPanic`
#[test]
fn mutex_panic() {
    let mutex = FdMutex::new();
    let inconsistent = |call: &dyn Fn() -> bool| {
        let said = panic_of(call);
        assert!(said.starts_with("inconsistent fdMutex"), "{said}");
    };
    inconsistent(&|| mutex.decref());
    inconsistent(&|| mutex.unlock(Read, Found::default()));
    inconsistent(&|| mutex.unlock(Write, Found::default()));

    assert_eq!(mutex.incref(), Ok(()));
    assert!(!mutex.decref());
    inconsistent(&|| mutex.decref());
    for direction in [Read, Write] {
        assert_eq!(mutex.lock(direction), Ok(()));
        assert!(!mutex.unlock(direction, Found::default()));
        inconsistent(&|| mutex.unlock(direction, Found::default()));
    }

    // Each panic left it as it was.
    assert_eq!(mutex.word(), 0);
    assert_eq!(mutex.incref(), Ok(()));
    assert!(!mutex.decref());
    for direction in [Read, Write] {
        assert_eq!(mutex.lock(direction), Ok(()));
        assert!(!mutex.unlock(direction, Found::default()));
    }
}

#[test]
fn an_unlock_without_a_reference_panics_whoever_waits() {
    for (direction, waiting) in [(Read, Read), (Read, Write), (Write, Read), (Write, Write)] {
        let mutex = FdMutex::new();
        let (mut ticket, other) = (None, if direction == Read { Write } else { Read });
        assert_eq!(mutex.lock(direction), Ok(()));
        if waiting == other {
            assert_eq!(mutex.lock(other), Ok(()));
            assert!(!mutex.decref());
        }
        let queued = poll_fn(|cx| mutex.poll_lock(waiting, &mut ticket, cx)).now_or_never();
        assert_eq!(queued, None);
        assert!(!mutex.decref());
        let said = panic_of(|| mutex.unlock(direction, Found::default()));
        assert!(said.starts_with("inconsistent fdMutex: no reference"), "{direction:?}: {said}");
    }
}

#[test]
fn an_unlock_among_very_many_references_gives_back_its_own() {
    let mutex = FdMutex::new();
    for _ in 1..COUNT {
        assert_eq!(mutex.incref(), Ok(()));
    }
    let others = mutex.word();
    for direction in [Read, Write] {
        assert_eq!(mutex.lock(direction), Ok(()));
        assert!(!mutex.unlock(direction, Found { drained: direction == Read }));
    }
    assert_eq!(mutex.word(), others | DRAINED);
}

/// Go: `poll.TestMutexOverflowPanic`
#[test]
fn mutex_overflow_panic() {
    let mutex = FdMutex::new();
    for _ in 0..COUNT {
        assert_eq!(mutex.incref(), Ok(()));
    }
    let full = mutex.word();
    for one_more in [
        panic_of(|| mutex.incref()),
        panic_of(|| mutex.incref_and_close()),
        panic_of(|| mutex.lock(Read)),
        panic_of(|| mutex.lock(Write)),
    ] {
        assert_eq!(one_more, "too many concurrent operations on a single file or socket (max 1048575)");
    }
    // It did not spill over into the neighbouring counts, and each of the references is still good.
    assert_eq!(mutex.word(), full);
    for _ in 0..COUNT {
        assert!(!mutex.decref());
    }
    assert_eq!(mutex.word(), 0);
}

/// Go: `poll.TestMutexOverflowPanic`
#[test]
fn a_queue_that_overflows_panics_too() {
    let mutex = FdMutex::new();
    assert_eq!(mutex.lock(Write), Ok(()));
    let queue = |ticket: &mut Option<Ticket>| {
        poll_fn(|cx| mutex.poll_lock(Write, ticket, cx)).now_or_never().is_none()
    };
    for _ in 0..COUNT {
        assert!(queue(&mut None));
    }
    let said = panic_of(|| queue(&mut None));
    assert!(said.starts_with("too many concurrent operations"), "{said}");
    // Nobody stands in the queue uncounted, or is counted and does not stand there.
    assert_eq!(bits(Write).waiters(mutex.word()), COUNT);
    assert_eq!(super::queue(&mut lock(&mutex.queues), Write).waiting.len() as u64, COUNT);
    assert_eq!(references(mutex.word()), 1);
}

/// Go: `poll.TestMutexStress`
#[test]
fn mutex_stress() {
    const THREADS: u64 = 8;
    const TURNS: usize = 10_000;
    /// What a direction's lock guards.
    #[derive(Default)]
    struct Guarded {
        /// Counted in steps that two holders at once would tear.
        torn: [AtomicU64; 2],
        /// Counted in one step.
        whole: AtomicU64,
    }

    let mutex = FdMutex::new();
    let guarded = [Guarded::default(), Guarded::default()];
    let turn = |direction| {
        assert_eq!(mutex.lock(direction), Ok(()));
        let Guarded { torn: [one, other], whole } = &guarded[direction as usize];
        let before = one.load(Relaxed);
        assert_eq!(before, other.load(Relaxed), "two hold the lock: {direction:?}");
        one.store(before + 1, Relaxed);
        other.store(before + 1, Relaxed);
        whole.fetch_add(1, Relaxed);
        assert!(!mutex.unlock(direction, Found::default()));
    };
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let (mutex, turn) = (&mutex, &turn);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..TURNS {
                    match random.usize(..3) {
                        0 => turn(Read),
                        1 => turn(Write),
                        _ => {
                            assert_eq!(mutex.incref(), Ok(()));
                            assert!(!mutex.decref());
                        }
                    }
                }
            });
        }
    });
    for Guarded { torn: [one, _], whole } in guarded {
        assert_eq!(one.into_inner(), whole.into_inner(), "a turn was lost");
    }
    assert_eq!(mutex.word(), 0);
    assert_eq!(mutex.incref_and_close(), Ok(()));
    assert!(mutex.decref());
}

#[test]
fn a_note_goes_to_the_next_reader_and_no_further() {
    let mutex = FdMutex::new();
    let drained = |found: Option<Found>| found.expect("the lock is free").drained;
    assert!(!drained(mutex.try_lock(Read)));
    assert!(!mutex.unlock(Read, Found { drained: true }));
    // Writers neither see it nor take it.
    assert!(!drained(mutex.try_lock(Write)));
    assert!(!mutex.unlock(Write, Found::default()));
    assert!(drained(mutex.try_lock(Read)));
    // Whoever queued meanwhile tries, and leaves nothing of it behind.
    let mut ticket = None;
    let mut poll = || poll_fn(|cx| mutex.poll_lock(Read, &mut ticket, cx)).now_or_never();
    assert_eq!(poll(), None);
    assert!(!mutex.unlock(Read, Found { drained: true }));
    assert_eq!(poll(), Some(Ok(())));
    assert!(!mutex.unlock(Read, Found::default()));
    assert!(!drained(mutex.try_lock(Read)));
    assert!(!mutex.unlock(Read, Found::default()));
    assert_eq!(mutex.word(), 0);
}

#[test]
fn who_waits_for_the_end_alone_is_told_of_it_and_is_in_nobodys_way() {
    let mutex = FdMutex::new();
    let (mut first, mut second) = (None, None);
    let poll = |ticket: &mut Option<Ticket>, cx: &mut Context<'_>| mutex.poll_closed(ticket, cx).is_ready();
    let (woken, waker) = counting_waker();
    let (others, other) = counting_waker();
    let (mut cx, mut other) = (Context::from_waker(&waker), Context::from_waker(&other));
    assert!(!poll(&mut first, &mut other) && !poll(&mut second, &mut cx));
    // Polled again it has the one place, with the waker of the last poll.
    assert!(!poll(&mut first, &mut cx));
    assert_eq!(mutex.word(), 0, "it holds nothing");
    assert_eq!(mutex.lock(Read), Ok(()));
    assert!(!mutex.unlock(Read, Found::default()));
    mutex.unwatch(second.take().expect("it has a place"));
    assert_eq!(mutex.incref_and_close(), Ok(()));
    assert_eq!((woken.load(Relaxed), others.load(Relaxed)), (1, 0));
    assert!(poll(&mut first, &mut cx) && first.is_none());
    assert!(poll(&mut second, &mut cx), "it was closed before");
    assert!(mutex.decref());
}

/// A waker that counts how often it is woken.
fn counting_waker() -> (Arc<AtomicUsize>, Waker) {
    struct Counts(Arc<AtomicUsize>);
    impl std::task::Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let woken = Arc::new(AtomicUsize::new(0));
    (woken.clone(), Waker::from(Arc::new(Counts(woken))))
}
