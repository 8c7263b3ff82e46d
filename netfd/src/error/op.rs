//! The error of an operation: what was tried, where, and why it failed.
//!
//! Go: `net.OpError`

use std::borrow::Cow;
use std::fmt;

use super::{Error, errno};
use crate::Addr;

/// What an operation on a connection or a listener fails with.
///
/// ```
/// use netfd::{Addr, Error, OpError};
///
/// let here = Addr::from("127.0.0.1:1".parse::<std::net::SocketAddr>().unwrap());
/// let there = Addr::from("127.0.0.1:2".parse::<std::net::SocketAddr>().unwrap());
/// let error = OpError::new("read", "tcp", Error::DeadlineExceeded).with_source(here).with_addr(there);
/// assert_eq!(error.to_string(), "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout");
/// assert!(error.is_timeout());
/// ```
///
/// It turns into a [`std::io::Error`] of the same text and of its cause's kind, which [`Error`] lists, and back. The number
/// of the kernel is this error's: the `io::Error`, which carries this one instead, has none.
///
/// ```
/// use netfd::{Error, OpError};
///
/// let refused = OpError::new("dial", "tcp", Error::os("connect", libc::ECONNREFUSED));
/// let io = std::io::Error::from(refused.clone());
/// assert_eq!(io.kind(), std::io::ErrorKind::ConnectionRefused);
/// assert_eq!(io.raw_os_error(), None);
/// // To look at it, `get_ref`; to have it back, `try_from`.
/// let inside = io.get_ref().and_then(|inside| inside.downcast_ref::<OpError>());
/// assert_eq!(inside.and_then(OpError::raw_os_error), Some(libc::ECONNREFUSED));
/// assert_eq!(OpError::try_from(io)?, refused);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Its text ends with that of its cause. So [`source`](std::error::Error::source) is not the cause, which is had by
/// [`cause`](OpError::cause), but what is behind that: whoever prints a chain of errors prints each once.
///
/// It is one pointer wide, so that `Result<usize, OpError>` travels in two registers; the rest is allocated when an
/// operation fails.
///
/// Go: `net.OpError`
///
/// Differs: a write that fails tells here, as [`written`](OpError::written), how much it had sent; Go returns the count
/// beside the error.
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "net.OpError")]
pub struct OpError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    op: &'static str,
    net: Cow<'static, str>,
    source: Option<Addr>,
    addr: Option<Addr>,
    cause: Error,
    written: usize,
}

impl OpError {
    /// Says that `op` failed on the network `net` because of `cause`.
    ///
    /// `op` is Go's word for the operation: `dial`, `listen`, `accept`, `read`, `write`, `close`, `set`. `net` may be
    /// empty if it is not known.
    #[must_use]
    pub fn new(op: &'static str, net: impl Into<Cow<'static, str>>, cause: Error) -> OpError {
        OpError(Box::new(Inner { op, net: net.into(), source: None, addr: None, cause, written: 0 }))
    }

    /// Adds the local end of a connection.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Option<Addr>>) -> OpError {
        self.0.source = source.into();
        self
    }

    /// Adds the address that the error is about: the remote end of a connection, a listener's own.
    #[must_use]
    pub fn with_addr(mut self, addr: impl Into<Option<Addr>>) -> OpError {
        self.0.addr = addr.into();
        self
    }

    /// Adds how many bytes had been sent when a write failed.
    #[must_use]
    pub fn with_written(mut self, written: usize) -> OpError {
        self.0.written = written;
        self
    }

    /// The operation: `"read"`, `"dial"`, ...
    #[must_use]
    pub fn op(&self) -> &'static str {
        self.0.op
    }

    /// The network as the caller named it, `"tcp"` for example.
    #[must_use]
    pub fn net(&self) -> &str {
        &self.0.net
    }

    /// The local end, for operations on a connection.
    #[must_use]
    #[doc(alias = "Source")]
    pub fn source_addr(&self) -> Option<&Addr> {
        self.0.source.as_ref()
    }

    /// The address that the error is about: the remote end of a connection, or a listener's own address.
    #[must_use]
    #[doc(alias = "Addr")]
    pub fn addr(&self) -> Option<&Addr> {
        self.0.addr.as_ref()
    }

    /// Why it failed.
    ///
    /// Go: `net.OpError.Unwrap`
    #[must_use]
    #[doc(alias = "Unwrap")]
    #[doc(alias = "Err")]
    pub fn cause(&self) -> &Error {
        &self.0.cause
    }

    /// Why it failed, without the operation.
    #[must_use]
    pub fn into_cause(self) -> Error {
        self.0.cause
    }

    /// How many bytes a write had sent when it failed; 0 for everything else.
    #[must_use]
    pub fn written(&self) -> usize {
        self.0.written
    }

    /// Whether the connection or listener had been closed, or was closed during the operation.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.cause == Error::Closed
    }

    /// Whether time ran out.
    ///
    /// Go: `net.OpError.Timeout`
    #[doc(alias = "net.OpError.Timeout")]
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.cause.is_timeout()
    }

    /// Whether the same operation may succeed later. For `accept` that includes a connection which its peer gave up
    /// before it was accepted: the next one may be sound.
    ///
    /// Go: `net.OpError.Temporary`
    ///
    /// Differs: Go overlooks such a connection when the error names the system call, which it does; here the name makes
    /// no difference.
    #[doc(alias = "net.OpError.Temporary")]
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        let given_up = self.0.op == "accept" && self.0.cause.raw_os_error().is_some_and(errno::is_conn_error);
        given_up || self.0.cause.is_temporary()
    }

    /// The kernel's error number, if it was the kernel that refused.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.cause.raw_os_error()
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { op, net, source, addr, cause, .. } = &*self.0;
        formatter.write_str(op)?;
        if !net.is_empty() {
            write!(formatter, " {net}")?;
        }
        match (source, addr) {
            (Some(source), Some(addr)) => write!(formatter, " {source}->{addr}")?,
            (Some(only), None) | (None, Some(only)) => write!(formatter, " {only}")?,
            (None, None) => {}
        }
        write!(formatter, ": {cause}")
    }
}

