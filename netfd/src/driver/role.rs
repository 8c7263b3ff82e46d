//! The driver role: one word, so that whoever changes a part of it learns all of the rest in the same instant.
//!
//! Go: `runtime.schedt.lastpoll`, `runtime.netpollWaiters`
//!
//! ```text
//!   63     32    31     30     8   7       6         5         4       3       2      1    0
//!  ┌─────────┬─────────┬─────────┬──────┬────────┬──────────┬──────┬──────┬────────┬─────────┐
//!  │ waiters │strangers│ workers │timers│shutdown│candidates│wanted│urgent│watching│ driver  │
//!  └─────────┴─────────┴─────────┴──────┴────────┴──────────┴──────┴──────┴────────┴─────────┘
//!   driver: nobody, a worker, a guest, the stand-by
//!   strangers: somebody has waited here whom no worker runs
//! ```
//!
//! Where only one worker's own tasks wait, the stand-by is not called for them: while the worker is held up, a poll would
//! wake tasks that nobody can run, and it costs the stand-by no look. Whoever waits with a waker that is not the running task's is a
//! stranger, even within that task; so is a thread in `block_on`, `main` too. Once there has been one, a worker is looked after.
//!
//! Three pairs of threads must not miss each other, and each pair changes this word. A task is counted before it parks and
//! learns whether anyone drives; a driver that leaves learns whether anyone is counted. A thread that lies down as a
//! candidate learns whether the role is free; a driver that leaves for good learns whether there are candidates. A guest
//! that lies down learns whether there are workers to drive for it; the last worker that goes learns whether there are
//! guests. Read-modify-writes of one word have one order, so the protocol itself needs no ordering stronger than relaxed:
//! what the threads tell one another besides stands under locks, in the kernel, or in the park words.
//!
//! All but two things. A driver says until when it sleeps ([`Until`]), and the next driver's word must not be overtaken by the
//! last one's: so the role is taken with an acquire and left with a release. And a worker that gets up says since when it runs
//! before it learns whether the stand-by watches, while the stand-by stops watching before it looks who runs: a release
//! against an acquire. One that is new needs none, for it enters a list that the stand-by looks through under its lock.
//!
//! [`Until`]: crate::netpoll::until::Until

#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::AtomicU64;

const DRIVER: u64 = 0b11;
const WORKER: u64 = 0b01;
const GUEST: u64 = 0b10;
const STANDBY: u64 = 0b11;
const WATCHING: u64 = 1 << 2;
const URGENT: u64 = 1 << 3;
const WANTED: u64 = 1 << 4;
const CANDIDATES: u64 = 1 << 5;
const SHUTDOWN: u64 = 1 << 6;
/// The heap of timers is not empty: it counts as one waiter.
const TIMERS: u64 = 1 << 7;
/// One more thread that is there to drive.
const WORKERS: u64 = 1 << 8;
/// Somebody has waited who is no worker's: from then on a worker that runs for long holds somebody up.
const STRANGERS: u64 = 1 << 31;
const WAITER: u64 = 1 << 32;

/// The word.
///
/// Go: `runtime.netpollWaiters`
#[doc(alias = "netpollWaiters")]
pub(crate) struct Role(AtomicU64);

/// Who may take the role, beside the stand-by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A thread that runs what a poll finds: whoever is woken by its own poll costs no other thread's wake-up.
    Worker,
    /// A thread that waits for one thing, as in `block_on`: it drives only where there are no workers.
    Guest,
}

impl Class {
    fn driver(self) -> u64 {
        match self {
            Class::Worker => WORKER,
            Class::Guest => GUEST,
        }
    }
}

/// What the stand-by thread is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Nothing, until it is called. It no longer watches: whoever runs by now has not called.
    Sleep,
    /// Look again in a while.
    LookAgain,
    /// Somebody waits, nobody drives, and all watched workers that run seem to be held up, though there was a poll a moment ago:
    /// get a sleeper to drive, if there is one.
    HeldUp,
    /// Somebody waits, and nobody has polled for too long, or will: get a sleeper to do it, or poll.
    Orphaned,
    /// End: the poller is gone.
    Quit,
}

/// What a driver that leaves has to see to.
#[must_use = "somebody may be left waiting"]
pub(crate) struct Left {
    /// The stand-by has to be called.
    pub(crate) unwatched: bool,
    /// A worker asked for the role.
    pub(crate) wanted: bool,
}

/// What a new candidate found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Announced {
    /// The role is free: take it instead of lying down.
    Free,
    /// Somebody drives, or will.
    Held {
        /// Who drives is to leave, and did not know it: break its poll.
        ask: bool,
        /// The stand-by has to be called.
        unwatched: bool,
    },
}

impl Role {
    pub(crate) fn new() -> Role {
        Role(AtomicU64::new(0))
    }

