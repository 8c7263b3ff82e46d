//! What the poller keeps for one descriptor: two park words, the published info bits, the deadlines.
//!
//! Go: `runtime.pollDesc`
//!
//! ```text
//!   rg, wg      park words: sequence + state, and the waker          by compare-and-swap
//!   info        sequence + closing, expired, error, trouble          by read-modify-write
//!   deadlines   read and write times, the timer, closing             under the lock
//! ```
//!
//! Whoever has a reason to end a wait publishes it in `info` first and unblocks the park word afterwards; whoever waits
//! parks first and looks at `info` afterwards. The park word's read-modify-writes order the two.

use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use poller::{Facts, Mode, Token};

use super::park_word::{ParkWord, Parked, WaiterCount};
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
    rg: ParkWord,
    wg: ParkWord,
    info: AtomicU64,
    deadlines: Mutex<Deadlines>,
}

#[derive(Default)]
struct Deadlines {
    read: Option<u64>,
    write: Option<u64>,
    /// The one timer of both directions, and when it fires: never later than the earlier deadline.
    timer: Option<(TimerId, u64)>,
    closing: bool,
}

impl Deadlines {
    /// The earliest deadline that has not passed.
    fn next(&self, now: u64) -> Option<u64> {
        [self.read, self.write].into_iter().flatten().filter(|when| *when > now).min()
    }

    /// The directions whose deadlines have passed.
    fn due(&self, now: u64) -> Option<Mode> {
        let passed = |deadline: Option<u64>| deadline.is_some_and(|when| when <= now);
        match (passed(self.read), passed(self.write)) {
            (true, true) => Some(Mode::Both),
            (true, false) => Some(Mode::Read),
            (false, true) => Some(Mode::Write),
            (false, false) => None,
        }
    }
}

