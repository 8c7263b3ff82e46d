//! `host:port`, taken apart and put together.
//!
//! Go: `net.SplitHostPort`, `net.JoinHostPort`

use netfd::AddrError;

/// Splits `address` into host and port.
///
/// The forms are `host:port`, `[host]:port` and, for a link-local address with its zone, `[host%zone]:port`. A host that
/// contains colons, such as an IPv6 address, must stand in brackets; they are not part of the result. Host and port may
/// each be empty, and neither is looked at any further.
///
/// ```
/// use conn::split_host_port;
///
/// assert_eq!(split_host_port("[::1]:http")?, ("::1", "http"));
/// assert_eq!(split_host_port(":8080")?, ("", "8080"));
/// # Ok::<(), conn::AddrError>(())
/// ```
///
/// Go: `net.SplitHostPort`
///
/// # Errors
/// An [`AddrError`] that names the whole address: "missing port in address", "too many colons in address",
/// "missing ']' in address", "unexpected '[' in address" or "unexpected ']' in address".
#[doc(alias = "SplitHostPort")]
pub fn split_host_port(address: &str) -> Result<(&str, &str), AddrError> {
    let fault = |reason| Err(AddrError::new(reason, address));

    // Whatever the host is, the port stands after the last colon.
    let Some((before, port)) = address.rsplit_once(':') else {
        return fault("missing port in address");
    };
    let host = match address.strip_prefix('[') {
        Some(bracketed) => {
            let Some((host, after)) = bracketed.split_once(']') else {
                return fault("missing ']' in address");
            };
            // Only the port's colon may follow the bracket.
            match after.strip_prefix(':') {
                None => return fault("missing port in address"),
                Some(rest) if rest.len() != port.len() => return fault("too many colons in address"),
                Some(_) => host,
            }
        }
        None if before.contains(':') => return fault("too many colons in address"),
        None => before,
    };
    if host.contains('[') || port.contains('[') {
        return fault("unexpected '[' in address");
    }
    if host.contains(']') || port.contains(']') {
        return fault("unexpected ']' in address");
    }
    Ok((host, port))
}

/// Joins host and port to an address that [`split_host_port`] takes apart again; a host with colons is put in brackets.
///
/// ```
/// use conn::join_host_port;
///
/// assert_eq!(join_host_port("::1", "80"), "[::1]:80");
/// assert_eq!(join_host_port("example.org", "http"), "example.org:http");
/// ```
///
/// Go: `net.JoinHostPort`
#[must_use]
#[doc(alias = "JoinHostPort")]
pub fn join_host_port(host: &str, port: &str) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
