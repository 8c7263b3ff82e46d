//! What every backend promises: one contract for epoll, for kqueue, for IOCP, and for the fake kernel of the models.
//!
//! The floor above is written to this page and not to a kernel. Whoever adds a platform implements [`Backend`] in a
//! file of its own under `sys` and names it in `sys/mod.rs`, where the compiler checks that it has this face.
//!
//! | function                                            | Go                        | may block         |
//! | --------------------------------------------------- | ------------------------- | ----------------- |
//! | [`new`](Backend::new)                               | `netpollinit`             | no                |
//! | [`open`](Backend::open)                             | `netpollopen`             | no                |
//! | [`arm`](Backend::arm)                               | `netpollarm`              | no                |
//! | [`close`](Backend::close)                           | `netpollclose`            | no                |
//! | [`poll`](Backend::poll)                             | `netpoll`                 | as `delay` allows |
//! | [`break_poll`](Backend::break_poll)                 | `netpollBreak`            | no                |
//! | [`is_poll_descriptor`](Backend::is_poll_descriptor) | `netpollIsPollDescriptor` | no                |
//!
//! # Threads
//!
//! Every function takes `&self` and may be called by any thread at any time, also by several at once, also while
//! others poll. Two polls at once share the events between them: each event goes to at least one of them. `open`,
//! `arm` and `close` of *one* source are ordered by the caller; those of different sources need no order.
//!
//! # Triggers
//!
//! [`Trigger`] says what the caller must do to hear of a source again. There are four kinds of backend.
//!
//! * [`Edge`](Trigger::Edge) (epoll, kqueue): an event is told once for each change. The caller tries until
//!   `WouldBlock` before it waits. `arm` does nothing.
//! * [`Level`](Trigger::Level) (poll sets): the kernel tells of a ready direction again and again, so the backend mutes
//!   it once told. `arm` unmutes it, which a caller does before it waits.
//! * [`OneShot`](Trigger::OneShot) (event ports): likewise, but it is the kernel that mutes the direction.
//! * [`Completion`](Trigger::Completion) (IOCP): told once for each operation that the caller has started, with its
//!   [`Completion`](crate::Completion). `arm` does nothing.
//!
//! # Events
//!
//! * **An edge is never lost.** A change after `open` returned (after `arm`, where that counts), or readiness that was
//!   there when it was called, is told by some later poll. Changes that fall together may be told as one event, or the
//!   two directions of one source as two.
//! * **An event may be spurious.** By the time the caller tries, the source may not be ready; it may never have been.
//! * **An event may be late.** `close` stops new ones, but those that a poll on another thread has already fetched are
//!   told afterwards, even after the descriptor number and the token's slot are in use again. The caller tells them by
//!   the token's sequence.
//! * **Errors and hang-ups reach both directions.** So whoever waits, whichever way, tries again and meets the error.
//!   Urgent data counts as something to read.
//! * **`ERROR_ALONE` is exact**: set if and only if the kernel reported an error and nothing else. `ERROR` is set too.
//! * **Tokens come back unchanged**, and the backend's own never show.
//!
//! # Waiting
//!
//! * A poll that may wait never sleeps over something that is ready, nor over a pending break.
//! * It may return early with nothing. It does not return empty *before* the end of [`Delay::UpTo`] for reasons of
//!   resolution alone: the time is rounded up to what the kernel can express, or down to the kernel's longest.
//! * **A signal** (EINTR) ends a [`Delay::UpTo`] early with nothing, so that the caller looks at its clock again; with
//!   [`Delay::Block`] and [`Delay::Now`] the wait is repeated.
//! * [`Delay::UpTo`] with a time of zero never reaches a backend: it has become [`Delay::Now`].
//!
//! # Breaks
//!
//! * **A break is never lost.** It ends at least one poll that waits now, or the next one that is to wait.
//! * **Breaks coalesce.** Any number of them before the first is seen counts as one, and only the first does a system
//!   call. Breaks and polls race freely: a break may end a poll that would have returned anyway.
//! * **A break publishes.** What the breaking thread did before, the thread whose poll took the break sees, also where
//!   the break was coalesced with an earlier one. The order in the other direction is the caller's affair.
//! * **[`Delay::Now`] leaves it pending.** Such a poll belongs to a thread that does not sleep; if it took the break,
//!   the sleeper would sleep on. A backend that can only see the break by taking it (IOCP) breaks anew.
//! * **A break is not an event**: it shows in no list, and takes no event's place for longer than one poll.

use crate::{Delay, Events, Mode, RawSource, Source, Token, sys};
use std::io;

/// What the caller must do to hear of a source again. See [the contract](self#triggers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// An event for each change; [`arm`](Backend::arm) does nothing.
    Edge,
    /// One event for each [`arm`](Backend::arm), because the backend mutes a kernel that would repeat itself.
    Level,
    /// One event for each [`arm`](Backend::arm), because the kernel tells no more.
    OneShot,
    /// An event for each finished operation, with its result.
    Completion,
}

/// A platform's multiplexer. The [module](self) says what all of it promises; here is what each function does.
///
/// It is sealed: the poller alone implements and chooses it, so that it can grow with the platforms.
pub trait Backend: sealed::Sealed + Sized + Send + Sync {
    /// How this backend reports readiness.
    const TRIGGER: Trigger;

    /// Whether the kernel removes a source by itself once the last of its descriptors is closed.
    const FORGETS_THE_CLOSED: bool;

    /// Makes a multiplexer without sources, and what it needs for breaks. Its descriptors are close-on-exec.
    ///
    /// # Errors
    ///
    /// The kernel's.
    fn new() -> io::Result<Self>;

    /// Registers `source` under `token`, which is not a reserved one, for both directions and every fact.
    ///
    /// # Errors
    ///
    /// The kernel's; `AlreadyExists` if the source is registered.
    fn open(&self, source: Source<'_>, token: Token) -> io::Result<()>;

    /// Asks for the next event in the direction of `mode`, where the trigger needs it; otherwise does nothing.
    ///
    /// # Errors
    ///
    /// The kernel's; `NotFound` if the source is not registered.
    fn arm(&self, source: Source<'_>, token: Token, mode: Mode) -> io::Result<()>;

    /// Removes `source`. The caller does this before it closes the descriptor, which a duplicate may keep alive; a caller
    /// that knows of no duplicate may leave it out where the kernel [forgets](Backend::FORGETS_THE_CLOSED) the source.
    ///
    /// # Errors
    ///
    /// The kernel's; `NotFound` if the source is not registered.
    fn close(&self, source: Source<'_>) -> io::Result<()>;

    /// Puts events into the list, which comes in empty, up to its capacity. Waits as `delay` allows, which is never
    /// `UpTo` zero.
    ///
    /// # Errors
    ///
    /// The kernel's, but for a signal. The list keeps what was fetched before.
    fn poll(&self, events: &mut Events, delay: Delay) -> io::Result<()>;

    /// Ends a poll that waits, or the next. Says whether that took a system call: no, if a break was pending.
    ///
    /// # Errors
    ///
    /// The kernel's, but for a signal. Afterwards no break counts as pending.
    fn break_poll(&self) -> io::Result<bool>;

    /// Whether `fd` is one of the backend's own descriptors.
    fn is_poll_descriptor(&self, fd: RawSource) -> bool;
}

pub(crate) mod sealed {
    /// What keeps [`Backend`](super::Backend) from being implemented elsewhere.
    pub trait Sealed {}
}

/// The chosen backend has the whole face, and can be shared between threads: or else this does not compile.
const _: () = {
    const fn has_the_face<B: Backend>() {}
    has_the_face::<sys::Selected>();
};
