//! Keeps the processor from predicting returns into the kernel after a system call.
//!
//! A processor predicts where a function returns to by a stack of its own, the return stack, on which each call puts a place
//! and from which each return takes one. A kernel that guards AMD's Zen 1 to Zen 4 against speculative return stack
//! overflow in the way called Safe RET leaves more on it than it found. So the functions that a system call was made in
//! are predicted to return into the kernel:
//!
//! ```text
//!    before the call        after it                after `after`
//!   ┌───────────────┐      ┌───────────────┐       ┌───────────────┐
//!   │ the read      │      │ kernel        │       │ here          │ ◄── the next return: wrong, and cheap
//!   │ the task      │      │ kernel        │       │ here     × 16 │
//!   │ the worker    │      │ kernel        │       │ …             │
//!   └───────────────┘      │ …             │       │ kernel        │
//!                          └───────────────┘       └───────────────┘
//!                            ▲ the next return: wrong, and dear
//! ```
//!
//! Wrong it is either way, for what was on the stack before is lost. But a return that is predicted into the kernel costs more
//! than its own misprediction: the system calls after it are slower, everywhere within the kernel. Why, we do not know.
//! On a Zen 4 that takes 1,125 ns to send 64 bytes through a pair of Unix sockets and to receive them, it took 1,510 once that
//! was done in a function that returned, within five others, and 1,170 in such a function with [`after`]. Older generations were
//! not measured. `docs/performance.md` says what else was, and how; the like of this there is of another run.
//!
//! ```
//! use return_stack::{after, look};
//!
//! // A call that is made right here, as `rustix` makes them. The C library makes it in a function of its own, which
//! // returns before anybody can help.
//! fn parent() -> Option<rustix::process::Pid> {
//!     after(rustix::process::getppid)
//! }
//! look();
//! assert!(parent().is_some());
//! ```
//!
//! Where the kernel does not say that it returns in this way, [`after`] is the call, a load and a branch; on other architectures the
//! call and nothing else.
//!
//! Source: [Speculative Return Stack Overflow](https://docs.kernel.org/admin-guide/hw-vuln/srso.html) in Linux's
//! documentation tells what Safe RET is. Go has no counterpart.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod kernel;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod x86_64;

/// Looks how this kernel returns; before that, [`after`] does nothing but the call. It reads a file of the kernel's, which
/// takes some ten microseconds; where that is out of reach nothing changes.
pub fn look() {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    kernel::look();
}

/// Makes a system call, and fills the return stack with places that are not the kernel's, if this kernel needs it.
///
/// It is for calls that are inlined into `call`. It costs 19 instructions where it is needed, and a load and a branch
/// elsewhere.
#[inline(always)]
pub fn after<T>(call: impl FnOnce() -> T) -> T {
    let result = call();
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    if kernel::leaves_places() {
        x86_64::refill();
    }
    result
}
