//! What can go wrong, in Go's words.
//!
//! An operation on a connection fails with an [`OpError`]: what was tried, on which network, between which addresses, and
//! the [`Error`] that caused it. Nothing is lost on the way into a [`std::io::Error`] and back.
//!
//! ```text
//!   OpError                       read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout
//!    └── Error                                                       i/o timeout
//! ```
//!
//! Go: `net.Error`

mod addr;
mod convert;
mod errno;
mod lookup;
mod op;

use std::fmt;

pub use addr::AddrError;
pub use lookup::LookupError;
pub use op::OpError;

/// Why an operation failed, without saying which operation it was: [`OpError`] adds that.
///
/// The text of each is what Go prints. Two errors are equal if they have the same cause, and of the kernel's also the same system
/// call; on which connection they arose does not enter into it, so a test or a caller may compare with `==`.
///
/// ```
/// use netfd::Error;
///
/// let refused = Error::os("connect", libc::ECONNREFUSED);
/// assert_eq!(refused.to_string(), "connect: connection refused");
/// assert_eq!(refused.raw_os_error(), Some(libc::ECONNREFUSED));
/// assert!(Error::DeadlineExceeded.is_timeout());
/// ```
///
/// Each one's text, an example where it varies; its [`kind`](Error::kind) as a [`std::io::Error`]; whether it
/// [is a time-out](Error::is_timeout) and [temporary](Error::is_temporary):
///
/// | cause | text | kind | time-out | temporary |
/// | --- | --- | --- | --- | --- |
/// | [`Closed`](Error::Closed) | `use of closed network connection` | `NotConnected` | no | no |
/// | [`DeadlineExceeded`](Error::DeadlineExceeded) | `i/o timeout` | `TimedOut` | yes | yes |
/// | [`NotPollable`](Error::NotPollable) | `not pollable` | `Unsupported` | no | no |
/// | [`NoDeadline`](Error::NoDeadline) | `file type does not support deadline` | `Unsupported` | no | no |
/// | [`UnexpectedEof`](Error::UnexpectedEof) | `unexpected EOF` | `UnexpectedEof` | no | no |
/// | [`Os`](Error::Os) | `connect: connection refused` | the number's own | `EAGAIN`, `ETIMEDOUT` | these, `EINTR`, `EMFILE`, `ENFILE` |
/// | [`UnknownNetwork`](Error::UnknownNetwork) | `unknown network foo` | `InvalidInput` | no | no |
/// | [`Address`](Error::Address) | `address 127.0.0.1: missing port in address` | `InvalidInput` | no | no |
/// | [`Lookup`](Error::Lookup) | `lookup foo: no such host` | `NotFound`, `TimedOut` or `Other` | as the resolver says | as the resolver says |
/// | [`Control`](Error::Control) | the hook's own | the hook's own | no | no |
/// | [`InvalidInput`](Error::InvalidInput) | `missing address` | `InvalidInput` | no | no |
///
/// `NotConnected` for a closed descriptor, because std has no kind of its own for it and because it is what a socket that has
/// been shut down answers with. [`OpError::is_closed`] tells the two apart.
///
/// The [`std::io::Error`] that it turns into carries it whole: `try_from` takes it out again.
///
/// Go: `net.Error`
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "net.Error")]
pub enum Error {
    /// The descriptor was closed, before the operation began or while it waited.
    ///
    /// Go: `poll.ErrNetClosing`, `net.ErrClosed`
    #[doc(alias = "ErrNetClosing")]
    #[doc(alias = "ErrClosed")]
    Closed,

    /// The deadline passed before the operation could be done. It is a time-out and temporary: once the deadline is
    /// moved, the operation may be tried again.
    ///
    /// Go: `poll.ErrDeadlineExceeded`, `poll.DeadlineExceededError`
    #[doc(alias = "ErrDeadlineExceeded")]
    #[doc(alias = "DeadlineExceededError")]
    DeadlineExceeded,

    /// The kernel reported an error for this descriptor as such, so waiting for it makes no sense.
    ///
    /// Go: `poll.ErrNotPollable`
    #[doc(alias = "ErrNotPollable")]
    NotPollable,

