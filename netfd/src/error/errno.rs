//! Error numbers: which are worth another try, and what Go calls them.
//!
//! Go prints a table of its own, made from the C library's by writing the first letter small unless the word is an
//! abbreviation. The same rule is applied here to the texts of the system that the program runs on, so the tables agree
//! wherever the libraries do. What is left over on Linux with glibc:
//!
//! | number    | here                             | Go 1.21                 |
//! | --------- | -------------------------------- | ----------------------- |
//! | ESTALE    | `stale file handle`              | `stale NFS file handle` |
//! | EHWPOISON | `memory page has hardware error` | `errno 133`             |
//!
//! Both say more than Go's, which comes from an older library, so they stay.
//!
//! Go: `syscall.Errno`

use std::io;

/// Whether the number says that time ran out.
///
/// Go: `syscall.Errno.Timeout`
#[doc(alias = "syscall.Errno.Timeout")]
pub(super) fn is_timeout(errno: i32) -> bool {
    errno == libc::EAGAIN || errno == libc::EWOULDBLOCK || errno == libc::ETIMEDOUT
}

/// Whether the number says that the same call may succeed later.
///
/// Go: `syscall.Errno.Temporary`
#[doc(alias = "syscall.Errno.Temporary")]
pub(super) fn is_temporary(errno: i32) -> bool {
    errno == libc::EINTR || errno == libc::EMFILE || errno == libc::ENFILE || is_timeout(errno)
}

/// Whether the number says that the peer gave up before `accept` got to its connection.
///
/// Go: `net.isConnError`
#[doc(alias = "net.isConnError")]
pub(super) fn is_conn_error(errno: i32) -> bool {
    errno == libc::ECONNRESET || errno == libc::ECONNABORTED
}

/// What Go prints for the number; `errno N` for one without a text.
///
/// Go: `syscall.Errno.Error`
#[doc(alias = "syscall.Errno.Error")]
pub(super) fn text(errno: i32) -> String {
    // std has the library's text, and puts the number in brackets behind it.
    let described = io::Error::from_raw_os_error(errno).to_string();
    let text = described.split(" (os error ").next().unwrap_or(&described);
    if errno <= 0 || text.is_empty() || text.starts_with("Unknown error") {
        return format!("errno {errno}");
    }
    let second_is_small = text.chars().nth(1).is_some_and(|second| second.is_ascii_lowercase());
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first.is_ascii_uppercase() && second_is_small => {
            let mut small = String::with_capacity(text.len());
            small.push(first.to_ascii_lowercase());
            small.push_str(chars.as_str());
            small
        }
        _ => text.to_owned(),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::text;

    #[test]
    fn a_network_program_prints_gos_words() {
        let table = [
            (libc::EPERM, "operation not permitted"),
            (libc::EINTR, "interrupted system call"),
            (libc::EBADF, "bad file descriptor"),
            (libc::EAGAIN, "resource temporarily unavailable"),
            (libc::ENOMEM, "cannot allocate memory"),
            (libc::EACCES, "permission denied"),
            (libc::EINVAL, "invalid argument"),
            (libc::ENFILE, "too many open files in system"),
            (libc::EMFILE, "too many open files"),
            (libc::EPIPE, "broken pipe"),
            (libc::ENOPROTOOPT, "protocol not available"),
            (libc::EPROTONOSUPPORT, "protocol not supported"),
            (libc::EOPNOTSUPP, "operation not supported"),
            (libc::EAFNOSUPPORT, "address family not supported by protocol"),
            (libc::EADDRINUSE, "address already in use"),
            (libc::EADDRNOTAVAIL, "cannot assign requested address"),
            (libc::ENETUNREACH, "network is unreachable"),
            (libc::ECONNABORTED, "software caused connection abort"),
            (libc::ECONNRESET, "connection reset by peer"),
            (libc::ENOBUFS, "no buffer space available"),
            (libc::ENOTCONN, "transport endpoint is not connected"),
            (libc::ETIMEDOUT, "connection timed out"),
            (libc::ECONNREFUSED, "connection refused"),
            (libc::EHOSTUNREACH, "no route to host"),
            (libc::EALREADY, "operation already in progress"),
            (libc::EINPROGRESS, "operation now in progress"),
        ];
        for (errno, go) in table {
            assert_eq!(text(errno), go);
        }
    }

    #[test]
    fn an_abbreviation_keeps_its_capitals() {
        assert_eq!(text(libc::EADV), "advertise error");
        assert_eq!(text(libc::EDOTDOT), "RFS specific error");
        assert_eq!(text(libc::ELIBSCN), ".lib section in a.out corrupted");
    }

    #[test]
    fn a_number_without_a_text_is_printed_as_a_number() {
        for errno in [-1, 0, 41, 58, 4_000, i32::MAX, i32::MIN] {
            assert_eq!(text(errno), format!("errno {errno}"));
        }
    }
}
