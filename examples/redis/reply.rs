//! What a command answers.

use std::sync::Arc;

use crate::commands::Command;
use crate::failure::Failure;
use crate::store::Value;

/// One piece of a reply.
pub(crate) enum Piece<'a> {
    /// A short text of ours.
    Simple(&'static str),
    Error(Vec<u8>),
    Integer(i64),
    /// Bytes that are ours, or in the request.
    Bytes(&'a [u8]),
    Text(String),
    Value(Arc<Value>),
    /// What COMMAND tells of it. One piece, so that a reply takes no more memory than its request.
    Command(&'static Command),
    Null,
    /// An array of so many of the pieces that follow, or of arrays that begin there.
    Array(usize),
}

/// A reply: one piece, or what stands in an array. It holds values and borrows arguments, so that a request for a
/// thousand large values copies none of them.
pub(crate) enum Reply<'a> {
    One(Piece<'a>),
    Many(Vec<Piece<'a>>),
}

/// What becomes of a connection after a request.
pub(crate) enum Answer<'a> {
    /// It goes on.
    Reply(Reply<'a>),
    /// It ends with this.
    Last(Reply<'a>),
    /// It ends without a word.
    Nothing,
}

impl<'a> Reply<'a> {
    pub(crate) const OK: Reply<'static> = Reply::One(Piece::Simple("OK"));
    pub(crate) const NULL: Reply<'static> = Reply::One(Piece::Null);

    pub(crate) fn integer(value: i64) -> Reply<'a> {
        Reply::One(Piece::Integer(value))
    }

    pub(crate) fn bytes(bytes: &'a [u8]) -> Reply<'a> {
        Reply::One(Piece::Bytes(bytes))
    }

    /// A number of things that are in memory.
    pub(crate) fn count(value: usize) -> Reply<'a> {
        Reply::integer(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// How much memory it takes beside values and the request.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Reply::One(_) => 0,
            Reply::Many(pieces) => pieces.capacity() * size_of::<Piece<'_>>(),
        }
    }

    /// A flat array.
    pub(crate) fn array(pieces: impl ExactSizeIterator<Item = Piece<'a>>) -> Reply<'a> {
        let header = Piece::Array(pieces.len());
        Reply::Many(std::iter::once(header).chain(pieces).collect())
    }
}

impl From<Failure> for Reply<'_> {
    fn from(failure: Failure) -> Self {
        Reply::One(Piece::Error(failure.text()))
    }
}

impl<'a> From<Option<Arc<Value>>> for Piece<'a> {
    fn from(value: Option<Arc<Value>>) -> Piece<'a> {
        value.map_or(Piece::Null, Piece::Value)
    }
}