    /// A deadline was set on a descriptor that the poller does not watch.
    ///
    /// Go: `poll.ErrNoDeadline`
    #[doc(alias = "ErrNoDeadline")]
    NoDeadline,

    /// The kernel accepted none of the bytes of a write, and gave no reason.
    ///
    /// Go: `io.ErrUnexpectedEOF`
    #[doc(alias = "ErrUnexpectedEOF")]
    UnexpectedEof,

    /// The kernel refused a system call.
    ///
    /// Go: `os.SyscallError`, `syscall.Errno`
    #[doc(alias = "SyscallError")]
    #[doc(alias = "Errno")]
    Os {
        /// The call, `"connect"` for example, or `""` where Go names none.
        syscall: &'static str,
        /// The error number, as in `errno`.
        errno: i32,
    },

    /// There is no network of this name.
    ///
    /// Go: `net.UnknownNetworkError`
    #[doc(alias = "UnknownNetworkError")]
    UnknownNetwork(Box<str>),

    /// An address that says nothing, or nothing that serves.
    ///
    /// Go: `net.AddrError`
    #[doc(alias = "net.AddrError")]
    Address(Box<AddrError>),

    /// A name that the system's resolver could not turn into what was wanted.
    ///
    /// Go: `net.DNSError`
    #[doc(alias = "net.DNSError")]
    Lookup(Box<LookupError>),

    /// The program's own hook refused a socket.
    ///
    /// Go: `net.Dialer.Control`, `net.ListenConfig.Control`
    #[doc(alias = "net.Dialer.Control")]
    #[doc(alias = "net.ListenConfig.Control")]
    Control {
        /// The kind of the hook's error.
        kind: std::io::ErrorKind,
        /// Its text.
        text: Box<str>,
    },

    /// The caller asked for something that cannot be; the text says what.
    ///
    /// Go: `net.errMissingAddress`
    #[doc(alias = "errMissingAddress")]
    InvalidInput(&'static str),
}

impl Error {
    /// The error with which the kernel refused `syscall`; leave the name empty where Go prints none.
    ///
    /// Go: `os.NewSyscallError`, `net.wrapSyscallError`
    #[must_use]
    #[doc(alias = "NewSyscallError")]
    #[doc(alias = "wrapSyscallError")]
    pub const fn os(syscall: &'static str, errno: i32) -> Error {
        Error::Os { syscall, errno }
    }

    /// Why an operation that needs a poller has none: what [`Netpoll::global`](crate::Netpoll::global) or
    /// [`Netpoll::new`](crate::Netpoll::new) answered with.
    ///
    /// ```
    /// use netfd::Error;
    ///
    /// let full = std::io::Error::from_raw_os_error(libc::EMFILE);
    /// assert_eq!(Error::no_poller(full).to_string(), "netpollinit: too many open files");
    /// ```
    #[must_use]
    pub fn no_poller(error: std::io::Error) -> Error {
        Error::os("netpollinit", error.raw_os_error().unwrap_or_default())
    }

    /// What a control hook answered with: an [`Error`] or an error number as itself, anything else, an [`OpError`] too, by its kind
    /// and text.
    #[cfg(not(loom))]
    pub(crate) fn control(error: std::io::Error) -> Error {
        Error::try_from(error)
            .unwrap_or_else(|other| Error::Control { kind: other.kind(), text: other.to_string().into() })
    }

    /// Whether time ran out.
    ///
    /// Go: `net.Error.Timeout`, `syscall.Errno.Timeout`
    #[must_use]
    #[doc(alias = "Timeout")]
    pub fn is_timeout(&self) -> bool {
        match self {
            Error::DeadlineExceeded => true,
            Error::Os { errno, .. } => errno::is_timeout(*errno),
            Error::Lookup(error) => error.is_timeout(),
            _ => false,
        }
    }

