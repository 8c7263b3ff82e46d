//! A value whose access is granted by a state word beside it: the unsafe code that is not a system call's.
//!
//! Two values need this. A direction's **waker** is the one waiter's while nobody is parked in its [park word] and nobody
//! takes, and belongs to whoever moved the word into `taking`; a descriptor's **socket** may be borrowed by whoever holds a
//! reference of the [fdMutex], and is taken out by the one whose release of the last reference found the mutex closed.
//! Both words hand the right on with a release and take it with an acquire, which is all that a cell needs.
//!
//! In a model the cell is loom's, which fails the model on any access that the words did not order. So models have a third one, with
//! nothing in it: what only the holder of the driver role may do touches it.
//!
//! [park word]: crate::netpoll::park_word
//! [fdMutex]: crate::fd_mutex

#[cfg(not(loom))]
use std::cell::UnsafeCell;

#[cfg(loom)]
use loom::cell::UnsafeCell;

/// A value that is shared or exclusive as a state word beside it says.
pub(crate) struct GuardedCell<T>(UnsafeCell<T>);

// SAFETY: the cell hands out `&T` and `&mut T` only through the unsafe methods below, whose callers promise that the word
// beside the cell orders every access. `&T` may be on several threads at once, hence `Sync`; `&mut T` moves values
// between threads, hence `Send`.
unsafe impl<T: Send + Sync> Sync for GuardedCell<T> {}

impl<T> GuardedCell<T> {
    /// Puts `value` under the guard of a word.
    pub(crate) fn new(value: T) -> GuardedCell<T> {
        GuardedCell(UnsafeCell::new(value))
    }

    /// Lets `visit` see the value.
    ///
    /// # Safety
    /// Until `visit` returns, the word beside the cell must keep everyone out of [`GuardedCell::with_mut`].
    pub(crate) unsafe fn with<R>(&self, visit: impl FnOnce(&T) -> R) -> R {
        #[cfg(not(loom))]
        {
            // SAFETY: the caller keeps writers out for as long as this borrow lives.
            visit(unsafe { &*self.0.get() })
        }
        #[cfg(loom)]
        {
            // SAFETY: the caller keeps writers out for as long as this borrow lives; loom checks that it did.
            self.0.with(|value| visit(unsafe { &*value }))
        }
    }

    /// The value, for as long as the word allows it to be seen.
    ///
    /// # Safety
    /// For as long as the borrow is used, the word beside the cell must keep everyone out of [`GuardedCell::with_mut`].
    #[cfg(not(loom))]
    pub(crate) unsafe fn lasting(&self) -> &T {
        // SAFETY: the caller keeps writers out for as long as this borrow is used.
        unsafe { &*self.0.get() }
    }

    /// Lets `visit` change the value.
    ///
    /// # Safety
    /// Until `visit` returns, the word beside the cell must keep everyone else out of both methods.
    pub(crate) unsafe fn with_mut<R>(&self, visit: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(not(loom))]
        {
            // SAFETY: the caller keeps everyone else out for as long as this borrow lives.
            visit(unsafe { &mut *self.0.get() })
        }
        #[cfg(loom)]
        {
            // SAFETY: the caller keeps everyone else out for as long as this borrow lives; loom checks that it did.
            self.0.with_mut(|value| visit(unsafe { &mut *value }))
        }
    }
}

/// Of a cell with nothing in it.
#[cfg(loom)]
impl GuardedCell<()> {
    /// Fails the model unless the word beside the cell has kept everyone else out since the last call.
    pub(crate) fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}
