//! What the poller keeps for one descriptor: two park words, the published info bits, the deadlines.
//!
//! Go: `runtime.pollDesc`
//!
//! ```text
//!   rg, wg        park words: sequence + state, and the waker        by compare-and-swap
//!   info          sequence + closing, expired, error, trouble        by read-modify-write
//!   read, write   the directions' deadlines                          by compare-and-swap
//!   timer         the timer of both deadlines                        under its lock, as are closing and expired
//! ```
//!
//! Whoever has a reason to end a wait publishes it in `info` first and unblocks the park word afterwards; whoever waits
//! parks first and looks at `info` afterwards. The park word's read-modify-writes order the two.

use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use poller::{Facts, Mode, Token};

use super::deadline::{Deadline, Due};
use super::park_word::{Owner, ParkWord, Parked, WaiterCount};
use super::ready_list::ReadyList;
use super::shared::{Alarm, Shared};
use crate::Error;
use crate::sync::{AtomicU64, Mutex, lock};
use crate::timers::{Target, TimerId};

/// One way through a descriptor. Go: `'r'` or `'w'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// Why an operation must not go on. It fits into a register, which an [`Error`] does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Closed,
    DeadlineExceeded,
    NotPollable,
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Error {
        match reason {
            Reason::Closed => Error::Closed,
            Reason::DeadlineExceeded => Error::DeadlineExceeded,
            Reason::NotPollable => Error::NotPollable,
        }
    }
}

impl From<Reason> for Box<Error> {
    #[cold]
    fn from(reason: Reason) -> Box<Error> {
        Box::new(reason.into())
    }
}

const CLOSING: u64 = 1;
const READ_EXPIRED: u64 = 1 << 1;
const WRITE_EXPIRED: u64 = 1 << 2;
const EXPIRED: u64 = READ_EXPIRED | WRITE_EXPIRED;
const EVENT_ERROR: u64 = 1 << 3;
/// Some event spoke of more than data: an end, an error, urgent data.
const TROUBLED: u64 = 1 << 4;

/// The poller's side of one descriptor; it lives in a slot that is used again and again.
///
/// Go: `runtime.pollDesc`
#[doc(alias = "pollDesc")]
pub(crate) struct PollDesc {
    info: AtomicU64,
    rg: ParkWord,
    wg: ParkWord,
    read: Deadline,
    write: Deadline,
    timer: Mutex<Armed>,
}

/// The one timer of both directions: its name, and when it fires, never later than the earlier deadline.
type Armed = Option<(TimerId, u64)>;

impl PollDesc {
    /// A slot's first descriptor.
    pub(crate) fn new(sequence: u32) -> PollDesc {
        PollDesc {
            rg: ParkWord::new(sequence, Owner::Read),
            wg: ParkWord::new(sequence, Owner::Write),
            info: AtomicU64::new(u64::from(sequence) << 32),
            read: Deadline::none(),
            write: Deadline::none(),
            timer: Mutex::new(None),
        }
    }

    /// Says which descriptor the slot is for, so that traces can name it.
    pub(crate) fn name(&self, number: i32) {
        self.rg.name(number);
        self.wg.name(number);
    }

    /// Whether an event has ever spoken of more than data. One that made a direction ready has been seen by whoever
    /// consumed that.
    pub(crate) fn is_troubled(&self) -> bool {
        self.info.load(Relaxed) & TROUBLED != 0
    }

    /// The sequence that tokens of today's descriptor carry.
    pub(crate) fn sequence(&self) -> u32 {
        (self.info.load(Relaxed) >> 32) as u32
    }

