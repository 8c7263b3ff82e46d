//! Two families against each other, and a future against time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use netfd::{Addr, NetFd, Netpoll, Timer};

use super::Attempt;
use super::one::Failure;

impl Attempt {
    /// Connects to the first of `targets` that can be reached. If they are of both families, those of the first one's
    /// get a start of `delay`.
    ///
    /// Go: `net.sysDialer.dialParallel`, `net.addrList.partition`
    #[doc(alias = "dialParallel")]
    #[doc(alias = "net.addrList.partition")]
    pub(super) async fn race(&self, targets: Vec<Addr>, delay: Option<Duration>) -> Result<NetFd, Failure> {
        let Some(delay) = delay else {
            return self.one_after_the_other(&targets).await;
        };
        let is_ipv4 = |target: &Addr| target.ip().is_some_and(|ip| ip.to_canonical().is_ipv4());
        let of_the_first = targets.first().map(is_ipv4);
        let (primaries, fallbacks): (Vec<_>, Vec<_>) =
            targets.into_iter().partition(|target| Some(is_ipv4(target)) == of_the_first);
        if fallbacks.is_empty() {
            return self.one_after_the_other(&primaries).await;
        }
        let mut primary = pin!(self.one_after_the_other(&primaries));
        let mut fallback = pin!(self.one_after_the_other(&fallbacks));
        let mut head_start = pin!(Timer::after(&self.netpoll, delay));
        // The primaries' failure is the one to tell; the fallbacks' only says that they are through.
        let (mut failure, mut started, mut through) = (None, false, false);
        // Whoever loses is dropped with this future, and its socket with it.
        poll_fn(|cx| {
            if failure.is_none()
                && let Poll::Ready(ended) = primary.as_mut().poll(cx)
            {
                match ended {
                    Ok(fd) => return Poll::Ready(Ok(fd)),
                    Err(cause) => failure = Some(cause),
                }
            }
            started = started || failure.is_some() || head_start.as_mut().poll(cx).is_ready();
            if started
                && !through
                && let Poll::Ready(ended) = fallback.as_mut().poll(cx)
            {
                match ended {
                    Ok(fd) => return Poll::Ready(Ok(fd)),
                    Err(_) => through = true,
                }
            }
            match failure.take_if(|_| through) {
                Some(failure) => Poll::Ready(Err(failure)),
                None => Poll::Pending,
            }
        })
        .await
    }
}

/// What `future` yields, unless `deadline` comes first.
pub(super) async fn until<T>(
    netpoll: &Netpoll,
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let Some(deadline) = deadline else { return Some(future.await) };
    let mut future = pin!(future);
    let mut late = pin!(Timer::at(netpoll, deadline));
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        late.as_mut().poll(cx).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests;
