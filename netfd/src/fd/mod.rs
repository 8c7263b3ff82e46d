//! [`Fd`]: a socket in the poller, whose operations wait, queue, expire and are ended by close.
//!
//! Go: `poll.FD`
//!
//! ```text
//!   poll_read ──► fdMutex: the read lock, a reference ──► recv ──► done: unlock
//!                    │ held: queue                          │ EAGAIN
//!                    ▼                                      ▼
//!                 Pending                       pollDesc: park, give the reference back ──► Pending
//! ```
//!
//! A read of a socket that the last one has emptied parks at once: see `drained.rs`. An operation holds a reference only
//! during a poll. Parked it keeps its direction's lock and its waker in the poller,
//! so that close never waits for a future that nobody polls.

#[cfg(not(loom))]
mod buffers;
mod close;
#[cfg(not(loom))]
mod copy;
mod drained;
mod fill;
mod full_reads;
mod op;
mod op_state;
#[cfg(not(loom))]
mod peers;
#[cfg(not(loom))]
mod raw;
mod stream;
mod turns;
#[cfg(not(loom))]
mod unix;
mod watch;

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use poller::{Mode, Token};

pub use op_state::OpState;
#[cfg(not(loom))]
pub use raw::SocketGuard;
#[cfg(not(loom))]
pub use unix::Received;

use drained::ShortReads;
use full_reads::FullReads;

#[cfg(not(loom))]
use crate::net_fd::Label;

/// Models have no floor above.
#[cfg(loom)]
#[derive(Default)]
struct Label {}

use foreign::event;

use crate::cell::GuardedCell;
use crate::fd_mutex::FdMutex;
use crate::netpoll::poll_cache::Page;
use crate::netpoll::poll_desc::PollDesc;
use crate::netpoll::shared::Shared;
use crate::sync::{Arc, AtomicBool, Mutex};
use crate::sys::{self, Lent, Socket};
use crate::{Error, Netpoll};

/// A socket in the poller; a cheap handle. The last one to go closes it.
///
/// Each operation comes as `poll_…`, whose [`OpState`] the caller keeps between polls, and as a future built on it.
/// Users of one direction go in the order in which they came. An operation that is pending and not polled holds up those
/// behind it.
///
/// Go: `poll.FD`
#[doc(alias = "poll.FD")]
#[derive(Clone)]
pub struct Fd(Arc<Inner>);

struct Inner {
    mutex: FdMutex,
    /// Borrowed under a reference of the mutex; taken out when the last one of a closed mutex is gone.
    socket: GuardedCell<Option<Socket>>,
    netpoll: Netpoll,
    token: Token,
    /// Where the token's slot is.
    page: Arc<Page>,
    /// The socket's number, for traces.
    number: i32,
    /// Whether a short read leaves nothing behind.
    short_reads: ShortReads,
    /// Whether a full one is told what it leaves.
    full_reads: FullReads,
    /// Somebody else's code has had the socket, so that there may be duplicates; or a linger time was set. Its end takes
    /// more care then, and what a listener hands down is not known any more.
    given_out: AtomicBool,
    /// Who is told when the descriptor is gone.
    closer: Mutex<Option<close::Closer>>,
    /// What the floor above knows of the socket.
    label: Label,
}

impl Fd {
    /// Registers a non-blocking socket with a poller; the mode is the caller's to set, for one that blocks holds up whoever reads, past
    /// any deadline. On an error the socket is closed.
    ///
    /// # Errors
    /// What the kernel says when it refuses the registration.
    ///
    /// Go: `poll.FD.Init`
    #[doc(alias = "poll.FD.Init")]
    pub fn new(socket: Socket, netpoll: &Netpoll) -> io::Result<Fd> {
        // Nobody knows what was done to it before.
        Fd::labelled(socket, netpoll, true, Label::default())
    }

    /// [`Fd::new`] for a socket of which more is known; `given_out` unless it was made here, or accepted from one that was.
    pub(crate) fn labelled(
        socket: Socket,
        netpoll: &Netpoll,
        given_out: bool,
        label: Label,
    ) -> io::Result<Fd> {
        let shared = netpoll.shared();
        let number = sys::number(sys::lend(&socket));
        let token = shared.alloc(number);
        if let Err(error) = shared.poller.open(sys::source(sys::lend(&socket)), token) {
            let desc = shared.cache.slot(token.slot());
            desc.evict(token, shared);
            desc.retire(token.sequence());
            shared.cache.free(token.slot());
            return Err(error);
        }
        event!("netfd::fd", TRACE, fd = number, slot = token.slot(), sequence = token.sequence(), "open");
        Ok(Fd(Arc::new(Inner {
            mutex: FdMutex::new(),
            socket: GuardedCell::new(Some(socket)),
            netpoll: netpoll.clone(),
            token,
            page: shared.cache.page(token.slot()).clone(),
            number,
            short_reads: ShortReads::unproven(),
            full_reads: FullReads::new(),
            given_out: AtomicBool::new(given_out),
            closer: Mutex::new(None),
            label,
        })))
    }

