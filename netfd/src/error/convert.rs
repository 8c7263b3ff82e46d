//! Into [`std::io::Error`] and back, with nothing lost.
//!
//! The `io::Error` carries the whole error: its text is the same, [`io::Error::get_ref`] leads to it, and `try_from`
//! takes it out again. Its [`ErrorKind`] is what a Rust program would match on; [`Error`] has the table.

use std::io::{self, ErrorKind};

use super::{Error, LookupError, OpError};

impl Error {
    /// The kind that the error has as an [`io::Error`].
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Closed => ErrorKind::NotConnected,
            Error::DeadlineExceeded => ErrorKind::TimedOut,
            Error::NotPollable | Error::NoDeadline => ErrorKind::Unsupported,
            Error::UnexpectedEof => ErrorKind::UnexpectedEof,
            Error::Os { errno, .. } => io::Error::from_raw_os_error(*errno).kind(),
            Error::Lookup(error) => lookup_kind(error),
            Error::Control { kind, .. } => *kind,
            Error::UnknownNetwork(_) | Error::Address(_) | Error::InvalidInput(_) => ErrorKind::InvalidInput,
        }
    }
}

fn lookup_kind(error: &LookupError) -> ErrorKind {
    if error.is_not_found() {
        ErrorKind::NotFound
    } else if error.is_timeout() {
        ErrorKind::TimedOut
    } else {
        ErrorKind::Other
    }
}

impl OpError {
    /// The kind that the error has as an [`io::Error`].
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.cause().kind()
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(error.kind(), error)
    }
}

impl From<OpError> for io::Error {
    fn from(error: OpError) -> io::Error {
        io::Error::new(error.kind(), error)
    }
}

/// Takes out an [`Error`] that was turned into an `io::Error`; a plain error number becomes an [`Error::Os`] that names
/// no system call. Any other `io::Error` is given back.
impl TryFrom<io::Error> for Error {
    type Error = io::Error;

    fn try_from(error: io::Error) -> Result<Error, io::Error> {
        match error.raw_os_error() {
            Some(errno) => Ok(Error::os("", errno)),
            None => error.downcast(),
        }
    }
}

/// Takes out an [`OpError`] that was turned into an `io::Error`. Any other `io::Error` is given back.
impl TryFrom<io::Error> for OpError {
    type Error = io::Error;

    fn try_from(error: io::Error) -> Result<OpError, io::Error> {
        error.downcast()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::AddrError;

    fn one_of_each() -> Vec<(Error, ErrorKind)> {
        vec![
            (Error::Closed, ErrorKind::NotConnected),
            (Error::DeadlineExceeded, ErrorKind::TimedOut),
            (Error::NotPollable, ErrorKind::Unsupported),
            (Error::NoDeadline, ErrorKind::Unsupported),
            (Error::UnexpectedEof, ErrorKind::UnexpectedEof),
            (Error::os("connect", libc::ECONNREFUSED), ErrorKind::ConnectionRefused),
            (Error::os("read", libc::ECONNRESET), ErrorKind::ConnectionReset),
            (Error::os("bind", libc::EADDRINUSE), ErrorKind::AddrInUse),
            (Error::os("", libc::ETIMEDOUT), ErrorKind::TimedOut),
            (Error::UnknownNetwork("foo".into()), ErrorKind::InvalidInput),
            (AddrError::new("invalid port", "99999").into(), ErrorKind::InvalidInput),
            (LookupError::new("no such host", "foo").not_found().into(), ErrorKind::NotFound),
            (LookupError::new("i/o timeout", "foo").timed_out().into(), ErrorKind::TimedOut),
            (LookupError::new("try later", "foo").temporary().into(), ErrorKind::Other),
            (Error::InvalidInput("missing address"), ErrorKind::InvalidInput),
        ]
    }

    #[test]
    fn a_cause_goes_into_an_io_error_and_comes_out_whole() {
        for (error, kind) in one_of_each() {
            let io = io::Error::from(error.clone());
            assert_eq!(io.kind(), kind, "{error}");
            assert_eq!(io.to_string(), error.to_string());
            assert_eq!(Error::try_from(io).unwrap(), error);
        }
    }

    #[test]
    fn an_operations_error_goes_into_an_io_error_and_comes_out_whole() {
        for (cause, kind) in one_of_each() {
            let error =
                OpError::new("write", "tcp", cause).with_addr(crate::Addr::TcpPort(80)).with_written(3);
            let io = io::Error::from(error.clone());
            assert_eq!(io.kind(), kind, "{error}");
            assert_eq!(io.to_string(), error.to_string());
            let inside = io.get_ref().and_then(|inside| inside.downcast_ref::<OpError>());
            assert_eq!(inside, Some(&error));
            assert_eq!(OpError::try_from(io).unwrap(), error);
        }
    }

    #[test]
    fn a_plain_error_number_becomes_a_cause() {
        let error = Error::try_from(io::Error::from_raw_os_error(libc::EPIPE)).unwrap();
        assert_eq!(error, Error::os("", libc::EPIPE));
    }

    #[test]
    fn a_strangers_error_is_given_back() {
        let stranger = || io::Error::new(ErrorKind::InvalidData, "not ours");
        assert_eq!(OpError::try_from(stranger()).unwrap_err().to_string(), "not ours");
        assert_eq!(Error::try_from(stranger()).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