    /// Counts a waiter, which is a worker's `own` or a stranger's; true if nobody drives and the stand-by has to be called.
    #[inline]
    pub(crate) fn add(&self, own: bool) -> bool {
        self.note(own);
        let before = self.0.fetch_add(WAITER, Relaxed);
        unattended(before) && holds_up_others(before)
    }

    /// Notes who is about to wait. It stands before the count of it, so that whoever sees the one sees the other.
    #[inline]
    fn note(&self, own: bool) {
        if !own && self.0.load(Relaxed) & STRANGERS == 0 {
            self.0.fetch_or(STRANGERS, Relaxed);
        }
    }

    /// Uncounts waiters.
    pub(crate) fn sub(&self, waiters: u32) {
        if waiters > 0 {
            let before = self.0.fetch_sub(u64::from(waiters) * WAITER, Relaxed);
            assert!(before >> 32 >= u64::from(waiters), "{waiters} fewer than {} waiters", before >> 32);
        }
    }

    /// There are timers now, and the newest is a worker's `own` or a stranger's; true if nobody drives and the stand-by has
    /// to be called.
    pub(crate) fn some_timers(&self, own: bool) -> bool {
        self.note(own);
        let before = self.0.fetch_or(TIMERS, Relaxed);
        unattended(before) && holds_up_others(before)
    }

    /// A stranger waits from now on for what was a worker's own; true if nobody drives and the stand-by has to be called.
    pub(crate) fn some_stranger(&self) -> bool {
        if self.0.load(Relaxed) & STRANGERS != 0 {
            return false;
        }
        let before = self.0.fetch_or(STRANGERS, Relaxed);
        unattended(before) && waited_for(before)
    }

    /// There are no timers any more.
    pub(crate) fn no_timers(&self) {
        self.0.fetch_and(!TIMERS, Relaxed);
    }

    pub(crate) fn has_timers(&self) -> bool {
        self.0.load(Relaxed) & TIMERS != 0
    }

    /// Counts a worker; true if the stand-by has to be called to watch it.
    pub(crate) fn add_worker(&self) -> bool {
        let before = self.0.fetch_add(WORKERS, Relaxed);
        assert!(workers(before) < workers(u64::MAX), "too many workers for one poller");
        before & WATCHING == 0
    }

    /// Uncounts a worker; true if it was the last one, and others sleep who left the role to it.
    pub(crate) fn sub_worker(&self) -> bool {
        let before = self.0.fetch_sub(WORKERS, Relaxed);
        workers(before) == 1 && before & CANDIDATES != 0
    }

    /// Whether there are threads that are preferred as drivers.
    pub(crate) fn has_workers(&self) -> bool {
        workers(self.0.load(Relaxed)) > 0
    }

    /// Takes the role, if nobody has it and nobody is preferred.
    pub(crate) fn take(&self, class: Class) -> bool {
        self.0
            .fetch_update(Acquire, Relaxed, |word| {
                open_to(class, word).then_some(word & !WANTED | class.driver())
            })
            .is_ok()
    }

    /// Leaves the role. Whoever is `watched` is looked after by the stand-by from now on, though nobody waits.
    pub(crate) fn leave(&self, class: Class, watched: bool) -> Left {
        let before = self.0.fetch_and(!DRIVER, Release);
        assert!(
            before & DRIVER == class.driver(),
            "the role was left by one who had not got it: {before:#x}"
        );
        Left {
            unwatched: (watched || waited_for(before) && holds_up_others(before)) && before & WATCHING == 0,
            wanted: before & WANTED != 0,
        }
    }

    /// A worker that slept beside the poller runs; true if the stand-by has to be called to watch it.
    pub(crate) fn got_up(&self) -> bool {
        // A read-modify-write, though nothing changes: it stands before or after the one by which the stand-by stops
        // watching.
        self.0.fetch_or(0, Release) & WATCHING == 0
    }

    /// Whether somebody waits and nobody drives: what a thread that leaves for good has to see to.
    pub(crate) fn is_orphaned(&self) -> bool {
        let word = self.0.load(Relaxed);
        waited_for(word) && word & DRIVER == 0
    }

    /// Announces a candidate for the role.
    pub(crate) fn announce(&self, class: Class) -> Announced {
        let mut word = self.0.load(Relaxed);
        loop {
            let preferred = class == Class::Worker || workers(word) == 0;
            let wanted = if preferred { WANTED } else { 0 };
            let stranger = if class == Class::Guest { STRANGERS } else { 0 };
            let announced = word | CANDIDATES | wanted | stranger;
            match self.0.compare_exchange(word, announced, Relaxed, Relaxed) {
                Ok(_) if open_to(class, word) => return Announced::Free,
                Ok(_) => {
                    let gives_way =
                        word & DRIVER == STANDBY || class == Class::Worker && word & DRIVER == GUEST;
                    return Announced::Held {
                        ask: preferred && gives_way && word & WANTED == 0,
                        // Whoever is to drive for it may be held up, and nobody was told to look.
                        unwatched: class == Class::Guest && unattended(word),
                    };
                }
                Err(now) => word = now,
            }
        }
    }

