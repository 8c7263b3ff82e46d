//! The face: Go's platform functions as methods, over whichever backend the platform has.
//!
//! Here stands what is the same on every platform: reserved tokens are refused, a delay of zero has one spelling, and
//! each step leaves a trace under the target `poller`. The rest is the [contract](crate::contract).

use foreign::{
    event,
    tracing::field::{DisplayValue, display},
};

use crate::{
    Delay, Events, Mode, RawSource, Source, Token, Trigger,
    contract::Backend,
    sys::{self, AsRawSource},
};
use std::io;

/// The target under which this crate traces.
const TARGET: &str = "poller";

/// The platform's multiplexer: sources go in under tokens, events come out.
///
/// Any number of threads may use one poller at once, also to poll it, each with its own [`Events`]. Dropping it
/// releases what the kernel holds for it; the sources stay open.
///
/// What each function promises on every platform, and what it doesn't, is in the [contract](crate::contract).
///
/// Go: `runtime.netpollinit`
///
/// Differs: Go has one poller in a process, in global variables; here it is a value, and there may be several.
#[doc(alias = "netpollinit")]
#[derive(Debug)]
pub struct Poller {
    backend: sys::Selected,
}

impl Poller {
    /// How this platform's backend reports readiness.
    pub const TRIGGER: Trigger = <sys::Selected as Backend>::TRIGGER;

    /// Whether this platform's kernel removes a source by itself once the last of its descriptors is closed, so that
    /// [`Poller::close`] may be left out for a source of which there is no duplicate. Its events may still be told a
    /// while, as after that call.
    pub const FORGETS_THE_CLOSED: bool = <sys::Selected as Backend>::FORGETS_THE_CLOSED;

    /// A new poller without sources. On Linux it also [looks](return_stack::look) how this kernel returns, in a file under
    /// `/sys` that it can do without.
    ///
    /// # Errors
    ///
    /// Whatever the kernel says when it has no descriptors or memory left for one.
    ///
    /// Go: `runtime.netpollinit`
    ///
    /// Differs: Go ends the program where this returns an error.
    #[doc(alias = "netpollinit")]
    pub fn new() -> io::Result<Poller> {
        Backend::new().map(|backend| Poller { backend })
    }

    /// Registers `source`, which is in non-blocking mode, for both directions under `token`.
    ///
    /// A source that is ready at that moment has an event at once. Once is enough for its whole life where the
    /// backend is [edge-triggered](Trigger::Edge).
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput) for a [reserved](Token::is_reserved) token;
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists) for a source that is open here already;
    /// * [`PermissionDenied`](io::ErrorKind::PermissionDenied) for a source that cannot be polled, such as a file on
    ///   disk (Linux);
    /// * whatever else the kernel says.
    ///
    /// Go: `runtime.netpollopen`
    #[doc(alias = "netpollopen")]
    pub fn open(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        let opened = if token.is_reserved() {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "the token is reserved for the poller itself"))
        } else {
            self.backend.open(source, token)
        };
        event!(TARGET, TRACE, fd = source.as_raw_source(), ?token, error = failure(&opened), "open");
        opened
    }

    /// Asks for the next event of `source` in the direction of `mode`, on a backend that has to be asked each time.
    ///
    /// On an [edge-triggered](Trigger::Edge) backend there is nothing to do, and nothing is checked.
    ///
    /// # Errors
    ///
    /// None on an edge-triggered backend; on others whatever the kernel says, and
    /// [`NotFound`](io::ErrorKind::NotFound) for a source that is not open here.
    ///
    /// Go: `runtime.netpollarm`
    ///
    /// Differs: Go ends the program when this is called on an edge-triggered platform; here it is harmless, so that
    /// the floor above need not know.
    #[doc(alias = "netpollarm")]
    pub fn arm(&self, source: Source<'_>, token: Token, mode: Mode) -> io::Result<()> {
        self.backend.arm(source, token, mode)
    }

    /// Forgets `source`, which is still open as a descriptor.
    ///
    /// Events of it that another thread's poll has already fetched may still be told after this returns.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) for a source that is not open here, and whatever else the kernel says.
    ///
    /// Go: `runtime.netpollclose`
    #[doc(alias = "netpollclose")]
    pub fn close(&self, source: Source<'_>) -> io::Result<()> {
        let closed = self.backend.close(source);
        event!(TARGET, TRACE, fd = source.as_raw_source(), error = failure(&closed), "close");
        closed
    }

    /// Fills `events` with what is ready, waiting as long as `delay` allows for there to be something.
    ///
    /// It returns without any event when the delay has run out, when [`break_poll`](Poller::break_poll) ended it, and
    /// when a signal cut short a [`Delay::UpTo`]; so a caller that means to wait longer looks at its clock and polls
    /// again.
    ///
    /// # Errors
    ///
    /// Whatever the kernel says, which on Linux means that something else has closed the poller's descriptors.
    /// `events` still holds what was fetched before the error. A signal is no error.
    ///
    /// Go: `runtime.netpoll`
    ///
    /// Differs: Go ends the program on an error, and makes goroutines ready from within; here the events are handed
    /// to the caller.
    #[doc(alias = "netpoll")]
    pub fn poll(&self, events: &mut Events, delay: Delay) -> io::Result<()> {
        events.raw.clear();
        let polled = self.backend.poll(events, delay.normalized());
        event!(TARGET, TRACE, ?delay, events = events.len(), error = failure(&polled), "poll");
        polled
    }

    /// Ends a poll that waits now, or else the next one that is to wait, early.
    ///
    /// Breaks that nobody has seen yet are one: only the first costs a system call. What this thread did before it
    /// called is visible to the thread whose poll the break ends. A poll with [`Delay::Now`] leaves the break pending.
    /// Any thread may call this at any time.
    ///
    /// # Errors
    ///
    /// Whatever the kernel says, which on Linux means that something else has closed the poller's descriptors.
    ///
    /// Go: `runtime.netpollBreak`
    #[doc(alias = "netpollBreak")]
    pub fn break_poll(&self) -> io::Result<()> {
        let woke = self.backend.break_poll();
        event!(
            TARGET,
            TRACE,
            coalesced = woke.as_ref().is_ok_and(|woke| !woke),
            error = failure(&woke),
            "break"
        );
        woke.map(drop)
    }

    /// Whether `fd` is one of the poller's own descriptors, which a check for leaked ones should pass over.
    ///
    /// Go: `runtime.netpollIsPollDescriptor`
    #[must_use]
    #[doc(alias = "netpollIsPollDescriptor")]
    pub fn is_poll_descriptor(&self, fd: RawSource) -> bool {
        self.backend.is_poll_descriptor(fd)
    }
}

/// The field `error` of a trace: absent where there was none.
fn failure<T>(result: &io::Result<T>) -> Option<DisplayValue<&io::Error>> {
    result.as_ref().err().map(display)
}

#[cfg(loom)]
impl Poller {
    /// Queues an event as the kernel would, an edge, and wakes a poll that waits. Only in models.
    pub fn raise(&self, token: Token, mode: Mode, facts: crate::Facts) {
        self.backend.raise(token, mode, facts);
    }

    /// [`Poller::raise`], under the token that `source` was opened with; nothing if it is not open. Only in models.
    pub fn raise_on(&self, source: Source<'_>, mode: Mode, facts: crate::Facts) {
        self.backend.raise_on(source, mode, facts);
    }

    /// How often breaks have written the wake descriptor so far.
    #[cfg(test)]
    pub(crate) fn wake_writes(&self) -> usize {
        self.backend.wake_writes()
    }
}
