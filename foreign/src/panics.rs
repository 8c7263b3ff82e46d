//! Where a panic of somebody else's code ends.

use std::any::Any;

/// Runs somebody else's code so that its panic ends there; true if it did not panic.
///
/// The panic's message has been printed by the hook by then.
#[inline]
pub fn survive(theirs: impl FnOnce()) -> bool {
    // What it panicked with is never dropped: its destructor could panic again.
    catch(theirs).map_err(std::mem::forget).is_ok()
}

/// Runs somebody else's code.
///
/// # Errors
/// What it panicked with, whose destructor is somebody else's code, too.
#[cfg(not(loom))]
#[inline]
pub fn catch<T>(theirs: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(theirs))
}

/// Runs somebody else's code. In a model a panic is a finding, and must reach loom.
///
/// # Errors
/// None in a model.
#[cfg(loom)]
pub fn catch<T>(theirs: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    Ok(theirs())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{catch, survive};

    /// Panics when it is dropped, and not only once.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn a_panic_ends_there_though_what_it_throws_panics_when_it_is_dropped() {
        assert!(survive(|| ()));
        assert!(!survive(|| panic!("a text")));
        assert!(!survive(|| std::panic::panic_any(Bomb)));
    }

    #[test]
    fn what_it_panicked_with_can_be_had() {
        assert_eq!(catch(|| 7).ok(), Some(7));
        let thrown = catch(|| std::panic::panic_any(7)).expect_err("it panicked");
        assert_eq!(thrown.downcast_ref(), Some(&7));
    }
}
