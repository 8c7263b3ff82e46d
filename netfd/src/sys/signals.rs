//! Keeping signals from the threads that a program did not make.

/// Runs `start` with every signal blocked on this thread. A thread that it starts inherits that: signals are for threads
/// that the program made.
pub(crate) fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is ours and `sigfillset` only writes it.
    let filled = unsafe { libc::sigfillset(all.as_mut_ptr()) };
    let mut old = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let blocked = filled == 0 && {
        // SAFETY: the set was filled just now, and the old mask is written to a set of ours.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr()) == 0 }
    };
    // SAFETY: the call above has succeeded, and so has written the old mask.
    let _restore = blocked.then(|| Mask(unsafe { old.assume_init() }));
    start()
}

/// A thread's signal mask, put back when this is dropped.
struct Mask(libc::sigset_t);

impl Drop for Mask {
    fn drop(&mut self) {
        // SAFETY: the mask is one that this thread had, and the null pointer asks for no copy of the present one.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}
