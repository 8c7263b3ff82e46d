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
//! begins the count anew, or one that has given way and goes on: its task was away. To have parked is not enough, for a task that tries
//! one thing beside another parks the one each time and never leaves. Nor is it enough to have been asked to give way, for one that
//! is tried once and dropped does not: then one of the next few is asked, and not always the same of those in a loop.

use std::cell::Cell;

use crate::sync::per_thread;

/// After so many operations that did not wait the next one gives way.
const TURN: u8 = 128;

/// If nobody has given way by then, another is asked before so many have gone.
const SOON: u8 = 4;

per_thread! {
    /// How many operations in a row may still go without a wait.
    static LEFT: Cell<u8> = Cell::new(TURN);
}

per_thread! {
    /// How many were asked to give way.
    static ASKED: Cell<u8> = Cell::new(0);
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
            left.set(ask() % SOON);
            true
        }
    })
}

#[cold]
fn ask() -> u8 {
    ASKED.with(|asked| {
        asked.set(asked.get().wrapping_add(1));
        asked.get()
    })
}

/// An operation goes on that has waited, or given way: the next ones have a turn of their own.
#[inline]
pub(super) fn begin_anew() {
    LEFT.with(|left| left.set(TURN));
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{TURN, begin_anew, is_over};

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
    fn if_who_was_asked_does_not_give_way_one_of_each_loops_operations_is_asked_in_its_turn() {
        for period in 1..=4 {
            begin_anew();
            let mut asked = vec![0; period];
            for operation in 0..1000 {
                asked[operation % period] += u32::from(is_over());
            }
            assert!(asked.iter().all(|times| *times > 20), "{period}: {asked:?}");
            assert!(asked.iter().sum::<u32>() < 500, "most go: {period}: {asked:?}");
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