    /// Sets, moves or clears (`None`) the deadline of one direction or both, also of what waits at this moment.
    /// One that has passed ends it at once; one too far for the clock never comes.
    ///
    /// An operation that is queued behind a pending one of its direction ends after that one: if nobody polls the first, or
    /// drops it, the deadline does not end the second, as [`Fd::close`] does.
    ///
    /// # Errors
    /// [`Error::Closed`].
    ///
    /// Go: `poll.FD.SetDeadline`, `poll.FD.SetReadDeadline`, `poll.FD.SetWriteDeadline`
    #[doc(alias = "SetDeadline")]
    pub fn set_deadline(&self, mode: Mode, when: Option<Instant>) -> Result<(), Error> {
        self.lend(|_| {
            let shared = self.0.shared();
            let when = when.map(|instant| shared.clock.at(instant));
            event!("netfd::fd", TRACE, fd = self.0.number, ?mode, ?when, "set deadline");
            self.0.desc().set_deadline(self.0.token, mode, when, shared);
            Ok(())
        })
    }

    /// Lends the socket for a call that does not block; it is not closed meanwhile.
    ///
    /// Whoever has the raw socket may change when it counts as readable. So from the first call on every read of this
    /// descriptor tries before it waits.
    ///
    /// # Errors
    /// [`Error::Closed`], or what `call` returns.
    ///
    /// Go: `poll.FD.RawControl`
    #[doc(alias = "poll.FD.RawControl")]
    pub fn with_socket<T>(&self, call: impl FnOnce(Lent<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.give_out();
        self.lend(call)
    }

    /// The socket goes to code of others: nothing is known of it any more.
    fn give_out(&self) {
        self.0.short_reads.disprove();
        self.set_given_out();
        if self.0.full_reads.socket_tells() {
            // They have not asked for it. One that is closed is told nothing any more.
            let _ = self.lend(|socket| sys::tell_what_is_left(socket, false));
        }
    }

    /// [`Fd::with_socket`] for calls of ours, which leave what counts as readable alone.
    pub(crate) fn lend<T>(&self, call: impl FnOnce(Lent<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let _reference = Reference::take(&self.0)?;
        self.0.borrow_socket(call)
    }

    /// Says that the socket is TCP over IPv4 or IPv6: a short read has emptied it, for the poller tells of each byte that
    /// comes later.
    pub(crate) fn prove_short_reads(&self) {
        self.0.short_reads.prove();
    }

    /// Says that others have the socket from now on, or that close(2) may block.
    pub(crate) fn set_given_out(&self) {
        // Relaxed: whoever destroys the socket has seen this setter's reference given back.
        self.0.given_out.store(true, Relaxed);
    }

    /// Whether others have had the socket, or close(2) may block. What is accepted from it inherits what they have set.
    pub(crate) fn given_out(&self) -> bool {
        self.0.given_out.load(Relaxed)
    }

    /// What the floor above knows of the socket.
    #[cfg(not(loom))]
    pub(crate) fn label(&self) -> &Label {
        &self.0.label
    }

    /// The same to be completed, by who has the only handle.
    #[cfg(not(loom))]
    pub(crate) fn label_mut(&mut self) -> &mut Label {
        &mut Arc::get_mut(&mut self.0).expect("a descriptor is labelled before it is shared").label
    }

    /// The socket's number, for who reads of it. It may be another's once this is closed.
    #[cfg(not(loom))]
    pub(crate) fn number(&self) -> i32 {
        self.0.number
    }

    /// Whether it has been closed.
    #[cfg(not(loom))]
    pub(crate) fn is_closed(&self) -> bool {
        self.0.mutex.is_closed()
    }

    /// The poller that the socket is in.
    pub fn netpoll(&self) -> &Netpoll {
        &self.0.netpoll
    }
}

impl Fd {
    /// Whether both are handles of one descriptor.
    fn is(&self, other: &Fd) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Inner {
    fn shared(&self) -> &Shared {
        self.netpoll.shared()
    }

    fn desc(&self) -> &PollDesc {
        self.page.slot(self.token.slot())
    }

    /// Lends the socket to a caller that holds a reference of the mutex.
    fn borrow_socket<T>(&self, call: impl FnOnce(Lent<'_>) -> T) -> T {
        // SAFETY: the caller holds a reference, and the socket is taken out only when there is none left.
        unsafe {
            self.socket.with(|socket| {
                let socket = socket.as_ref().expect("a referenced descriptor has its socket");
                call(sys::lend(socket))
            })
        }
    }
}

/// A reference of the mutex, given back however the call ends.
struct Reference<'a>(&'a Inner);

#[cfg(not(loom))]
impl std::fmt::Debug for Reference<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.number.fmt(f)
    }
}

impl Reference<'_> {
    fn take(inner: &Inner) -> Result<Reference<'_>, Error> {
        inner.mutex.incref()?;
        Ok(Reference(inner))
    }
}

#[cfg(not(loom))]
impl Reference<'_> {
    /// The socket, for as long as the reference is held.
    fn socket(&self) -> Lent<'_> {
        // SAFETY: a reference is held, and the socket is taken out only when there is none left.
        let socket = unsafe { self.0.socket.lasting() };
        sys::lend(socket.as_ref().expect("a referenced descriptor has its socket"))
    }
}

impl Drop for Reference<'_> {
    fn drop(&mut self) {
        if self.0.mutex.decref() {
            self.0.destroy();
        }
    }
}

impl std::fmt::Debug for Fd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fd")
            .field("number", &self.0.number)
            .field("closed", &self.0.mutex.is_closed())
            .finish_non_exhaustive()
    }
}
