//! How long a poll may wait. Go writes it as a signed count of nanoseconds; here the three cases have names.
//!
//! | Go's `delay` | here                |
//! | ------------ | ------------------- |
//! | `< 0`        | [`Delay::Block`]    |
//! | `0`          | [`Delay::Now`]      |
//! | `> 0`        | [`Delay::UpTo`]     |

use std::time::Duration;

/// How long [`Poller::poll`](crate::Poller::poll) may wait for the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Until an event or a break.
    Block,
    /// Not at all: take what is ready. Such a poll leaves a pending break for one that waits.
    Now,
    /// Until an event, a break, or the end of this time. A time of zero is [`Delay::Now`].
    ///
    /// The resolution is the nanosecond where the kernel has it; otherwise the time is rounded up, never down. A time
    /// longer than the kernel can express becomes the longest that it can.
    UpTo(Duration),
}

impl Delay {
    /// The same delay with only one spelling for "not at all", so that backends test for one case.
    pub(crate) fn normalized(self) -> Delay {
        match self {
            Delay::UpTo(Duration::ZERO) => Delay::Now,
            other => other,
        }
    }
}
