//! Each address's share of the time.

use std::time::{Duration, Instant};

use netfd::Error;

/// An address that is tried gets at least so much, unless less is left.
const SANE_MINIMUM: Duration = Duration::from_secs(2);

/// Until when the first of `addresses` may be tried, so that all of them get a share of what is left.
///
/// Go: `net.partialDeadline`
#[doc(alias = "net.partialDeadline")]
pub(super) fn partial_deadline(
    now: Instant,
    deadline: Option<Instant>,
    addresses: u32,
) -> Result<Option<Instant>, Error> {
    let Some(deadline) = deadline else { return Ok(None) };
    let left = deadline.saturating_duration_since(now);
    if left.is_zero() {
        return Err(Error::DeadlineExceeded);
    }
    let share = (left / addresses.max(1)).max(SANE_MINIMUM).min(left);
    Ok(Some(now + share))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go: `net.TestDialerPartialDeadline`
    #[test]
    fn dialer_partial_deadline() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let cases = [
            // Equal shares.
            (after(12), 1, after(12)),
            (after(12), 2, after(6)),
            (after(12), 3, after(4)),
            // No less than two seconds, while there are so many.
            (after(12), 999, after(2)),
            (after(2), 999, after(2)),
            (after(1), 999, after(1)),
        ];
        for (deadline, addresses, share) in cases {
            assert_eq!(partial_deadline(now, Some(deadline), addresses), Ok(Some(share)));
        }
        assert_eq!(partial_deadline(now, None, 1), Ok(None));
        for past in [now, now - Duration::from_secs(1)] {
            assert_eq!(partial_deadline(now, Some(past), 1), Err(Error::DeadlineExceeded));
        }
    }
}
