//! The futures of a read and of a write.
//!
//! Both are inlined into the task that waits for them, with all that they call: so an echo costs 60 instructions fewer. What
//! is rare stands in functions of its own, and takes the error right where it arises: where it goes on past that, it does so
//! through memory.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use foreign::event;
use netfd::{Error, OpError};

use super::Conn;

/// [`Conn::read`].
pub(super) struct Read<'a, F> {
    pub(super) conn: &'a Conn,
    pub(super) read: F,
}

impl<F: Future<Output = Result<usize, Error>> + Unpin> Future for Read<'_, F> {
    type Output = Result<usize, OpError>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.read).poll(cx)) {
            Ok(length) => {
                if foreign::is_on() {
                    self.conn.tell_of_read(Ok(length));
                }
                Ok(length)
            }
            Err(error) => Err(self.conn.fail_read(error)),
        })
    }
}

/// [`Conn::write`].
pub(super) struct Write<'a, F> {
    pub(super) conn: &'a Conn,
    pub(super) write: F,
}

impl<F: Future<Output = (usize, Result<(), Error>)> + Unpin> Future for Write<'_, F> {
    type Output = Result<usize, OpError>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.write).poll(cx)) {
            (written, Ok(())) => {
                if foreign::is_on() {
                    self.conn.tell_of_write(written, Ok(()));
                }
                Ok(written)
            }
            (written, Err(error)) => Err(self.conn.fail_write(written, error)),
        })
    }
}

impl Conn {
    #[cold]
    fn tell_of_read(&self, read: Result<usize, &Error>) {
        event!("conn", TRACE, remote = self.remote(), ?read, "read");
    }

    #[cold]
    fn fail_read(&self, cause: Error) -> OpError {
        self.tell_of_read(Err(&cause));
        self.0.op_error("read", cause)
    }

    #[cold]
    fn tell_of_write(&self, written: usize, all: Result<(), &Error>) {
        event!("conn", TRACE, remote = self.remote(), written, ?all, "write");
    }

    #[cold]
    fn fail_write(&self, written: usize, cause: Error) -> OpError {
        self.tell_of_write(written, Err(&cause));
        self.0.op_error("write", cause).with_written(written)
    }
}
