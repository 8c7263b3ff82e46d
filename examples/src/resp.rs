//! RESP, the Redis protocol, as a server speaks it: requests in, replies out.
//!
//! ```text
//!   bytes ──feed──► Parser ──request──► Request      *2 $3 GET $1 k     or the line   GET k
//!                                          │
//!   bytes ◄──────── encode ◄───────────────┘         $1 v
//! ```
//!
//! A request is an array of bulk strings, or a line of words. The parser takes its bytes in whatever pieces they arrive
//! and looks at none of them twice. It keeps a request in one piece of memory, which grows with what has arrived and
//! never with what was announced; [`Limits`] bound it. What it refuses, it refuses in the words of Redis.
//!
//! Why it is our own: the crate `redis-protocol` decodes a tree of frames, by recursion and without a bound on its depth or
//! on the lengths in it, begins again at the first byte whenever more has arrived, and knows no lines of words. A request
//! is no tree, and a server's peers are strangers.

pub mod encode;
mod inline;
mod parser;

use std::fmt;

pub use parser::{Parser, Request};

/// How large a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line, be it a request of words or a length.
    pub line: usize,
    /// Arguments of one request, its name among them.
    pub arguments: usize,
    /// Bytes of one request in all, its lengths and line ends among them.
    pub request: usize,
}

impl Default for Limits {
    /// 64 KiB for a line and 1 Mi arguments, as in Redis, which allows 512 MiB for each argument; here 16 MiB must do for
    /// the whole request.
    fn default() -> Limits {
        Limits { line: 64 << 10, arguments: 1 << 20, request: 16 << 20 }
    }
}

/// Why the bytes are no request. Where the next one begins is unknown, so nothing after it can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// The number of arguments is no number, or over the limit.
    InvalidMultibulkLength,
    /// An argument's length is no number, negative, or over the limit.
    InvalidBulkLength,
    /// Something other than `$` stands where an argument begins.
    ExpectedBulk(u8),
    /// A quote is not closed, or something follows it immediately.
    UnbalancedQuotes,
    /// The line with the number of arguments does not end.
    LongMultibulkCount,
    /// The line with an argument's length does not end.
    LongBulkCount,
    /// The line of words does not end.
    LongInline,
}

impl fmt::Display for ProtocolError {
    /// In the words of Redis.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            ProtocolError::InvalidMultibulkLength => f.write_str("invalid multibulk length"),
            ProtocolError::InvalidBulkLength => f.write_str("invalid bulk length"),
            ProtocolError::ExpectedBulk(got) => write!(f, "expected '$', got '{}'", char::from(*got)),
            ProtocolError::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
            ProtocolError::LongMultibulkCount => f.write_str("too big mbulk count string"),
            ProtocolError::LongBulkCount => f.write_str("too big bulk count string"),
            ProtocolError::LongInline => f.write_str("too big inline request"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// The number that `digits` are, written as Redis itself writes it: no sign but a minus, no zero in front, no blanks.
pub fn parse_integer(digits: &[u8]) -> Option<i64> {
    match digits {
        b"0" => Some(0),
        [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}