    /// Why an operation must not go on, if it must not. Whoever asks holds a reference of the descriptor, so that the slot
    /// is still its own.
    ///
    /// Go: `runtime.netpollcheckerr`, `runtime.poll_runtime_pollReset`
    ///
    /// Differs: Go's reset also forgets readiness before each system call. Here readiness is kept: forgetting it would
    /// change the word each time, and stale readiness costs one more try.
    #[doc(alias = "netpollcheckerr")]
    #[doc(alias = "poll_runtime_pollReset")]
    #[inline]
    pub(crate) fn check(&self, direction: Direction) -> Result<(), Reason> {
        // Relaxed: a reason that must be seen was published before a read-modify-write of the park word that the
        // caller's own one has acquired.
        let info = self.info.load(Relaxed);
        // A write that follows an error event gets a more telling error from the kernel.
        let reasons = match direction {
            Direction::Read => CLOSING | READ_EXPIRED | EVENT_ERROR,
            Direction::Write => CLOSING | WRITE_EXPIRED,
        };
        match info & reasons {
            0 => Ok(()),
            closing if closing & CLOSING != 0 => Err(Reason::Closed),
            expired if expired & EXPIRED != 0 => Err(Reason::DeadlineExceeded),
            _ => Err(Reason::NotPollable),
        }
    }

    /// Waits for readiness, and consumes it.
    ///
    /// Go: `runtime.poll_runtime_pollWait`
    #[doc(alias = "poll_runtime_pollWait")]
    #[inline(always)]
    pub(crate) fn poll_wait(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        count: &impl WaiterCount,
    ) -> Poll<Result<(), Reason>> {
        self.check(direction)?;
        let parked = self.word(direction).park(cx.waker(), count);
        self.waits(direction, parked, cx, count)
    }

    /// Whether an operation that waits need not any more, for there was an event. The readiness is used up.
    #[inline]
    pub(crate) fn was_handed_readiness(&self, direction: Direction) -> bool {
        self.word(direction).was_handed_readiness()
    }

    /// [`PollDesc::poll_wait`] of an operation that has waited. Readiness that came first counts first: a task that it woke
    /// is not told of a deadline that passed before it was polled.
    ///
    /// Go: `runtime.netpollblock`
    #[doc(alias = "netpollblock")]
    #[cold]
    pub(crate) fn poll_wait_on(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        count: &impl WaiterCount,
    ) -> Poll<Result<(), Reason>> {
        let parked = self.word(direction).park_on(cx.waker(), count);
        self.waits(direction, parked, cx, count)
    }

    /// An operation that need not wait lets other tasks run: it is as if it had parked and an event had woken it at once.
    #[cold]
    pub(crate) fn give_way(&self, direction: Direction, cx: &mut Context<'_>) {
        self.word(direction).hand_over();
        cx.waker().wake_by_ref();
    }

    #[inline(always)]
    fn waits(
        &self,
        direction: Direction,
        parked: Parked,
        cx: &mut Context<'_>,
        count: &impl WaiterCount,
    ) -> Poll<Result<(), Reason>> {
        match parked {
            Parked::Ready => return Poll::Ready(Ok(())),
            Parked::Busy => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Parked::Yes => {}
        }
        // Looked at again now that the waker is in place: an unblock that came before it found nobody to wake.
        if let Err(error) = self.check(direction) {
            self.word(direction).unpark(count);
            return Poll::Ready(Err(error));
        }
        Poll::Pending
    }

    /// Takes a dropped operation's waker back.
    pub(crate) fn cancel(&self, direction: Direction, count: &impl WaiterCount) {
        self.word(direction).unpark(count);
    }

    /// An event from the kernel; an older sequence changes nothing.
    ///
    /// Go: `runtime.netpollready`
    #[doc(alias = "netpollready")]
    #[inline]
    pub(crate) fn ready(&self, sequence: u32, mode: Mode, facts: Facts, list: &mut ReadyList) {
        let plain = facts.is_empty() && self.info.load(Relaxed) & EVENT_ERROR == 0;
        if plain {
            if mode.reads() {
                list.extend(self.rg.unblock_ready(sequence));
            }
            if mode.writes() {
                list.extend(self.wg.unblock_ready(sequence));
            }
        } else {
            self.publish(sequence, facts);
            if mode.reads() {
                list.extend(self.rg.unblock(sequence, true));
            }
            if mode.writes() {
                list.extend(self.wg.unblock(sequence, true));
            }
        }
    }

