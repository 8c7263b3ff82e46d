//! The name of a Unix socket: a file, a name in the kernel alone, or none.
//!
//! Go: `net.UnixAddr`

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Where a Unix socket is found.
///
/// ```
/// use netfd::UnixAddr;
///
/// assert_eq!(UnixAddr::from("/run/x"), UnixAddr::Path("/run/x".into()));
/// assert_eq!(UnixAddr::from("@x"), UnixAddr::Abstract(b"x".to_vec()));
/// assert_eq!(UnixAddr::from("@x").to_string(), "@x");
/// ```
///
/// Go: `net.UnixAddr`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "net.UnixAddr")]
pub enum UnixAddr {
    /// A file.
    Path(PathBuf),

    /// A name that only the kernel knows, in Linux: it needs no file, and goes with its last socket. It may have any
    /// bytes; as text it begins with `@`, or with a NUL.
    Abstract(Vec<u8>),

    /// No name, as most ends that dialled. To listen on it makes the kernel choose an abstract name.
    Unnamed,
}

impl UnixAddr {
    /// The name as bytes, as the kernel has it: an abstract one after a NUL.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            UnixAddr::Path(path) => path.as_os_str().as_bytes().to_vec(),
            UnixAddr::Abstract(name) => [b"\0", name.as_slice()].concat(),
            UnixAddr::Unnamed => Vec::new(),
        }
    }
}

/// Go: `net.ResolveUnixAddr`
impl From<&str> for UnixAddr {
    fn from(text: &str) -> UnixAddr {
        match text.as_bytes() {
            [] => UnixAddr::Unnamed,
            [b'@' | 0, name @ ..] => UnixAddr::Abstract(name.to_vec()),
            _ => UnixAddr::Path(text.into()),
        }
    }
}

/// Go: `net.UnixAddr.String`
impl fmt::Display for UnixAddr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnixAddr::Path(path) => path.display().fmt(formatter),
            UnixAddr::Abstract(name) => write!(formatter, "@{}", String::from_utf8_lossy(name)),
            // So Go prints a socket without a name.
            UnixAddr::Unnamed => formatter.write_str("@"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_its_text_says() {
        assert_eq!(UnixAddr::from(""), UnixAddr::Unnamed);
        assert_eq!(UnixAddr::from("@"), UnixAddr::Abstract(vec![]));
        assert_eq!(UnixAddr::from("\0a"), UnixAddr::from("@a"));
        assert_eq!(UnixAddr::from("a@b"), UnixAddr::Path("a@b".into()));
        for text in ["/run/x", "x", "@x", "@"] {
            assert_eq!(UnixAddr::from(text).to_string(), text);
        }
        assert_eq!(UnixAddr::Unnamed.to_string(), "@");
    }

    #[test]
    fn only_an_abstract_name_begins_with_a_nul_in_the_kernel() {
        assert_eq!(UnixAddr::from("@a\0b").to_bytes(), b"\0a\0b");
        assert_eq!(UnixAddr::from("/a").to_bytes(), b"/a");
        assert_eq!(UnixAddr::Unnamed.to_bytes(), b"");
    }
}