    /// The last candidate has gone.
    pub(crate) fn no_candidates(&self) {
        self.0.fetch_and(!CANDIDATES, Relaxed);
    }

    pub(crate) fn has_candidates(&self) -> bool {
        self.0.load(Relaxed) & CANDIDATES != 0
    }

    /// Calls the stand-by; true if its thread has to be unparked.
    pub(crate) fn call_standby(&self, urgent: bool) -> bool {
        let call = if urgent { WATCHING | URGENT } else { WATCHING };
        self.0.fetch_or(call, Relaxed) & call != call
    }

    /// Ends the stand-by.
    pub(crate) fn shut_down(&self) {
        self.0.fetch_or(SHUTDOWN, Relaxed);
    }

    /// What the stand-by does next, given whether a poll is long ago, whether all watched workers that run seem to be held up,
    /// and whether there is something else to look after.
    pub(crate) fn watch(&self, stale: bool, held_up: bool, busy: bool) -> Watch {
        let mut word = self.0.load(Relaxed);
        loop {
            if word & SHUTDOWN != 0 {
                return Watch::Quit;
            }
            if word & WATCHING == 0 {
                return Watch::Sleep;
            }
            let orphaned = word & DRIVER == 0 && waited_for(word);
            if orphaned && (word & URGENT != 0 || stale) {
                return Watch::Orphaned;
            }
            if orphaned && held_up {
                return Watch::HeldUp;
            }
            if orphaned || busy {
                return Watch::LookAgain;
            }
            // Nobody waits, or a driver has slept all the while: it calls when it leaves.
            match self.0.compare_exchange(word, word & !(WATCHING | URGENT), Acquire, Relaxed) {
                Ok(_) => return Watch::Sleep,
                Err(now) => word = now,
            }
        }
    }

    /// Somebody who slept was woken to poll: there is no more hurry.
    pub(crate) fn is_seen_to(&self) {
        self.0.fetch_and(!URGENT, Relaxed);
    }

    /// The stand-by takes the role, unless somebody else has it, and watches no more.
    pub(crate) fn take_as_standby(&self) -> bool {
        self.0
            .fetch_update(Acquire, Relaxed, |word| {
                (word & DRIVER == 0).then_some(word & !(WATCHING | URGENT | WANTED) | STANDBY)
            })
            .is_ok()
    }

    /// A worker polls again: true if the stand-by drives in the workers' stead, and its poll has to be broken, for the role is
    /// theirs.
    #[inline]
    pub(crate) fn is_asked_back(&self) -> bool {
        let mut word = self.0.load(Relaxed);
        while word & (DRIVER | WANTED) == STANDBY {
            match self.0.compare_exchange(word, word | WANTED, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// The stand-by leaves the role if it is asked for, or if there is no poller any more.
    pub(crate) fn stand_down(&self) -> bool {
        self.0
            .fetch_update(Release, Relaxed, |word| {
                (word & (WANTED | SHUTDOWN) != 0).then_some(word & !(DRIVER | WANTED) | WATCHING)
            })
            .is_ok()
    }

    /// The stand-by lays the role down for as long as it wakes tasks, and keeps watch meanwhile.
    pub(crate) fn pause(&self) {
        let laid_down = self.0.fetch_update(Release, Relaxed, |word| {
            (word & DRIVER == STANDBY).then_some(word & !DRIVER | WATCHING)
        });
        assert!(laid_down.is_ok(), "the role was laid down by one who had not got it: {laid_down:#x?}");
    }

    /// The stand-by takes the role up again, unless somebody else has it.
    pub(crate) fn resume(&self) -> bool {
        self.0
            .fetch_update(Acquire, Relaxed, |word| {
                (word & DRIVER == 0).then_some(word & !(WATCHING | URGENT) | STANDBY)
            })
            .is_ok()
    }

    #[cfg(all(test, loom))]
    pub(crate) fn is_driven(&self) -> bool {
        self.0.load(Relaxed) & DRIVER != 0
    }

    #[cfg(all(test, loom))]
    pub(crate) fn waiters(&self) -> u64 {
        self.0.load(Relaxed) >> 32
    }
}

fn workers(word: u64) -> u64 {
    (word & (STRANGERS - 1)) / WORKERS
}

fn open_to(class: Class, word: u64) -> bool {
    word & DRIVER == 0 && (class == Class::Worker || workers(word) == 0)
}

fn waited_for(word: u64) -> bool {
    word & TIMERS != 0 || word >= WAITER
}

/// A worker that runs for long holds up somebody whom it does not run: a stranger, or another worker that sleeps beside the
/// poller, perhaps another runtime's.
fn holds_up_others(word: u64) -> bool {
    word & STRANGERS != 0 || workers(word) > 1
}

/// Nobody drives and the stand-by sleeps.
fn unattended(word: u64) -> bool {
    word & (DRIVER | WATCHING) == 0
}
