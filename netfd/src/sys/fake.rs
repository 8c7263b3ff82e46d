//! Stream sockets of the kernel for models: bytes in a queue, and an edge for whatever comes.
//!
//! ```text
//!   Peer::send         ──► queue      ──► read       a byte that comes raises an edge, also when others are queued
//!   Peer::send_and_end ──► queue, end ──► read: 0    raises one edge, which tells of the bytes and of the end
//! ```
//!
//! One loom mutex holds a socket's state, as the lock of a socket does in a real kernel. The bytes are
//! in the queue before the edge is raised, and nobody waits for the edge to be delivered.

use std::collections::VecDeque;

use bytes::BufMut;
use poller::{Facts, Mode, Poller};

use crate::Error;
use crate::attempt::{Attempt, Stop};
use crate::sync::{Arc, Mutex, lock};

/// A socket of ours; dropped, it is closed.
pub(crate) struct Socket {
    number: u64,
    stream: Arc<Mutex<Stream>>,
}

/// A socket as it is lent for a call.
pub(crate) type Lent<'a> = &'a Socket;

/// The other end of a socket.
pub(crate) struct Peer {
    number: u64,
    stream: Arc<Mutex<Stream>>,
}

#[derive(Default)]
struct Stream {
    queue: VecDeque<u8>,
    ended: bool,
    /// How often our end was closed.
    closed: usize,
}

/// A socket with the other end of it. Its number names it in its poller.
pub(crate) fn pair(number: u64) -> (Socket, Peer) {
    let stream = Arc::new(Mutex::new(Stream::default()));
    (Socket { number, stream: stream.clone() }, Peer { number, stream })
}

impl Peer {
    /// Sends bytes; the kernel raises an edge.
    pub(crate) fn send(&self, poller: &Poller, bytes: &[u8]) {
        lock(&self.stream).queue.extend(bytes);
        self.raise(poller, Facts::EMPTY);
    }

    /// Sends bytes of which the kernel tells nobody, as below a low-water mark.
    pub(crate) fn send_quietly(&self, bytes: &[u8]) {
        lock(&self.stream).queue.extend(bytes);
    }

    /// Sends bytes and ends the stream, so quickly that the kernel merges the edges into one.
    pub(crate) fn send_and_end(&self, poller: &Poller, bytes: &[u8]) {
        {
            let mut stream = lock(&self.stream);
            stream.queue.extend(bytes);
            stream.ended = true;
        }
        self.raise(poller, Facts::PEER_SHUTDOWN);
    }

    /// How often the other end was closed.
    pub(crate) fn closes(&self) -> usize {
        lock(&self.stream).closed
    }

    fn raise(&self, poller: &Poller, facts: Facts) {
        poller.raise_on(poller::fake::Source::new(self.number), Mode::Read, facts);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        lock(&self.stream).closed += 1;
    }
}

pub(crate) fn lend(socket: &Socket) -> Lent<'_> {
    socket
}

pub(crate) fn source(socket: Lent<'_>) -> poller::Source<'_> {
    poller::fake::Source::new(socket.number)
}

pub(crate) fn number(socket: Lent<'_>) -> i32 {
    i32::try_from(socket.number).unwrap_or(-1)
}

pub(crate) fn read(socket: Lent<'_>, buf: &mut [u8]) -> Attempt<usize> {
    let mut stream = lock(&socket.stream);
    let read = stream.queue.len().min(buf.len());
    for (to, from) in buf.iter_mut().zip(stream.queue.drain(..read)) {
        *to = from;
    }
    if read > 0 || stream.ended { Ok(read) } else { Err(Stop::WouldBlock) }
}

/// The same into the room that `buf` has.
pub(crate) fn read_buf(socket: Lent<'_>, buf: &mut impl BufMut) -> Attempt<usize> {
    let mut bytes = vec![0; buf.chunk_mut().len()];
    let read = read(socket, &mut bytes)?;
    buf.put_slice(&bytes[..read]);
    Ok(read)
}

/// [`read`], and how much is left. As in a real kernel that is looked up after the read has let go of the socket. An end counts
/// for nothing here, as an error does in a real one.
pub(crate) fn read_told(socket: Lent<'_>, buf: &mut [u8]) -> Attempt<(usize, Option<usize>)> {
    let read = read(socket, buf)?;
    Ok((read, Some(lock(&socket.stream).queue.len())))
}

/// Every socket tells.
pub(crate) fn tell_what_is_left(_: Lent<'_>, _: bool) -> Result<(), Error> {
    Ok(())
}

/// A peer that takes everything.
pub(crate) fn write(_: Lent<'_>, buf: &[u8]) -> Attempt<usize> {
    Ok(buf.len())
}

pub(crate) fn lingers(_: Lent<'_>) -> bool {
    false
}

pub(crate) fn close_slowly(socket: Socket, then: impl FnOnce() + Send + 'static) {
    drop(socket);
    then();
}
