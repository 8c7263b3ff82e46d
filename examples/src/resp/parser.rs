//! [`Parser`]: bytes in whatever pieces, requests out.
//!
//! ```text
//!            start          at                       the end of what has arrived
//!   input  ─────┼───────────┼──────────────┼
//!   answered    │ understood│ searched …   │ to come
//!               └ one request ─────────────────────►
//! ```

use std::ops::Range;

use super::{Limits, ProtocolError, inline, parse_integer};

/// Memory that is kept for the next request.
const KEPT: usize = 64 << 10;

/// One connection's requests.
///
/// [`Parser::feed`] it what arrives, then ask for each [`Parser::request`] until there is none.
#[derive(Debug, Default)]
pub struct Parser {
    limits: Limits,
    input: Vec<u8>,
    /// Where the request in progress begins.
    start: usize,
    /// How far it is understood, counted from its start; so are all places below.
    at: usize,
    /// How far the line that is in progress has been searched for its end.
    searched: usize,
    /// How many arguments are to come.
    missing: usize,
    /// The length of the argument that is in progress.
    bulk: Option<usize>,
    /// Where the arguments are, in the input or among the words.
    places: Vec<Range<usize>>,
    /// A request's words, without their quotes.
    words: Vec<u8>,
    /// What the last call came to.
    last: Last,
}

#[derive(Clone, Copy, Debug, Default)]
enum Last {
    #[default]
    Nothing,
    /// A request, which lies in the input until the next call.
    Request,
    Broken(ProtocolError),
}

/// What a request was written as.
enum Form {
    Array,
    Words,
}

/// A request: a name and its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    bytes: &'a [u8],
    places: &'a [Range<usize>],
}

impl<'a> Request<'a> {
    /// How many arguments there are, with the name: at least one.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The argument at `index`; that at 0 is the name.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.places.get(index).map(|place| &self.bytes[place.clone()])
    }

    /// The name and the arguments.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.places.iter().map(move |place| &bytes[place.clone()])
    }
}

impl Parser {
    /// A parser with other limits than [`Limits::default`].
    pub fn new(limits: Limits) -> Parser {
        Parser { limits, ..Parser::default() }
    }

    /// Takes what has arrived. What [`Parser::request`] did not return yet is kept, within the limits as long as it is
    /// asked before it is fed again.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// How many bytes of memory it holds.
    pub fn memory(&self) -> usize {
        self.input.capacity() + self.words.capacity() + self.places.capacity() * size_of::<Range<usize>>()
    }

    /// The next request; none if it has not arrived whole. Empty ones are passed over.
    ///
    /// # Errors
    /// A [`ProtocolError`], which every later call returns again.
    pub fn request(&mut self) -> Result<Option<Request<'_>>, ProtocolError> {
        match self.last {
            Last::Nothing => {}
            Last::Request => self.pass_over(),
            Last::Broken(error) => return Err(error),
        }
        let form = self.proceed().inspect_err(|error| self.last = Last::Broken(*error))?;
        let Some(form) = form else {
            self.last = Last::Nothing;
            self.tidy_up();
            return Ok(None);
        };
        self.last = Last::Request;
        let bytes = match form {
            Form::Array => &self.input[self.start..],
            Form::Words => &self.words,
        };
        Ok(Some(Request { bytes, places: &self.places }))
    }

    /// Understands what there is, up to the end of a request.
    fn proceed(&mut self) -> Result<Option<Form>, ProtocolError> {
        loop {
            let understood = match (self.missing, self.input.get(self.start)) {
                (0, None) => None,
                (0, Some(b'*')) => self.count()?,
                (0, Some(_)) => self.line_of_words()?,
                (1.., _) => self.argument()?,
            };
            let Some(()) = understood else { return Ok(None) };
            if self.missing > 0 {
                continue;
            }
            if !self.places.is_empty() {
                let form = if self.input[self.start] == b'*' { Form::Array } else { Form::Words };
                return Ok(Some(form));
            }
            self.pass_over();
        }
    }

    /// The line that tells the number of arguments. One that is not positive makes an empty request.
    fn count(&mut self) -> Result<Option<()>, ProtocolError> {
        let Some(line) = self.line(b'\r', ProtocolError::LongMultibulkCount)? else { return Ok(None) };
        let count = parse_integer(&self.input[line][1..]).map(|count| usize::try_from(count).unwrap_or(0));
        self.missing = count
            .filter(|count| *count <= self.limits.arguments)
            .ok_or(ProtocolError::InvalidMultibulkLength)?;
        Ok(Some(()))
    }

    /// An argument, or the line that tells its length.
    fn argument(&mut self) -> Result<Option<()>, ProtocolError> {
        let Some(length) = self.bulk else {
            let Some(line) = self.line(b'\r', ProtocolError::LongBulkCount)? else { return Ok(None) };
            let length = match &self.input[line.clone()] {
                [b'$', digits @ ..] => parse_integer(digits).and_then(|length| usize::try_from(length).ok()),
                // Where the line is empty, its end.
                _ => return Err(ProtocolError::ExpectedBulk(self.input[line.start])),
            };
            // With its line end.
            let room = self.limits.request.checked_sub(self.at + 2);
            let fits = |length: &usize| room.is_some_and(|room| *length <= room);
            self.bulk = Some(length.filter(fits).ok_or(ProtocolError::InvalidBulkLength)?);
            return Ok(Some(()));
        };
        // As in Redis, nobody looks at the two bytes of its line end.
        let end = self.at + length;
        if self.input.len() - self.start < end + 2 {
            return Ok(None);
        }
        self.places.push(self.at..end);
        self.at = end + 2;
        self.searched = self.at;
        self.bulk = None;
        self.missing -= 1;
        Ok(Some(()))
    }

    fn line_of_words(&mut self) -> Result<Option<()>, ProtocolError> {
        let Some(line) = self.line(b'\n', ProtocolError::LongInline)? else { return Ok(None) };
        let line = &self.input[line];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        inline::split(line, &mut self.words, &mut self.places)?;
        Ok(Some(()))
    }

    /// The next line, where it lies in the input; `end` ends it, and after `\r` whatever byte comes next.
    fn line(&mut self, end: u8, too_long: ProtocolError) -> Result<Option<Range<usize>>, ProtocolError> {
        let arrived = self.input.len() - self.start;
        // Its end may stand at the limit, not behind it.
        let searchable = arrived.min(self.at + self.limits.line + 1);
        let unsearched = &self.input[self.start + self.searched..self.start + searchable];
        let Some(found) = unsearched.iter().position(|byte| *byte == end) else {
            self.searched = searchable;
            return if searchable - self.at > self.limits.line { Err(too_long) } else { Ok(None) };
        };
        let found = self.searched + found;
        let next = found + if end == b'\r' { 2 } else { 1 };
        if arrived < next {
            self.searched = found;
            return Ok(None);
        }
        let line = self.start + self.at..self.start + found;
        self.at = next;
        self.searched = next;
        Ok(Some(line))
    }

    /// Goes on behind a request.
    fn pass_over(&mut self) {
        self.start += self.at;
        self.at = 0;
        self.searched = 0;
        self.places.clear();
        self.words.clear();
    }

    /// Makes room for more, and gives back what only a large request needed.
    fn tidy_up(&mut self) {
        self.input.drain(..self.start);
        self.start = 0;
        if self.input.len() < KEPT {
            self.input.shrink_to(KEPT);
        }
        if self.places.is_empty() {
            self.places.shrink_to(KEPT / size_of::<Range<usize>>());
        }
    }
}
