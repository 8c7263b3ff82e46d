//! Giving up on what takes too long.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::sleep;

/// Waits for `future`, and no longer than `duration` from the first poll: then it is dropped. It is polled at least once, and what
/// it has by the time that both are due counts.
///
/// A connection's own deadlines cost less, and end what waits without dropping it.
///
/// As cancel-safe as `future`, which is what happens to it when the time has passed.
///
/// ```
/// use std::time::Duration;
///
/// let late = runtime::block_on(async {
///     runtime::timeout(Duration::from_millis(1), std::future::pending::<()>()).await
/// });
/// assert_eq!(late.unwrap_err().to_string(), "timed out after 1ms");
/// ```
///
/// # Errors
/// [`Elapsed`] once the time has passed.
///
/// # Panics
/// As [`sleep`], if `future` is not ready at once.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let (begun, mut future, mut limit) = (Instant::now(), pin!(future), None);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => {
            // Most futures are ready before they need one.
            let limit = limit.get_or_insert_with(|| sleep(duration.saturating_sub(begun.elapsed())));
            Pin::new(limit).poll(cx).map(|()| Err(Elapsed(duration)))
        }
    })
    .await
}

/// What was waited for took longer than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timed out after {:?}", self.0)
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}
