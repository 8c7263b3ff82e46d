//! Linux: epoll, edge-triggered, each source registered once for its whole life.
//!
//! ```text
//!   open ── epoll_ctl(ADD, in|out|rdhup|pri|et) ──▶ ┌────────────┐
//!   close ─ epoll_ctl(DEL) ───────────────────────▶ │   epoll    │ ── wait ──▶ decode ──▶ Events
//!   break ─ write ──▶ eventfd ── level-triggered ─▶ └────────────┘     ▲
//!              ▲                                                       │ epoll_pwait2 (nanoseconds),
//!           Breaker: only the first                                    │ else epoll_pwait (milliseconds)
//! ```
//!
//! The eventfd is level-triggered so that a poll that must not take a break can leave it where it is: the next poll
//! sees it again. The kernel puts it behind the others each time, so in a short list it takes a place once, not
//! for ever.
//!
//! The counterpart in Go is `runtime/netpoll_epoll.go`.

mod decode;
mod raw;
#[cfg(test)]
mod tests;
mod wait;

pub(crate) use raw::{Iter, Raw};

use crate::{
    Delay, Events, Mode, RawSource, Source, Token, Trigger,
    breaker::Breaker,
    contract::{Backend, sealed::Sealed},
};
use return_stack::after;
use rustix::{
    event::{EventfdFlags, epoll, eventfd},
    fd::{AsFd, AsRawFd, OwnedFd},
    io::{Errno, retry_on_intr},
};
use std::io;
use wait::Waiter;

/// The epoll instance, the eventfd for breaks, and what goes with each.
///
/// Go: `runtime.epfd`, `runtime.netpollBreakRd`, `runtime.netpollBreakWr`, `runtime.netpollEventFd`
///
/// Differs: an eventfd stands where Go 1.21 has a pipe: one descriptor instead of two, and it cannot fill up.
#[derive(Debug)]
#[doc(alias = "epfd")]
#[doc(alias = "netpollEventFd")]
#[doc(alias = "netpollBreakRd")]
#[doc(alias = "netpollBreakWr")]
pub(crate) struct Epoll {
    epoll: OwnedFd,
    wake: OwnedFd,
    breaker: Breaker,
    waiter: Waiter,
}

impl Epoll {
    /// Waits once and deals with the break; says whether there was one.
    fn fetch(&self, events: &mut Events, delay: Delay) -> io::Result<bool> {
        loop {
            match self.waiter.wait(self.epoll.as_fd(), &mut events.raw, delay) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => match delay {
                    // The caller looks at its clock and asks for what is left.
                    Delay::UpTo(_) => return Ok(false),
                    Delay::Block | Delay::Now => {}
                },
                waited => break waited?,
            }
        }
        let broken = events.raw.take_break();
        if broken {
            self.breaker.seen(delay, || self.read_wake())?;
        }
        Ok(broken)
    }

    /// Makes the eventfd readable.
    fn write_wake(&self) -> io::Result<()> {
        match retry_on_intr(|| rustix::io::write(&self.wake, &1u64.to_ne_bytes())) {
            // A counter too full for one more is as readable as can be.
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the eventfd quiet again.
    fn read_wake(&self) -> io::Result<()> {
        match retry_on_intr(|| rustix::io::read(&self.wake, &mut [0u8; 8])) {
            // Empty: another poll that saw the same break has read it.
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Sealed for Epoll {}

impl Backend for Epoll {
    const TRIGGER: Trigger = Trigger::Edge;
    const FORGETS_THE_CLOSED: bool = true;

    fn new() -> io::Result<Epoll> {
        return_stack::look();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &wake, epoll::EventData::new_u64(Token::BREAK.into()), epoll::EventFlags::IN)?;
        Ok(Epoll { epoll, wake, breaker: Breaker::new(), waiter: Waiter::new() })
    }

    fn open(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        // ERR and HUP come unasked.
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::PRI
            | epoll::EventFlags::ET;
        Ok(after(|| epoll::add(&self.epoll, source, epoll::EventData::new_u64(token.into()), flags))?)
    }

    fn arm(&self, _: Source<'_>, _: Token, _: Mode) -> io::Result<()> {
        Ok(())
    }

    fn close(&self, source: Source<'_>) -> io::Result<()> {
        Ok(after(|| epoll::delete(&self.epoll, source))?)
    }

    fn poll(&self, events: &mut Events, delay: Delay) -> io::Result<()> {
        let broken = self.fetch(events, delay)?;
        if broken && delay == Delay::Now && events.capacity() == 1 {
            // The break that this poll leaves pending took the only place there was. The kernel has moved it to the
            // end, so that a second look finds what is ready behind it.
            self.fetch(events, delay)?;
        }
        Ok(())
    }

    fn break_poll(&self) -> io::Result<bool> {
        self.breaker.signal(|| self.write_wake())
    }

    fn is_poll_descriptor(&self, fd: RawSource) -> bool {
        fd == self.epoll.as_raw_fd() || fd == self.wake.as_raw_fd()
    }
}
