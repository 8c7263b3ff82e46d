//! One poller with all that stands on it: slots, timers, the driver role. Every handle and the stand-by thread share it.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

use foreign::event;
use poller::{Delay, Events, Poller, Token, Trigger};

use super::park_word::WaiterCount;
use super::poll_cache::PollCache;
use super::ready_list::ReadyList;
use super::until::Until;
use crate::clock::Clock;
use crate::driver::bell::Bell;
use crate::driver::candidates::Candidates;
use crate::driver::watched::Watched;
use crate::driver::{PATIENCE, Role};
use crate::sync::{Hint, Mutex, TimeStamp, lock};
use crate::timers::{Heap, Target, TimerId};

// A poller that has to be asked before each event would never tell of any: nobody in here calls `Poller::arm`.
const _: () = assert!(matches!(Poller::TRIGGER, Trigger::Edge), "netfd waits for edges");

/// Whom a change of the timers has to wake.
#[derive(Default)]
#[must_use = "a sleeper may not know of the timer yet"]
pub(crate) struct Alarm {
    /// Nobody drives, and nobody was called for the timers that were there before.
    unattended: bool,
    /// The thread that sleeps in the poller would sleep past the timer.
    overslept: bool,
}

/// What all floors of one poller share.
pub(crate) struct Shared {
    pub(crate) poller: Poller,
    pub(crate) cache: PollCache,
    pub(crate) clock: Clock,
    pub(crate) role: Role,
    pub(crate) candidates: Candidates,
    pub(crate) watched: Watched,
    /// The stand-by drives in the stead of workers that do not poll.
    pub(crate) stands_in: Hint,
    /// When the last poll ended.
    last_poll: TimeStamp,
    timers: Mutex<Heap<Target>>,
    /// Until when the thread sleeps that is in the poller: who inserts an earlier timer breaks its sleep.
    pub(crate) until: Until,
    /// What calls the stand-by.
    pub(crate) bell: Bell,
}