    /// Whether the same operation may succeed later: time ran out, a signal came in between, or the process or the system
    /// has no descriptor left at the moment.
    ///
    /// Go: `net.Error.Temporary`, `syscall.Errno.Temporary`
    #[must_use]
    #[doc(alias = "Temporary")]
    pub fn is_temporary(&self) -> bool {
        match self {
            Error::DeadlineExceeded => true,
            Error::Os { errno, .. } => errno::is_temporary(*errno),
            Error::Lookup(error) => error.is_temporary(),
            _ => false,
        }
    }

    /// The kernel's error number, if it was the kernel that refused.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self {
            Error::Os { errno, .. } => Some(*errno),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Closed => formatter.write_str("use of closed network connection"),
            Error::DeadlineExceeded => formatter.write_str("i/o timeout"),
            Error::NotPollable => formatter.write_str("not pollable"),
            Error::NoDeadline => formatter.write_str("file type does not support deadline"),
            Error::UnexpectedEof => formatter.write_str("unexpected EOF"),
            Error::Os { syscall: "", errno } => formatter.write_str(&errno::text(*errno)),
            Error::Os { syscall, errno } => write!(formatter, "{syscall}: {}", errno::text(*errno)),
            Error::UnknownNetwork(network) => write!(formatter, "unknown network {network}"),
            Error::Address(error) => error.fmt(formatter),
            Error::Lookup(error) => error.fmt(formatter),
            Error::Control { text, .. } => formatter.write_str(text),
            Error::InvalidInput(reason) => formatter.write_str(reason),
        }
    }
}

impl std::error::Error for Error {}

impl From<AddrError> for Error {
    fn from(error: AddrError) -> Error {
        Error::Address(Box::new(error))
    }
}

impl From<LookupError> for Error {
    fn from(error: LookupError) -> Error {
        Error::Lookup(Box::new(error))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_cause_prints_what_go_prints() {
        let table = [
            (Error::Closed, "use of closed network connection"),
            (Error::DeadlineExceeded, "i/o timeout"),
            (Error::NotPollable, "not pollable"),
            (Error::NoDeadline, "file type does not support deadline"),
            (Error::UnexpectedEof, "unexpected EOF"),
            (Error::os("connect", libc::ECONNREFUSED), "connect: connection refused"),
            (Error::os("", libc::EPIPE), "broken pipe"),
            (Error::UnknownNetwork("foo".into()), "unknown network foo"),
            (Error::UnknownNetwork("".into()), "unknown network "),
            (AddrError::new("invalid port", "99999").into(), "address 99999: invalid port"),
            (LookupError::new("no such host", "foo").into(), "lookup foo: no such host"),
            (Error::InvalidInput("missing address"), "missing address"),
        ];
        for (error, text) in table {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_passed_deadline_is_a_timeout_and_temporary() {
        assert!(Error::DeadlineExceeded.is_timeout());
        assert!(Error::DeadlineExceeded.is_temporary());
    }

    #[test]
    fn a_closed_descriptor_is_neither_a_timeout_nor_temporary() {
        assert!(!Error::Closed.is_timeout());
        assert!(!Error::Closed.is_temporary());
    }

    #[test]
    fn the_numbers_that_go_calls_timeouts_and_temporary_are_called_so_and_no_others() {
        let timeouts: Vec<i32> = (1..134).filter(|&errno| Error::os("read", errno).is_timeout()).collect();
        assert_eq!(timeouts, [libc::EAGAIN, libc::ETIMEDOUT]);

        let temporary: Vec<i32> = (1..134).filter(|&errno| Error::os("read", errno).is_temporary()).collect();
        let expected = [libc::EINTR, libc::EAGAIN, libc::ENFILE, libc::EMFILE, libc::ETIMEDOUT];
        assert_eq!(temporary, expected);
    }

    #[test]
    fn only_the_kernel_has_error_numbers() {
        assert_eq!(Error::os("bind", libc::EADDRINUSE).raw_os_error(), Some(libc::EADDRINUSE));
        assert_eq!(Error::Closed.raw_os_error(), None);
    }

    #[test]
    fn a_cause_stays_small_enough_to_return_by_value() {
        assert!(size_of::<Error>() <= 24, "an Error has {} bytes", size_of::<Error>());
    }
}
