//! [`Contained`]: a value of somebody else's whose destructor may panic.

use crate::survive;

/// Keeps a panic of the value's destructor to itself, and reports it under the target `foreign`.
#[derive(Debug)]
pub struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    /// A value that is dropped with care.
    pub fn new(value: T) -> Contained<T> {
        Contained(Some(value))
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> &T {
        self.0.as_ref().expect("the value is there until it is dropped")
    }

    /// The value, to be dropped by the caller.
    #[inline]
    pub fn into_inner(mut self) -> T {
        self.0.take().expect("the value is there until it is dropped")
    }
}

impl<T> Drop for Contained<T> {
    #[inline]
    fn drop(&mut self) {
        let value = self.0.take();
        if !survive(|| drop(value)) {
            crate::event!("foreign", ERROR, "a destructor panicked");
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::Cell;

    use super::Contained;

    struct Counts<'a>(&'a Cell<u32>);

    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            panic!("dropped");
        }
    }

    #[test]
    fn it_is_dropped_once_whatever_its_destructor_does() {
        let drops = Cell::new(0);
        drop(Contained::new(Counts(&drops)));
        assert_eq!(drops.get(), 1);
        let taken = Contained::new(Counts(&drops)).into_inner();
        assert_eq!(drops.get(), 1);
        std::mem::forget(taken);
    }
}