    /// Publishes what the event says of the descriptor, if it is still the one that the event speaks of.
    #[cold]
    fn publish(&self, sequence: u32, facts: Facts) {
        let error = if facts.contains(Facts::ERROR_ALONE) { EVENT_ERROR } else { 0 };
        let trouble = if facts.is_empty() { 0 } else { TROUBLED };
        let mut info = self.info.load(Relaxed);
        while (info >> 32) as u32 == sequence {
            let next = info & !EVENT_ERROR | error | trouble;
            if next == info {
                return;
            }
            // Relaxed: the park word's read-modify-write that follows carries it to a waiter.
            match self.info.compare_exchange(info, next, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => info = now,
            }
        }
    }

    /// Sets, moves or clears (`None`) the deadline of the directions in `mode`.
    ///
    /// Go: `runtime.poll_runtime_pollSetDeadline`
    #[doc(alias = "poll_runtime_pollSetDeadline")]
    #[inline]
    pub(crate) fn set_deadline(&self, token: Token, mode: Mode, when: Option<u64>, shared: &Shared) {
        let postponed = when.is_some_and(|when| {
            shared.clock.is_to_come(when)
                && (!mode.reads() || self.read.postpone(when))
                && (!mode.writes() || self.write.postpone(when))
        });
        if !postponed {
            self.rearrange_deadline(token, mode, when, shared);
        }
    }

    #[inline(never)]
    fn rearrange_deadline(&self, token: Token, mode: Mode, when: Option<u64>, shared: &Shared) {
        let (due, alarm) = {
            let mut timer = lock(&self.timer);
            if self.info.load(Relaxed) & CLOSING != 0 {
                return;
            }
            if mode.reads() {
                self.read.set(when);
            }
            if mode.writes() {
                self.write.set(when);
            }
            self.settle(&mut timer, token, shared)
        };
        shared.ring(alarm);
        if let Some(mode) = due {
            let mut list = ReadyList::new();
            self.unblock(token.sequence(), mode, &mut list);
            shared.finish(list);
        }
    }

    /// The timer `id` has fired: expires what is due, and arms itself for what is not.
    ///
    /// Go: `runtime.netpolldeadlineimpl`
    #[doc(alias = "netpolldeadlineimpl")]
    pub(crate) fn expire(&self, token: Token, id: TimerId, shared: &Shared, list: &mut ReadyList) {
        let (due, alarm) = {
            let mut timer = lock(&self.timer);
            // A timer that was replaced while it was on its way here does nothing: its name is not the armed one.
            if self.sequence() != token.sequence() || timer.is_none_or(|(armed, _)| armed != id) {
                return;
            }
            *timer = None;
            self.settle(&mut timer, token, shared)
        };
        shared.ring(alarm);
        if let Some(mode) = due {
            self.unblock(token.sequence(), mode, list);
        }
    }

    /// Claims what is due, publishes which directions have expired, and arms the timer for those that have not.
    fn settle(&self, timer: &mut Armed, token: Token, shared: &Shared) -> (Option<Mode>, Alarm) {
        // Under the lock, so that nobody who comes later knows an earlier time and takes an expiry back.
        let now = shared.now();
        // Of both directions, whichever has changed: a deadline that is due has no timer after this.
        let (read, write) = (self.read.look(now), self.write.look(now));
        let passed = |due| matches!(due, Due::Now | Due::Before);
        let bit = |due, bit| if passed(due) { bit } else { 0 };
        let expired = bit(read, READ_EXPIRED) | bit(write, WRITE_EXPIRED);
        // Only who holds the lock changes these bits, and each of them changes one way here.
        if self.info.load(Relaxed) & EXPIRED != expired {
            self.info.fetch_or(expired, Relaxed);
            self.info.fetch_and(expired | !EXPIRED, Relaxed);
        }
        let due = match (read == Due::Now, write == Due::Now) {
            (true, true) => Some(Mode::Both),
            (true, false) => Some(Mode::Read),
            (false, true) => Some(Mode::Write),
            (false, false) => None,
        };
        let next = [read, write].into_iter().filter_map(|due| match due {
            Due::At(when) => Some(when),
            Due::Never | Due::Now | Due::Before => None,
        });
        (due, arm(timer, next.min(), token, shared))
    }

