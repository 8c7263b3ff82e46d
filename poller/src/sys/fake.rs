//! A kernel for models: the backend that stands under everything when it is compiled with `--cfg loom`.
//!
//! ```text
//!   raise(token, mode, facts) ─▶ ┌──────────────────────────────┐
//!                                │ one Mutex: queue of edges,   │ ── poll ──▶ Events
//!   break ─▶ Breaker ── write ─▶ │ sources, counter (eventfd)   │     │
//!               ▲                └──────────────────────────────┘     │ saw the counter: read it,
//!               └───────────── clear ◀────────────────────────────────┘ then clear the flag
//! ```
//!
//! Only the kernel is fake. Breaks go through the very type that the real backends use; the eventfd is a counter here.
//! All of this kernel's state lives behind one loom mutex, which gives models the happens-before edges that the locks
//! of a real kernel give, and no others: the path of a coalesced break does not pass through it.
//!
//! It is adversarial where the [contract](crate::contract) allows it. A source that was closed may still have events,
//! raised before or after; every raise is an event of its own; waking one of several sleepers wakes only one.
//! It has no clock: a delay of an hour or more never ends, a shorter one is over at once.

use crate::{
    Delay, Event, Events, Facts, Mode, RawSource, Token, Trigger,
    breaker::Breaker,
    contract::{Backend, sealed::Sealed},
    sync::{Condvar, Mutex, MutexGuard, yield_now},
};
use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    io,
    marker::PhantomData,
    os::fd::{AsRawFd, RawFd},
    time::Duration,
};

/// The shortest delay that counts as endless in a model.
const FAR_AWAY: Duration = Duration::from_secs(3600);

/// A source in a model: the number of a descriptor that doesn't exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    number: u64,
    lent: PhantomData<&'a ()>,
}

impl Source<'_> {
    /// The source of this number. Within one [`Poller`](crate::Poller) each number is one source.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Source { number, lent: PhantomData }
    }
}

impl AsRawFd for Source<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.number as RawFd
    }
}

/// This kernel's events are in our form already.
#[derive(Debug)]
pub(crate) struct Raw(Vec<Event>);

/// What the last wait brought.
pub(crate) type Iter<'a> = std::iter::Copied<std::slice::Iter<'a, Event>>;

impl Raw {
    pub(crate) fn with_capacity(capacity: usize) -> Raw {
        Raw(Vec::with_capacity(capacity))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> Iter<'_> {
        self.0.iter().copied()
    }
}

/// What a kernel would keep.
#[derive(Debug)]
struct Kernel {
    /// What is open, and the token that it was opened under.
    sources: BTreeMap<u64, Token>,
    queue: VecDeque<Event>,
    /// The eventfd's count.
    wake: u64,
    /// How often the eventfd was ever written.
    wake_writes: usize,
}

impl Kernel {
    fn is_ready(&self) -> bool {
        !self.queue.is_empty() || self.wake > 0
    }
}

/// The fake kernel, with the shipped break flag above it.
#[derive(Debug)]
pub(crate) struct Fake {
    breaker: Breaker,
    kernel: Mutex<Kernel>,
    ready: Condvar,
}

impl Fake {
    fn kernel(&self) -> MutexGuard<'_, Kernel> {
        self.kernel.lock().expect("a thread of the model panicked inside the kernel")
    }

    pub(crate) fn raise(&self, token: Token, mode: Mode, facts: Facts) {
        self.kernel().queue.push_back(Event { token, mode, facts, completion: None });
        self.ready.notify_one();
    }

    pub(crate) fn raise_on(&self, source: Source<'_>, mode: Mode, facts: Facts) {
        let token = self.kernel().sources.get(&source.number).copied();
        if let Some(token) = token {
            self.raise(token, mode, facts);
        }
    }

    #[cfg(test)]
    pub(crate) fn wake_writes(&self) -> usize {
        self.kernel().wake_writes
    }

    /// The wait as a system call: fills the list and says whether the eventfd was readable, or `None` when the
    /// delay ran out.
    fn wait(&self, events: &mut Events, delay: Delay) -> Option<bool> {
        let mut kernel = self.kernel();
        while !kernel.is_ready() {
            match delay {
                Delay::UpTo(time) if time < FAR_AWAY => {
                    drop(kernel);
                    // Gives the others the time that passes.
                    yield_now();
                    return None;
                }
                Delay::Now => return None,
                Delay::Block | Delay::UpTo(_) => {
                    kernel =
                        self.ready.wait(kernel).expect("a thread of the model panicked inside the kernel");
                }
            }
        }
        let count = events.capacity().min(kernel.queue.len());
        events.raw.0.extend(kernel.queue.drain(..count));
        // What is left, the level-triggered eventfd always, wakes the next sleeper.
        if kernel.is_ready() {
            self.ready.notify_one();
        }
        Some(kernel.wake > 0)
    }

    fn write_wake(&self) {
        let mut kernel = self.kernel();
        kernel.wake += 1;
        kernel.wake_writes += 1;
        self.ready.notify_one();
    }
}

impl Sealed for Fake {}

impl Backend for Fake {
    const TRIGGER: Trigger = Trigger::Edge;
    /// As epoll. This kernel does not learn of it, and goes on raising events: the worst case.
    const FORGETS_THE_CLOSED: bool = true;

    fn new() -> io::Result<Fake> {
        let kernel = Kernel { sources: BTreeMap::new(), queue: VecDeque::new(), wake: 0, wake_writes: 0 };
        Ok(Fake { breaker: Breaker::new(), kernel: Mutex::new(kernel), ready: Condvar::new() })
    }

    fn open(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        match self.kernel().sources.entry(source.number) {
            Entry::Occupied(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Entry::Vacant(place) => {
                place.insert(token);
                Ok(())
            }
        }
    }

    fn arm(&self, _: Source<'_>, _: Token, _: Mode) -> io::Result<()> {
        Ok(())
    }

    fn close(&self, source: Source<'_>) -> io::Result<()> {
        let removed = self.kernel().sources.remove(&source.number);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn poll(&self, events: &mut Events, delay: Delay) -> io::Result<()> {
        if self.wait(events, delay) != Some(true) {
            return Ok(());
        }
        self.breaker.seen(delay, || {
            self.kernel().wake = 0;
            Ok(())
        })
    }

    fn break_poll(&self) -> io::Result<bool> {
        self.breaker.signal(|| {
            self.write_wake();
            Ok(())
        })
    }

    /// None of a model's numbers is the poller's own.
    fn is_poll_descriptor(&self, _: RawSource) -> bool {
        false
    }
}