impl fmt::Debug for OpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a `main` that returns it prints is for people.
        write!(formatter, "OpError({self})")
    }
}

impl std::error::Error for OpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The cause itself stands in the text.
        self.0.cause.source()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::error::Error as _;
    use std::net::SocketAddr;

    use super::*;
    use crate::{AddrError, LookupError};

    fn addr(text: &str) -> Addr {
        Addr::from(text.parse::<SocketAddr>().unwrap())
    }

    #[test]
    fn each_operation_prints_what_go_prints() {
        let refused = Error::os("connect", libc::ECONNREFUSED);
        let (here, there) = (addr("127.0.0.1:1"), addr("127.0.0.1:2"));
        let table = [
            (
                OpError::new("read", "tcp", Error::DeadlineExceeded)
                    .with_source(here.clone())
                    .with_addr(there.clone()),
                "read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout",
            ),
            (
                OpError::new("read", "tcp", Error::os("", libc::EPIPE)).with_source(here.clone()),
                "read tcp 127.0.0.1:1: broken pipe",
            ),
            (
                OpError::new("dial", "tcp", refused.clone()).with_addr(here.clone()),
                "dial tcp 127.0.0.1:1: connect: connection refused",
            ),
            (
                OpError::new("dial", "tcp", refused.clone()).with_addr(addr("[::1]:1")),
                "dial tcp [::1]:1: connect: connection refused",
            ),
            (
                OpError::new("dial", "tcp4", refused).with_addr(Addr::TcpPort(1)),
                "dial tcp4 :1: connect: connection refused",
            ),
            (
                OpError::new("accept", "tcp", Error::Closed).with_addr(addr("127.0.0.1:7")),
                "accept tcp 127.0.0.1:7: use of closed network connection",
            ),
            (
                OpError::new("listen", "tcp", Error::os("bind", libc::EADDRINUSE))
                    .with_addr(Addr::TcpPort(41619)),
                "listen tcp :41619: bind: address already in use",
            ),
            (
                OpError::new("listen", "tcp", AddrError::new("missing port in address", "foo").into()),
                "listen tcp: address foo: missing port in address",
            ),
            (
                OpError::new("dial", "tcp", LookupError::new("no such host", "1.2.3.4%lo").into()),
                "dial tcp: lookup 1.2.3.4%lo: no such host",
            ),
            (
                OpError::new("dial", "tcp", Error::InvalidInput("missing address")),
                "dial tcp: missing address",
            ),
            (
                OpError::new("dial", "foo".to_owned(), Error::UnknownNetwork("foo".into())),
                "dial foo: unknown network foo",
            ),
            (OpError::new("dial", "", Error::UnknownNetwork("".into())), "dial: unknown network "),
        ];
        for (error, text) in table {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_connection_given_up_before_accept_is_temporary_and_only_there() {
        for errno in [libc::ECONNRESET, libc::ECONNABORTED] {
            let cause = Error::os("accept4", errno);
            assert!(OpError::new("accept", "tcp", cause.clone()).is_temporary());
            assert!(!OpError::new("read", "tcp", cause).is_temporary());
        }
    }

    #[test]
    fn a_process_out_of_descriptors_may_accept_again_later() {
        assert!(OpError::new("accept", "tcp", Error::os("accept4", libc::EMFILE)).is_temporary());
        assert!(!OpError::new("accept", "tcp", Error::os("accept4", libc::EINVAL)).is_temporary());
    }

    #[test]
    fn the_parts_come_out_as_they_went_in() {
        let (here, there) = (addr("127.0.0.1:1"), addr("127.0.0.1:2"));
        let cause = Error::os("write", libc::ECONNRESET);
        let error = OpError::new("write", "tcp", cause.clone())
            .with_source(here.clone())
            .with_addr(there.clone())
            .with_written(17);
        assert_eq!((error.op(), error.net(), error.written()), ("write", "tcp", 17));
        assert_eq!((error.source_addr(), error.addr()), (Some(&here), Some(&there)));
        assert_eq!((error.cause(), error.raw_os_error()), (&cause, Some(libc::ECONNRESET)));
        assert_eq!(error.into_cause(), cause);
    }

    #[test]
    fn a_chain_of_errors_prints_each_once() {
        let error = OpError::new("listen", "tcp", Error::os("bind", libc::EADDRINUSE));
        assert!(error.source().is_none());
        let io = std::io::Error::from(error.clone());
        assert!(io.source().is_none());
        let texts: Vec<String> =
            std::iter::successors(Some(&error as &dyn std::error::Error), |error| (**error).source())
                .map(ToString::to_string)
                .collect();
        assert_eq!(texts.join(": "), "listen tcp: bind: address already in use");
    }

    #[test]
    fn a_main_that_returns_it_prints_its_text() {
        let error = OpError::new("listen", "tcp", Error::os("bind", libc::EADDRINUSE)).with_written(3);
        assert_eq!(format!("{error:?}"), "OpError(listen tcp: bind: address already in use)");
    }

    #[test]
    fn only_a_closed_descriptor_counts_as_closed() {
        assert!(OpError::new("read", "tcp", Error::Closed).is_closed());
        assert!(!OpError::new("read", "tcp", Error::DeadlineExceeded).is_closed());
    }

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<OpError>(), size_of::<usize>());
        assert_eq!(size_of::<Result<usize, OpError>>(), 2 * size_of::<usize>());
    }
}
