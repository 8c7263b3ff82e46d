//! The driver role: one word, so that whoever changes a part of it learns all of the rest in the same instant.
//!
//! Go: `runtime.schedt.lastpoll`, `runtime.netpollWaiters`
//!
//! ```text
//!   63                32 31       6          5        4        3       2    1        0
//!  ┌────────────────────┬──┬──────────┬──────────┬────────┬────────┬────────┬─────────┐
//!  │ waiters            │0 │ shutdown │candidates│ wanted │ urgent │watching│ driver  │
//!  └────────────────────┴──┴──────────┴──────────┴────────┴────────┴────────┴─────────┘
//!   driver: nobody, a participant, the stand-by
//! ```
//!
//! Two pairs of threads must not miss each other, and each pair changes this word. A task is counted before it parks and
//! learns whether anyone drives; a driver that leaves learns whether anyone is counted. A thread that lies down as a
//! candidate learns whether the role is free; a driver that leaves for good learns whether there are candidates.
//! Read-modify-writes of one word have one order, so the protocol itself needs no ordering stronger than relaxed: what the
//! threads tell one another besides stands under locks, in the kernel, or in the park words.
//!
//! All but one thing: a driver says until when it sleeps (`Shared::until`), and the next driver's word must not be
//! overtaken by the last one's. So the role is taken with an acquire and left with a release. No model fails without
//! them, for loom orders the stores to one place as they ran.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::{AtomicU32, AtomicU64};

const DRIVER: u64 = 0b11;
const PARTICIPANT: u64 = 0b01;
const STANDBY: u64 = 0b10;
const WATCHING: u64 = 1 << 2;
const URGENT: u64 = 1 << 3;
const WANTED: u64 = 1 << 4;
const CANDIDATES: u64 = 1 << 5;
const SHUTDOWN: u64 = 1 << 6;
/// The heap of timers is not empty: it counts as one waiter.
const TIMERS: u64 = 1 << 7;
const WAITER: u64 = 1 << 32;

/// The word, and a count of polls by which the stand-by sees that others are at it.
pub(crate) struct Role {
    word: AtomicU64,
    polls: AtomicU32,
}

/// What the stand-by thread is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Nothing, until it is called.
    Sleep,
    /// Look again in a while.
    LookAgain,
    /// Poll: it has the role now.
    Drive,
    /// End: the poller is gone.
    Quit,
}

impl Role {
    pub(crate) fn new() -> Role {
        Role { word: AtomicU64::new(0), polls: AtomicU32::new(0) }
    }

    /// Counts a waiter; true if nobody drives and the stand-by has to be called.
    pub(crate) fn add(&self) -> bool {
        unattended(self.word.fetch_add(WAITER, Relaxed))
    }

    /// Uncounts waiters.
    pub(crate) fn sub(&self, waiters: u32) {
        if waiters > 0 {
            let before = self.word.fetch_sub(u64::from(waiters) * WAITER, Relaxed);
            assert!(before >> 32 >= u64::from(waiters), "{waiters} fewer than {} waiters", before >> 32);
        }
    }

    /// Says whether there are timers; true if nobody drives and the stand-by has to be called.
    pub(crate) fn set_timers(&self, any: bool) -> bool {
        if any {
            unattended(self.word.fetch_or(TIMERS, Relaxed))
        } else {
            self.word.fetch_and(!TIMERS, Relaxed);
            false
        }
    }

    pub(crate) fn has_timers(&self) -> bool {
        self.word.load(Relaxed) & TIMERS != 0
    }

    /// Tells the stand-by that others poll.
    pub(crate) fn polled(&self) {
        self.polls.fetch_add(1, Relaxed);
    }

    pub(crate) fn polls(&self) -> u32 {
        self.polls.load(Relaxed)
    }

    /// Takes the role, if nobody has it.
    pub(crate) fn take(&self) -> bool {
        self.word
            .fetch_update(Acquire, Relaxed, |word| {
                (word & DRIVER == 0).then_some(word & !WANTED | PARTICIPANT)
            })
            .is_ok()
    }

    /// A participant leaves the role; true if somebody waits and the stand-by has to be called.
    pub(crate) fn leave(&self) -> bool {
        let before = self.word.fetch_and(!DRIVER, Release);
        assert!(before & DRIVER == PARTICIPANT, "the role was left by one who had not got it: {before:#x}");
        waited_for(before) && before & WATCHING == 0
    }

