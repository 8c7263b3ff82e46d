//! Pipes for splice(2), kept for the next copy while they are empty.
//!
//! Go: `poll.splicePipe`, `poll.splicePipePool`

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::attempt;
use crate::attempt::Attempt;
use crate::sync::{Mutex, lock};

/// How many empty pipes are kept.
const KEPT: usize = 16;
/// How much a pipe is asked to hold. The system may allow less.
const SIZE: usize = 1 << 20;

/// The pipes that are kept.
///
/// Go: `poll.splicePipePool`
#[doc(alias = "splicePipePool")]
static POOL: Mutex<Vec<Pipe>> = Mutex::new(Vec::new());

/// A pipe, and how much is in it.
///
/// Go: `poll.splicePipe`
#[derive(Debug)]
#[doc(alias = "splicePipe")]
pub(crate) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    held: usize,
}

impl Pipe {
    /// An empty pipe; none if the system has no descriptors for it.
    ///
    /// Go: `poll.getPipe`
    #[doc(alias = "getPipe")]
    pub(crate) fn take() -> Option<Pipe> {
        let kept = lock(&POOL).pop();
        if kept.is_some() {
            return kept;
        }
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        // Smaller, it works as well.
        let _ = fcntl_setpipe_size(&write, SIZE);
        Some(Pipe { read, write, held: 0 })
    }

    /// Keeps an empty pipe for the next copy. One that still holds something is closed, and that is lost.
    ///
    /// Go: `poll.putPipe`
    #[doc(alias = "putPipe")]
    pub(crate) fn give_back(self) {
        let mut pool = lock(&POOL);
        if self.held == 0 && pool.len() < KEPT {
            pool.push(self);
        } else {
            drop(pool);
            drop(self);
        }
    }

    /// How many bytes are in it.
    pub(crate) fn holds(&self) -> usize {
        self.held
    }

    /// Socket → pipe: 0 at the end of the stream, nothing if the kernel cannot splice from this socket. The pipe is empty,
    /// so that whatever would block is the socket.
    ///
    /// Go: `poll.spliceDrain`
    #[doc(alias = "spliceDrain")]
    pub(crate) fn fill(&mut self, socket: BorrowedFd<'_>, most: usize) -> Attempt<Option<usize>> {
        debug_assert!(self.held == 0, "a pipe is filled when it is empty");
        let call =
            || match splice(socket, None, &self.write, None, most, SpliceFlags::NONBLOCK | SpliceFlags::MOVE)
            {
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(None),
                other => other.map(Some),
            };
        let filled = attempt("splice", call)?;
        self.held = filled.unwrap_or(0);
        Ok(filled)
    }

    /// Pipe → socket: how much it took.
    ///
    /// Go: `poll.splicePump`
    #[doc(alias = "splicePump")]
    pub(crate) fn drain(&mut self, socket: BorrowedFd<'_>) -> Attempt<usize> {
        let held = self.held;
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let drained = attempt("splice", || splice(&self.read, None, socket, None, held, flags))?;
        self.held -= drained;
        Ok(drained)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// Go: `poll.TestSplicePipePool`
    #[test]
    fn splice_pipe_pool() {
        let pipes: Vec<_> = (0..2 * KEPT).map(|_| Pipe::take().expect("descriptors")).collect();
        pipes.into_iter().for_each(Pipe::give_back);
        assert!(lock(&POOL).len() <= KEPT, "the pool has a bound");
        // What comes out of it is empty, also if one that is not was given to it.
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        theirs.write_all(b"left behind").expect("written");
        let mut full = Pipe::take().expect("descriptors");
        assert!(matches!(full.fill(ours.as_fd(), 4), Ok(Some(4))));
        full.give_back();
        while let Some(pipe) = lock(&POOL).pop() {
            assert_eq!(pipe.holds(), 0);
        }
    }
}
