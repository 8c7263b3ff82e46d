//! An address that cannot be used as it stands.
//!
//! Go: `net.AddrError`

use std::fmt;

/// What is wrong with an address, and the address.
///
/// ```
/// use netfd::AddrError;
///
/// let error = AddrError::new("missing port in address", "127.0.0.1");
/// assert_eq!(error.to_string(), "address 127.0.0.1: missing port in address");
/// ```
///
/// Go: `net.AddrError`
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "net.AddrError")]
pub struct AddrError {
    reason: &'static str,
    addr: Box<str>,
}

impl AddrError {
    /// Says `reason` of `addr`, which may be empty: then only the reason is printed.
    #[must_use]
    pub fn new(reason: &'static str, addr: impl Into<Box<str>>) -> AddrError {
        AddrError { reason, addr: addr.into() }
    }

    /// What is wrong.
    #[must_use]
    #[doc(alias = "Err")]
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The address, or that part of it which is wrong.
    #[must_use]
    pub fn addr(&self) -> &str {
        &self.addr
    }
}

impl fmt::Display for AddrError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.addr.is_empty() {
            write!(formatter, "address {}: ", self.addr)?;
        }
        formatter.write_str(self.reason)
    }
}

impl std::error::Error for AddrError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::AddrError;

    #[test]
    fn the_address_is_named_before_the_reason() {
        let error = AddrError::new("too many colons in address", "::1");
        assert_eq!(error.to_string(), "address ::1: too many colons in address");
        assert_eq!((error.reason(), error.addr()), ("too many colons in address", "::1"));
    }

    #[test]
    fn an_empty_address_is_not_named() {
        assert_eq!(AddrError::new("missing port in address", "").to_string(), "missing port in address");
    }
}