impl Shared {
    pub(crate) fn new() -> io::Result<Shared> {
        Ok(Shared {
            poller: Poller::new()?,
            cache: PollCache::new(),
            clock: Clock::new(),
            role: Role::new(),
            candidates: Candidates::new(),
            watched: Watched::new(),
            stands_in: Hint::new(false),
            last_poll: TimeStamp::new(0),
            timers: Mutex::new(Heap::new()),
            until: Until::awake(),
            bell: Bell::new()?,
        })
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// When the last poll ended, on the poller's clock.
    ///
    /// Go: `runtime.schedt.lastpoll`
    #[doc(alias = "lastpoll")]
    pub(crate) fn last_poll(&self) -> u64 {
        self.last_poll.load(Relaxed)
    }

    /// Sleeps in the kernel until an event, a timer or a break; then adds the tasks that can run to `list`.
    /// Only the holder of the driver role may sleep.
    ///
    /// Go: `runtime.netpoll`
    #[doc(alias = "netpoll")]
    pub(crate) fn poll_blocking(&self, events: &mut Events, list: &mut ReadyList) -> io::Result<()> {
        let next = {
            let timers = lock(&self.timers);
            let next = timers.next();
            self.until.sleep(next.unwrap_or(Clock::FARTHEST));
            next
        };
        let delay = match next {
            None | Some(Clock::FARTHEST) => Delay::Block,
            Some(next) => Delay::UpTo(std::time::Duration::from_nanos(next.saturating_sub(self.now()))),
        };
        let polled = self.poller.poll(events, delay);
        self.until.wake();
        self.deliver(events, list);
        polled
    }

    /// Looks for events and due timers without sleeping. Anyone may, at any time.
    pub(crate) fn poll_now(&self, events: &mut Events, list: &mut ReadyList) -> io::Result<()> {
        let polled = self.poller.poll(events, Delay::Now);
        self.deliver(events, list);
        polled
    }

    /// Events and due timers → the tasks that can run.
    fn deliver(&self, events: &Events, list: &mut ReadyList) {
        let now = self.now();
        // Of two polls that end together either will do.
        self.last_poll.store(now, Relaxed);
        for event in events.iter() {
            if let Some(desc) = self.cache.get(event.token.slot()) {
                desc.ready(event.token.sequence(), event.mode, event.facts, list);
            }
        }
        self.run_timers(now, list);
        self.role.sub(list.take_count());
    }

    /// Fires what is due. The lock is held only to take one timer out, never while it fires.
    ///
    /// Go: `runtime.runtimer`
    #[doc(alias = "runtimer")]
    fn run_timers(&self, now: u64, list: &mut ReadyList) {
        if self.role.has_timers() {
            while let Some((id, target)) = self.pop_due(now) {
                match target {
                    Target::Deadline(token) => {
                        self.cache.slot(token.slot()).expire(token, id, self, list);
                    }
                    Target::Timer(timer) => list.extend_uncounted(timer.fire()),
                }
            }
        }
    }

    fn pop_due(&self, now: u64) -> Option<(TimerId, Target)> {
        let mut timers = lock(&self.timers);
        let due = timers.pop_due(now);
        if due.is_some() && timers.is_empty() {
            self.role.no_timers();
        }
        due
    }

    /// Adds a timer, which is a worker's `own` or a stranger's.
    pub(crate) fn insert_timer(&self, when: u64, target: Target, own: bool) -> (TimerId, Alarm) {
        let mut timers = lock(&self.timers);
        // A stranger's timer is told of even where there are others: until now they may have been a worker's own.
        let unattended = (timers.is_empty() || !own) && self.role.some_timers(own);
        let id = timers.insert(when, target);
        (id, Alarm { unattended, overslept: self.until.is_after(when) })
    }

    /// Moves a timer; nothing if it has fired or was removed.
    pub(crate) fn reschedule_timer(&self, id: TimerId, when: u64) -> Option<Alarm> {
        let mut timers = lock(&self.timers);
        let overslept = self.until.is_after(when);
        timers.reschedule(id, when).then_some(Alarm { unattended: false, overslept })
    }

    /// Wakes whoever has to know of a timer that is new or earlier. No lock is held by now.
    pub(crate) fn ring(&self, alarm: Alarm) {
        if alarm.unattended {
            self.rouse(!crate::driver::is_participant());
        }
        if alarm.overslept {
            self.break_poll();
        }
    }

    /// Removes a timer, if it is still there.
    pub(crate) fn remove_timer(&self, id: TimerId) {
        let removed = {
            let mut timers = lock(&self.timers);
            let removed = timers.remove(id);
            if removed.is_some() && timers.is_empty() {
                self.role.no_timers();
            }
            removed
        };
        // A timer's target may hold a task's waker: it is dropped outside of the lock.
        drop(removed);
    }

    /// Makes the thread that sleeps in the poller look up.
    ///
    /// Go: `runtime.netpollBreak`
    #[doc(alias = "netpollBreak")]
    pub(crate) fn break_poll(&self) {
        if let Err(error) = self.poller.break_poll() {
            event!("netfd::netpoll", ERROR, %error, "the poller could not be broken");
        }
    }

    /// Wakes the tasks of `list`, which were taken out of their cells outside of a poll.
    pub(crate) fn finish(&self, mut list: ReadyList) {
        self.role.sub(list.take_count());
        list.wake_all();
    }

    /// Gets the stand-by thread to watch, with a first look in a while (or, if `urgent`, to poll at once): somebody waits and
    /// nobody polls, or a worker runs.
    #[cold]
    pub(crate) fn rouse(&self, urgent: bool) {
        match self.role.call_standby(urgent) {
            true if urgent => self.bell.ring(),
            true => self.bell.ring_in(PATIENCE),
            false => {}
        }
    }

    /// A slot for the descriptor `number`, which is about to be registered.
    pub(crate) fn alloc(&self, number: i32) -> Token {
        let token = self.cache.alloc();
        self.cache.slot(token.slot()).name(number);
        token
    }
}

impl WaiterCount for Shared {
    #[inline]
    fn add(&self, waker: &Waker) {
        if self.role.add(crate::driver::runs(self, waker)) {
            self.rouse(!crate::driver::is_participant());
        }
    }

    fn sub(&self, waiters: u32) {
        self.role.sub(waiters);
    }
}
