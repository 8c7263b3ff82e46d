//! Waiting for something else while a descriptor stays open: its close ends the wait.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::Fd;
use crate::Error;
use crate::fd_mutex::{FdMutex, Ticket};

impl Fd {
    /// Waits for `other`, unless this descriptor is closed before: what is to be written here may have to come from elsewhere.
    ///
    /// As cancel-safe as `other`, which is dropped if the descriptor is closed.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn while_open<T>(&self, other: impl Future<Output = T>) -> Result<T, Error> {
        let mut other = pin!(other);
        let mut watch = Watch { mutex: &self.0.mutex, ticket: None };
        poll_fn(|cx| {
            // Before anything is taken out of where it comes from.
            if watch.mutex.is_closed() {
                return Poll::Ready(Err(Error::Closed));
            }
            match other.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending => watch.mutex.poll_closed(&mut watch.ticket, cx).map(|()| Err(Error::Closed)),
            }
        })
        .await
    }
}

/// A place among those who are told of the end. Dropped, it is given up.
struct Watch<'a> {
    mutex: &'a FdMutex,
    ticket: Option<Ticket>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.mutex.unwatch(ticket);
        }
    }
}