impl PollDesc {
    /// A slot's first descriptor.
    pub(crate) fn new(sequence: u32) -> PollDesc {
        PollDesc {
            rg: ParkWord::new(sequence, "read"),
            wg: ParkWord::new(sequence, "write"),
            info: AtomicU64::new(u64::from(sequence) << 32),
            deadlines: Mutex::new(Deadlines::default()),
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

    /// Why an operation must not go on, if it must not.
    ///
    /// Go: `runtime.netpollcheckerr`
    #[doc(alias = "netpollcheckerr")]
    pub(crate) fn check(&self, sequence: u32, direction: Direction) -> Result<(), Error> {
        // Relaxed: a reason that must be seen was published before a read-modify-write of the park word that the
        // caller's own one has acquired.
        let info = self.info.load(Relaxed);
        let expired = match direction {
            Direction::Read => READ_EXPIRED,
            Direction::Write => WRITE_EXPIRED,
        };
        if info & CLOSING != 0 || (info >> 32) as u32 != sequence {
            return Err(Error::Closed);
        }
        if info & expired != 0 {
            return Err(Error::DeadlineExceeded);
        }
        // A write that follows an error event gets a more telling error from the kernel.
        if direction == Direction::Read && info & EVENT_ERROR != 0 {
            return Err(Error::NotPollable);
        }
        Ok(())
    }

    /// Checks, then forgets readiness: a system call follows.
    ///
    /// Go: `runtime.poll_runtime_pollReset`
    #[doc(alias = "poll_runtime_pollReset")]
    pub(crate) fn reset(&self, sequence: u32, direction: Direction) -> Result<(), Error> {
        self.check(sequence, direction)?;
        self.word(direction).reset(sequence);
        Ok(())
    }

    /// Waits for readiness, and consumes it.
    ///
    /// Go: `runtime.poll_runtime_pollWait`
    #[doc(alias = "poll_runtime_pollWait")]
    pub(crate) fn poll_wait(
        &self,
        sequence: u32,
        direction: Direction,
        cx: &mut Context<'_>,
        count: &impl WaiterCount,
    ) -> Poll<Result<(), Error>> {
        if let Err(error) = self.check(sequence, direction) {
            self.word(direction).unpark(sequence, count);
            return Poll::Ready(Err(error));
        }
        self.poll_resumed(sequence, direction, cx, count)
    }

    /// Goes on waiting. Readiness that came first counts first: a task that it woke is not told of a deadline that passed
    /// before it was polled.
    ///
    /// Go: `runtime.netpollblock`
    #[doc(alias = "netpollblock")]
    pub(crate) fn poll_resumed(
        &self,
        sequence: u32,
        direction: Direction,
        cx: &mut Context<'_>,
        count: &impl WaiterCount,
    ) -> Poll<Result<(), Error>> {
        let word = self.word(direction);
        match word.park(sequence, cx.waker(), count) {
            Parked::Ready => return Poll::Ready(Ok(())),
            Parked::Gone => return Poll::Ready(Err(Error::Closed)),
            Parked::Busy => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Parked::Yes => {}
        }
        // Looked at again now that the waker is in place: an unblock that came before it found nobody to wake.
        if let Err(error) = self.check(sequence, direction) {
            word.unpark(sequence, count);
            return Poll::Ready(Err(error));
        }
        Poll::Pending
    }

    /// Takes a dropped operation's waker back.
    pub(crate) fn cancel(&self, sequence: u32, direction: Direction, count: &impl WaiterCount) {
        self.word(direction).unpark(sequence, count);
    }

    /// An event from the kernel; an older sequence changes nothing.
    ///
    /// Go: `runtime.netpollready`
    #[doc(alias = "netpollready")]
    pub(crate) fn ready(&self, sequence: u32, mode: Mode, facts: Facts, list: &mut ReadyList) {
        self.publish(sequence, facts);
        if mode.reads() {
            list.extend(self.rg.unblock(sequence, true));
        }
        if mode.writes() {
            list.extend(self.wg.unblock(sequence, true));
        }
    }

    /// Publishes what the event says of the descriptor, if it is still the one that the event speaks of.
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
    pub(crate) fn set_deadline(&self, token: Token, mode: Mode, when: Option<u64>, shared: &Shared) {
        let (due, alarm) = {
            let mut deadlines = lock(&self.deadlines);
            if deadlines.closing {
                return;
            }
            if mode.reads() {
                deadlines.read = when;
            }
            if mode.writes() {
                deadlines.write = when;
            }
            self.settle(&mut deadlines, token, shared)
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
            let mut deadlines = lock(&self.deadlines);
            // A timer that was replaced while it was on its way here does nothing: its name is not the armed one.
            if self.sequence() != token.sequence() || deadlines.timer.is_none_or(|(armed, _)| armed != id) {
                return;
            }
            deadlines.timer = None;
            self.settle(&mut deadlines, token, shared)
        };
        shared.ring(alarm);
        if let Some(mode) = due {
            self.unblock(token.sequence(), mode, list);
        }
    }

    /// Publishes which directions have expired, and arms the timer for those that have not.
    fn settle(&self, deadlines: &mut Deadlines, token: Token, shared: &Shared) -> (Option<Mode>, Alarm) {
        // Under the lock, so that nobody who comes later knows an earlier time and takes an expiry back.
        let now = shared.now();
        // Of both directions, whichever has changed: a deadline that is due has no timer after this.
        let due = deadlines.due(now);
        let expired = match due {
            Some(Mode::Read) => READ_EXPIRED,
            Some(Mode::Write) => WRITE_EXPIRED,
            Some(Mode::Both) => EXPIRED,
            None => 0,
        };
        // Only who holds the lock changes these bits, and each of them changes one way here.
        if self.info.load(Relaxed) & EXPIRED != expired {
            self.info.fetch_or(expired, Relaxed);
            self.info.fetch_and(expired | !EXPIRED, Relaxed);
        }
        (due, self.arm(deadlines, token, now, shared))
    }

    /// Sees to it that a timer fires no later than the next deadline; one that fires earlier arms itself again.
    fn arm(&self, deadlines: &mut Deadlines, token: Token, now: u64, shared: &Shared) -> Alarm {
        let insert = |when| {
            let (id, alarm) = shared.insert_timer(when, Target::Deadline(token));
            (Some((id, when)), alarm)
        };
        let (timer, alarm) = match (deadlines.timer, deadlines.next(now)) {
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
        deadlines.timer = timer;
        alarm
    }

    /// Marks the descriptor as closing and moves everyone who waits on.
    ///
    /// Go: `runtime.poll_runtime_pollUnblock`
    #[doc(alias = "poll_runtime_pollUnblock")]
    pub(crate) fn evict(&self, token: Token, shared: &Shared) {
        {
            let mut deadlines = lock(&self.deadlines);
            assert!(!deadlines.closing, "slot {} is evicted twice", token.slot());
            deadlines.closing = true;
            if let Some((id, _)) = deadlines.timer.take() {
                shared.remove_timer(id);
            }
            self.info.fetch_or(CLOSING, Relaxed);
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
        let mut deadlines = lock(&self.deadlines);
        assert!(deadlines.closing, "a descriptor's slot was given back before it was evicted");
        *deadlines = Deadlines::default();
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
