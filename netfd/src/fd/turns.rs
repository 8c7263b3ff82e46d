//! Giving way: a task whose operations never have to wait lets others run once in a while.
//!
//! Go: `runtime.preemptone`
//!
//! Differs: Go's monitor interrupts a goroutine that has run for 10 ms. A future cannot be interrupted; but a task that
//! runs for long mostly does so because its sockets always have something for it, or always take what it has, and there it can be
//! stopped. So of many operations that did what they should without a wait, one is put off: its task is woken at once, and
//! runs again after those that are ready. This works on any executor.
//!
//! Each thread counts for itself, whichever sockets and directions its operations are of. The count starts anew when an operation
//! goes on that an event has woken, or that has given way: its task was away. Parking alone does not restart it, for a `select` parks
//! its losing branch each time and never leaves. Nor does being asked to give way, for one that is dropped instead, as `select` and
//! `now_or_never` do, does not leave either. So several in a row are asked: of a loop that goes on all the same, each operation.

use std::cell::Cell;

use crate::sync::per_thread;

/// After so many operations that did not wait the next ones give way.
const TURN: u8 = 128;

/// So many in a row, unless one that has given way goes on. Of those that are only tried and dropped, one in seventeen fails so.
const ASKED: u8 = 8;

per_thread! {
    /// How many operations are left of this turn, the last of which are asked to give way.
    static LEFT: Cell<u8> = Cell::new(TURN + ASKED);
}

/// An operation is about to try that has not waited: true if it should give way instead.
///
/// Go: `runtime.preemptone`
#[doc(alias = "preemptone")]
#[inline]
pub(super) fn is_over() -> bool {
    LEFT.with(|left| {
        let now = left.get();
        left.set(now - 1);
        now <= ASKED && ask(left)
    })
}

#[cold]
fn ask(left: &Cell<u8>) -> bool {
    if left.get() == 0 {
        left.set(TURN + ASKED);
    }
    true
}

/// An operation goes on that has waited, or given way: the next ones have a turn of their own.
#[inline]
pub(super) fn begin_anew() {
    LEFT.with(|left| left.set(TURN + ASKED));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{ASKED, TURN, begin_anew, is_over};

    #[test]
    fn of_many_operations_that_do_not_wait_one_gives_way() {
        for _ in 0..3 {
            begin_anew();
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
    fn if_nobody_gives_way_each_of_a_loops_operations_is_asked_in_one_go_and_most_go() {
        for period in 1..=ASKED {
            begin_anew();
            for _ in 0..10 {
                assert!((0..TURN).all(|_| !is_over()), "of {period} in a loop");
                let asked: std::collections::BTreeSet<_> =
                    (0..ASKED).filter(|_| is_over()).map(|operation| operation % period).collect();
                assert_eq!(asked.len(), usize::from(period));
            }
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
