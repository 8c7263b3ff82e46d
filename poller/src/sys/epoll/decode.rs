//! From the kernel's bits to an event.
//!
//! | bit          | reads | writes | fact            |
//! | ------------ | ----- | ------ | --------------- |
//! | `EPOLLIN`    | yes   |        |                 |
//! | `EPOLLOUT`   |       | yes    |                 |
//! | `EPOLLPRI`   | yes   |        | `URGENT`        |
//! | `EPOLLRDHUP` | yes   |        | `PEER_SHUTDOWN` |
//! | `EPOLLHUP`   | yes   | yes    | `HANG_UP`       |
//! | `EPOLLERR`   | yes   | yes    | `ERROR`, and `ERROR_ALONE` if it is the only bit |
//!
//! The counterpart in Go is the second half of `netpoll`.

use crate::{Event, Facts, Mode, Token};
use libc::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP};

const READS: u32 = (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR) as u32;
const WRITES: u32 = (EPOLLOUT | EPOLLHUP | EPOLLERR) as u32;

/// The bits that state a fact.
const STATED_BITS: u32 = (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI) as u32;

/// The facts that the kernel states by a bit of their own.
const STATED: [(u32, Facts); 4] = [
    (EPOLLRDHUP as u32, Facts::PEER_SHUTDOWN),
    (EPOLLHUP as u32, Facts::HANG_UP),
    (EPOLLERR as u32, Facts::ERROR),
    (EPOLLPRI as u32, Facts::URGENT),
];

/// Whether `bits` concern a direction.
#[inline]
pub(super) fn concerns_anyone(bits: u32) -> bool {
    bits & (READS | WRITES) != 0
}

/// The event that `bits` stand for, which [concern](concerns_anyone) a direction.
///
/// Go: `runtime.netpoll`
///
/// Differs: urgent data counts as something to read, where Go does not ask for it.
#[doc(alias = "netpoll")]
#[inline]
pub(super) fn event(bits: u32, token: Token) -> Event {
    let mode = match (bits & READS != 0, bits & WRITES != 0) {
        (true, true) => Mode::Both,
        (true, false) => Mode::Read,
        (false, _) => Mode::Write,
    };
    Event { token, mode, facts: facts(bits), completion: None }
}

#[inline]
fn facts(bits: u32) -> Facts {
    // Nearly every event: nothing but readiness.
    if bits & STATED_BITS == 0 {
        return Facts::EMPTY;
    }
    let alone = if bits == EPOLLERR as u32 { Facts::ERROR_ALONE } else { Facts::EMPTY };
    STATED.iter().filter(|(bit, _)| bits & bit != 0).fold(alone, |all, (_, fact)| all | *fact)
}

#[cfg(test)]
mod tests {
    use super::{concerns_anyone, event, facts};
    use crate::{Facts, Mode, Token};
    use libc::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP};

    fn mode(bits: i32) -> Option<Mode> {
        let bits = bits as u32;
        concerns_anyone(bits).then(|| event(bits, Token::new(1, 1)).mode)
    }

    #[test]
    fn each_bit_goes_to_the_directions_that_it_concerns() {
        assert_eq!(mode(EPOLLIN), Some(Mode::Read));
        assert_eq!(mode(EPOLLPRI), Some(Mode::Read));
        assert_eq!(mode(EPOLLRDHUP), Some(Mode::Read));
        assert_eq!(mode(EPOLLOUT), Some(Mode::Write));
        assert_eq!(mode(EPOLLHUP), Some(Mode::Both));
        assert_eq!(mode(EPOLLERR), Some(Mode::Both));
        assert_eq!(mode(EPOLLOUT | EPOLLPRI), Some(Mode::Both));
    }

    #[test]
    fn bits_that_concern_no_direction_are_no_event() {
        assert_eq!(mode(0), None);
        assert_eq!(mode(libc::EPOLLMSG), None);
    }

    #[test]
    fn an_error_is_alone_only_without_any_other_bit() {
        assert_eq!(facts(EPOLLERR as u32), Facts::ERROR_ALONE | Facts::ERROR);
        for other in [EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, EPOLLHUP] {
            assert!(!facts((EPOLLERR | other) as u32).contains(Facts::ERROR_ALONE));
        }
        assert_eq!(facts(EPOLLOUT as u32), Facts::EMPTY);
    }
}
