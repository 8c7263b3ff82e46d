//! A name that the resolver could not turn into an address or a port.
//!
//! Go: `net.DNSError`

use std::borrow::Cow;
use std::fmt;

/// Why the look-up of a name failed, and the name: a host, or a service as `tcp/http`.
///
/// ```
/// use netfd::LookupError;
///
/// let error = LookupError::new("no such host", "printer.invalid").not_found();
/// assert_eq!(error.to_string(), "lookup printer.invalid: no such host");
/// assert!(error.is_not_found() && !error.is_temporary());
/// ```
///
/// Go: `net.DNSError`
///
/// Differs: there is no `Server` field, as the system's resolver does not say whom it asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "DNSError")]
pub struct LookupError {
    reason: Cow<'static, str>,
    name: Box<str>,
    timeout: bool,
    temporary: bool,
    not_found: bool,
}

impl LookupError {
    /// Says `reason` of `name`. The result is final and not a "not found" unless one of the methods below says otherwise.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>, name: impl Into<Box<str>>) -> LookupError {
        LookupError {
            reason: reason.into(),
            name: name.into(),
            timeout: false,
            temporary: false,
            not_found: false,
        }
    }

    /// The same, for a name that does not exist.
    #[must_use]
    pub fn not_found(self) -> LookupError {
        LookupError { not_found: true, ..self }
    }

    /// The same, for a resolver that may know better later.
    #[must_use]
    pub fn temporary(self) -> LookupError {
        LookupError { temporary: true, ..self }
    }

    /// The same, for a resolver that did not answer in time.
    #[must_use]
    pub fn timed_out(self) -> LookupError {
        LookupError { timeout: true, ..self }
    }

    /// Why it failed.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The name that was looked up.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the name is known not to exist.
    ///
    /// Go: `net.DNSError.IsNotFound`
    #[must_use]
    #[doc(alias = "IsNotFound")]
    pub fn is_not_found(&self) -> bool {
        self.not_found
    }

    /// Whether the look-up is known to have run out of time; a resolver does not always say.
    ///
    /// Go: `net.DNSError.Timeout`
    #[doc(alias = "net.DNSError.Timeout")]
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.timeout
    }

    /// Whether the same look-up may succeed later, as far as the resolver says. A time-out always may.
    ///
    /// Go: `net.DNSError.Temporary`
    #[doc(alias = "net.DNSError.Temporary")]
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.timeout || self.temporary
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "lookup {}: {}", self.name, self.reason)
    }
}

impl std::error::Error for LookupError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::LookupError;

    #[test]
    fn the_name_is_named_before_the_reason() {
        let error = LookupError::new("unknown port", "tcp/nosuch");
        assert_eq!(error.to_string(), "lookup tcp/nosuch: unknown port");
        assert_eq!((error.reason(), error.name()), ("unknown port", "tcp/nosuch"));
    }

    #[test]
    fn a_plain_failure_is_final() {
        let error = LookupError::new("server misbehaving", "host");
        assert!(!error.is_timeout() && !error.is_temporary() && !error.is_not_found());
    }

    #[test]
    fn a_timeout_is_temporary_but_not_the_other_way_round() {
        let slow = LookupError::new("i/o timeout", "host").timed_out();
        assert!(slow.is_timeout() && slow.is_temporary());

        let busy = LookupError::new("Temporary failure in name resolution", "host").temporary();
        assert!(!busy.is_timeout() && busy.is_temporary());
    }

    #[test]
    fn a_name_that_does_not_exist_is_not_worth_another_try() {
        let error = LookupError::new("no such host", "host").not_found();
        assert!(error.is_not_found() && !error.is_temporary());
    }
}