    /// Whether somebody waits and nobody drives: what a thread that leaves for good has to see to.
    pub(crate) fn is_orphaned(&self) -> bool {
        let word = self.word.load(Relaxed);
        waited_for(word) && word & DRIVER == 0
    }

    /// Announces a candidate for the role.
    pub(crate) fn announce(&self) -> Announced {
        let before = self.word.fetch_or(CANDIDATES | WANTED, Relaxed);
        match before & DRIVER {
            0 => Announced::Free,
            STANDBY if before & WANTED == 0 => Announced::Held { by_standby: true },
            _ => Announced::Held { by_standby: false },
        }
    }

    /// The last candidate has gone.
    pub(crate) fn no_candidates(&self) {
        self.word.fetch_and(!CANDIDATES, Relaxed);
    }

    pub(crate) fn has_candidates(&self) -> bool {
        self.word.load(Relaxed) & CANDIDATES != 0
    }

    /// Calls the stand-by; true if its thread has to be unparked.
    pub(crate) fn call_standby(&self, urgent: bool) -> bool {
        let call = if urgent { WATCHING | URGENT } else { WATCHING };
        self.word.fetch_or(call, Relaxed) & call != call
    }

    /// Ends the stand-by.
    pub(crate) fn shut_down(&self) {
        self.word.fetch_or(SHUTDOWN, Relaxed);
    }

    /// What the stand-by does next, given whether others have polled since it last looked.
    pub(crate) fn watch(&self, others_polled: bool) -> Watch {
        let mut word = self.word.load(Relaxed);
        loop {
            if word & SHUTDOWN != 0 {
                return Watch::Quit;
            }
            let free = word & DRIVER == 0;
            let (next, watch) = if word & WATCHING == 0 {
                return Watch::Sleep;
            } else if free && waited_for(word) && (word & URGENT != 0 || !others_polled) {
                (word & !(WATCHING | URGENT | WANTED) | STANDBY, Watch::Drive)
            } else if others_polled {
                return Watch::LookAgain;
            } else {
                // Nobody waits, or a driver has slept all the while: it calls when it leaves.
                (word & !(WATCHING | URGENT), Watch::Sleep)
            };
            match self.word.compare_exchange(word, next, Acquire, Relaxed) {
                Ok(_) => return watch,
                Err(now) => word = now,
            }
        }
    }

    /// The stand-by leaves the role if it is asked for, or if there is no poller any more.
    pub(crate) fn stand_down(&self) -> bool {
        self.word
            .fetch_update(Release, Relaxed, |word| {
                (word & (WANTED | SHUTDOWN) != 0).then_some(word & !(DRIVER | WANTED) | WATCHING)
            })
            .is_ok()
    }

    /// The stand-by lays the role down for as long as it wakes tasks, and keeps watch meanwhile.
    pub(crate) fn pause(&self) {
        let laid_down = self.word.fetch_update(Release, Relaxed, |word| {
            (word & DRIVER == STANDBY).then_some(word & !DRIVER | WATCHING)
        });
        assert!(laid_down.is_ok(), "the role was laid down by one who had not got it: {laid_down:#x?}");
    }

    /// The stand-by takes the role up again, unless somebody else has it.
    pub(crate) fn resume(&self) -> bool {
        self.word
            .fetch_update(Acquire, Relaxed, |word| {
                (word & DRIVER == 0).then_some(word & !(WATCHING | URGENT) | STANDBY)
            })
            .is_ok()
    }

    #[cfg(all(test, loom))]
    pub(crate) fn waiters(&self) -> u64 {
        self.word.load(Relaxed) >> 32
    }
}

/// What a new candidate found.
pub(crate) enum Announced {
    /// The role is free: take it instead of lying down.
    Free,
    /// Somebody drives; the stand-by, for one, has to be told.
    Held {
        /// The stand-by drives, and did not know that it is to leave.
        by_standby: bool,
    },
}

fn waited_for(word: u64) -> bool {
    word & TIMERS != 0 || word >= WAITER
}

/// Nobody drives and the stand-by sleeps.
fn unattended(word: u64) -> bool {
    word & (DRIVER | WATCHING) == 0
}