    /// Marks the descriptor as closing and wakes whoever waits.
    ///
    /// Go: `runtime.poll_runtime_pollUnblock`
    #[doc(alias = "poll_runtime_pollUnblock")]
    pub(crate) fn evict(&self, token: Token, shared: &Shared) {
        {
            let mut timer = lock(&self.timer);
            if let Some((id, _)) = timer.take() {
                shared.remove_timer(id);
            }
            let before = self.info.fetch_or(CLOSING, Relaxed);
            assert!(before & CLOSING == 0, "slot {} is evicted twice", token.slot());
        }
        let mut list = ReadyList::new();
        self.unblock(token.sequence(), Mode::Both, &mut list);
        shared.finish(list);
    }

    /// Ends this descriptor: whatever still carries its sequence changes nothing from here on.
    ///
    /// Go: `runtime.poll_runtime_pollClose`
    #[doc(alias = "poll_runtime_pollClose")]
    pub(crate) fn retire(&self, sequence: u32) {
        let next = sequence.wrapping_add(1);
        let timer = lock(&self.timer);
        let closing = self.info.load(Relaxed) & CLOSING != 0;
        assert!(closing && timer.is_none(), "a descriptor's slot was given back before it was evicted");
        self.read.set(None);
        self.write.set(None);
        self.rg.retire(sequence, next);
        self.wg.retire(sequence, next);
        // A swap, not a store, so that loom too puts it after an event that was just in time; the slot's next user gets
        // it through the free list's lock.
        self.info.swap(u64::from(next) << 32, Relaxed);
    }

    fn unblock(&self, sequence: u32, mode: Mode, list: &mut ReadyList) {
        if mode.reads() {
            list.extend(self.rg.unblock(sequence, false));
        }
        if mode.writes() {
            list.extend(self.wg.unblock(sequence, false));
        }
    }

    /// A direction's state, in the words of the park word's diagram.
    #[cfg(all(test, loom))]
    pub(crate) fn state(&self, direction: Direction) -> String {
        self.word(direction).state()
    }

    fn word(&self, direction: Direction) -> &ParkWord {
        match direction {
            Direction::Read => &self.rg,
            Direction::Write => &self.wg,
        }
    }
}

/// Sees to it that a timer fires no later than `next`; one that fires earlier arms itself again.
fn arm(timer: &mut Armed, next: Option<u64>, token: Token, shared: &Shared) -> Alarm {
    let insert = |when| {
        let (id, alarm) =
            shared.insert_timer(when, Target::Deadline(token), crate::driver::works_for(shared));
        (Some((id, when)), alarm)
    };
    let (armed, alarm) = match (*timer, next) {
        (None, Some(next)) => insert(next),
        (Some((id, armed)), Some(next)) if next >= armed => (Some((id, armed)), Alarm::default()),
        (Some((id, _)), Some(next)) => match shared.reschedule_timer(id, next) {
            Some(alarm) => (Some((id, next)), alarm),
            // It has been popped and is on its way to `expire`, which will not know it any more.
            None => insert(next),
        },
        (Some((id, _)), None) => {
            shared.remove_timer(id);
            (None, Alarm::default())
        }
        (None, None) => (None, Alarm::default()),
    };
    *timer = armed;
    alarm
}
