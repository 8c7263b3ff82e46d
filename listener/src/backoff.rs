//! What a server does that has no descriptor left for the next connection: it rests, instead of spinning or dying.

use std::time::Duration;

use netfd::OpError;

const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);

/// What the system is short of for now: memory, buffers, places for watched descriptors (`fs.epoll.max_user_watches`, which all
/// processes of a user share).
const SHORTAGES: [i32; 3] = [libc::ENOMEM, libc::ENOBUFS, libc::ENOSPC];

/// The pauses of a server whose accepts fail for now: 5 ms, doubled each time, up to 1 s, as in Go's `http.Server`.
///
/// Differs: a Go program has raised its soft limit of open files to the hard one by then. Here that is left to the program, which
/// may have no more than 1,024 otherwise.
///
/// [`Listener::incoming`](crate::Listener::incoming) has one built in. In a loop of one's own:
///
/// ```
/// # async fn serve(listener: listener::Listener, netpoll: listener::Netpoll) -> Result<(), listener::OpError> {
/// let mut backoff = listener::Backoff::new();
/// loop {
///     match listener.accept().await {
///         Ok(conn) => {
///             backoff.reset();
///             // Serve it.
/// #           drop(conn);
///         }
///         Err(error) => match backoff.after(&error) {
///             Some(pause) => runtime::sleep(pause).await,
///             None => return Err(error),
///         },
///     }
/// }
/// # }
/// # mod runtime { pub async fn sleep(_: std::time::Duration) {} }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    last: Duration,
}

impl Backoff {
    /// No failure yet.
    #[must_use]
    pub fn new() -> Backoff {
        Backoff::default()
    }

    /// How long to wait after `error` before the next accept; `None` if it will not help: the listener is closed, its
    /// deadline has passed, or the kernel's reason is not a temporary one.
    ///
    /// Differs: where the system has no memory, no buffers or no room in its pollers, a server rests as well, though Go calls
    /// none of these temporary.
    pub fn after(&mut self, error: &OpError) -> Option<Duration> {
        let lacks = error.raw_os_error().is_some_and(|code| SHORTAGES.contains(&code));
        if !lacks && (!error.is_temporary() || error.is_timeout()) {
            return None;
        }
        self.last = (self.last * 2).clamp(FIRST, LONGEST);
        Some(self.last)
    }

    /// An accept succeeded: the next pause is the shortest again.
    pub fn reset(&mut self) {
        self.last = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use netfd::Error;

    use super::*;

    fn error(cause: Error) -> OpError {
        OpError::new("accept", "tcp", cause)
    }

    #[test]
    fn pauses_double_up_to_a_second_and_begin_anew_after_a_success() {
        let full = error(Error::os("accept4", 24));
        let mut backoff = Backoff::new();
        let pauses: Vec<_> =
            (0..10).filter_map(|_| backoff.after(&full)).map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.after(&full), Some(FIRST));
    }

    #[test]
    fn a_shortage_of_the_whole_system_is_waited_for() {
        for (call, code) in [("accept4", 12), ("accept4", 105), ("epoll_ctl", 28)] {
            assert_eq!(Backoff::new().after(&error(Error::os(call, code))), Some(FIRST), "{call} {code}");
        }
    }

    #[test]
    fn what_waiting_does_not_help_is_not_waited_for() {
        let mut backoff = Backoff::new();
        for cause in [Error::Closed, Error::DeadlineExceeded, Error::os("accept4", 22)] {
            assert_eq!(backoff.after(&error(cause)), None);
        }
    }
}
