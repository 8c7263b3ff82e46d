//! Giving way: a task whose operations never have to wait lets others run once in a while.
//!
//! Go: `runtime.preemptone`
//!
//! Differs: Go's monitor interrupts a goroutine that has run for 10 ms. A future cannot be interrupted; but a task that
//! runs for long mostly does so because its sockets always have something for it, or always take what it has, and there it can be
//! stopped. So of many operations that did what they should without a wait, one is put off: its task is woken at once, and
//! runs again after those that are ready. This works on any executor.
//!
//! Each thread counts for itself, whichever sockets and directions its operations are of. An operation that an event has woken
//! begins the count anew: its task was away. To have parked is not enough, for a task that tries one thing beside
//! another parks the one each time and never leaves.

use std::cell::Cell;

use crate::sync::per_thread;

/// After so many operations that did not wait the next one gives way.
const TURN: u8 = 128;

per_thread! {
    /// How many operations in a row may still go without a wait.
    static LEFT: Cell<u8> = Cell::new(TURN);
}

/// An operation is about to try that has not waited: true if it should give way instead.
///
/// Go: `runtime.preemptone`
#[doc(alias = "preemptone")]
#[inline]
pub(super) fn is_over() -> bool {
    LEFT.with(|left| match left.get().checked_sub(1) {
        Some(fewer) => {
            left.set(fewer);
            false
        }
        None => {
            left.set(TURN);
            true
        }
    })
}

/// An operation goes on that has waited: the next ones have a turn of their own.
#[inline]
pub(super) fn begin_anew() {
    LEFT.with(|left| left.set(TURN));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{TURN, begin_anew, is_over};

    #[test]
    fn of_many_operations_that_do_not_wait_one_gives_way() {
        begin_anew();
        for _ in 0..3 {
            assert!((0..TURN).all(|_| !is_over()));
            assert!(is_over());
        }
    }

    #[test]
    fn an_operation_that_has_waited_begins_a_turn() {
        for _ in 0..3 {
            begin_anew();
            assert!((0..TURN).all(|_| !is_over()));
        }
    }

    #[test]
    fn each_thread_counts_for_itself() {
        begin_anew();
        assert!((0..TURN).all(|_| !is_over()));
        std::thread::spawn(|| assert!(!is_over())).join().unwrap();
        assert!(is_over());
    }
}
