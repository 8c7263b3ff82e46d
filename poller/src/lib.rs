//! The platform's multiplexer behind one small face: Go's `netpoll` functions as a Rust crate.
//!
//! This is the lowest floor of the house. It knows raw sources and 64-bit tokens and nothing else: no wakers, no
//! sockets, no timers. Somebody who wants only a poller can use it alone.
//!
//! ```text
//!        the floor above                     any thread
//!   ────────────┬───────────────────────────────┬──────────────
//!    open       │ poll(&mut events, delay)      │ break_poll()
//!    arm        │      ▲                        │
//!    close      ▼      │ token, mode, facts     ▼
//!   ┌──────────────────┴───────────────────────────────────────┐
//!   │ Poller       refuses reserved tokens, traces each step   │
//!   ├──────────────────────────────────────────────────────────┤
//!   │ contract     what every backend promises (read it first) │
//!   ├──────────────────────────┬───────────────────────────────┤
//!   │ sys::epoll   Linux       │ sys::fake   models, cfg(loom) │
//!   │   breaker ── eventfd     │   breaker ── a counter        │
//!   └──────────────────────────┴───────────────────────────────┘
//! ```
//!
//! * [`Poller`] is the face: [`new`](Poller::new), [`open`](Poller::open), [`arm`](Poller::arm),
//!   [`close`](Poller::close), [`poll`](Poller::poll), [`break_poll`](Poller::break_poll),
//!   [`is_poll_descriptor`](Poller::is_poll_descriptor).
//! * A [`Token`] names a source to its owner: a slot and the sequence number of the slot's present use.
//! * [`Events`] is the list that a poll fills; an [`Event`] carries the token, the [`Mode`], the [`Facts`] and, from a
//!   backend that completes operations, a [`Completion`].
//! * A [`Delay`] says how long a poll may wait.
//! * [`contract`] is what a backend must guarantee, in prose and as a trait.
//!
//! The counterpart in Go is the platform half of `runtime/netpoll.go`: the functions that it asks of
//! `runtime/netpoll_epoll.go` and its siblings.
//!
//! # A poller alone
//!
//! ```
//! # #[cfg(target_os = "linux")]
//! # fn main() -> std::io::Result<()> {
//! use poller::{Delay, Events, Poller, Token};
//! use std::{io::{Read, Write}, os::fd::AsFd, os::unix::net::UnixStream, thread};
//!
//! let poller = Poller::new()?;
//! let mut events = Events::default();
//!
//! // A source is registered once, in non-blocking mode, under a token of our own.
//! let (mut near, mut far) = UnixStream::pair()?;
//! near.set_nonblocking(true)?;
//! let token = Token::new(0, 1);
//! poller.open(near.as_fd(), token)?;
//!
//! // Edge-triggered: each new arrival is told once. So read until the source says `WouldBlock`.
//! far.write_all(b"ping")?;
//! let mut heard = Vec::new();
//! while heard.is_empty() {
//!     poller.poll(&mut events, Delay::Block)?;
//!     if events.iter().any(|event| event.token == token && event.mode.reads()) {
//!         match near.read_to_end(&mut heard) {
//!             Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
//!             other => panic!("the peer is still there: {other:?}"),
//!         }
//!     }
//! }
//! assert_eq!(heard, b"ping");
//!
//! // Another thread ends a poll that would wait for ever.
//! thread::scope(|scope| {
//!     scope.spawn(|| poller.break_poll());
//!     poller.poll(&mut events, Delay::Block)
//! })?;
//! assert!(events.is_empty(), "a break is not an event");
//!
//! // The registration goes before the descriptor does.
//! poller.close(near.as_fd())?;
//! # Ok(())
//! # }
//! # #[cfg(not(target_os = "linux"))]
//! # fn main() {}
//! ```
//!
//! # Models
//!
//! Compiled with `--cfg loom`, the platform is `poller::fake`, a kernel that a model can drive: it stands under the
//! same [`Poller`] and the same break logic, so models of the floors above run over what is shipped.

mod breaker;
pub mod contract;
mod delay;
mod event;
mod events;
mod facts;
mod poller;
mod sync;
mod sys;
mod token;

#[cfg(all(test, loom))]
mod loom_tests;

pub use crate::{
    contract::Trigger,
    delay::Delay,
    event::{Completion, Event, Mode},
    events::{Events, Iter},
    facts::Facts,
    poller::Poller,
    sys::{RawSource, Source},
    token::Token,
};

#[cfg(loom)]
pub use crate::sys::fake;
