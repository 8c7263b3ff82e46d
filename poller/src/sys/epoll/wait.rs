//! The wait itself: how a delay is put to the kernel.
//!
//! | delay   | call                                                                             |
//! | ------- | -------------------------------------------------------------------------------- |
//! | `Block` | `epoll_pwait(-1)`                                                                |
//! | `Now`   | `epoll_pwait(0)`                                                                 |
//! | `UpTo`  | `epoll_pwait2`, to the nanosecond; on a kernel without it `epoll_pwait`, rounded up |
//!
//! `epoll_pwait2` came with Linux 5.11. Before, and under filters for system calls that have never heard of it, it
//! fails; the poller remembers that and doesn't ask again.
//!
//! Both are called by their numbers: a C library may lack the newer one, and `rustix` may be built to make that alone. On x86-64
//! they are made right here, with the instruction itself: a function of the C library's would have returned before
//! [`return_stack::after`] can help.

use super::Raw;
use crate::{
    Delay,
    sync::{AtomicBool, Ordering},
};
#[cfg(target_arch = "x86_64")]
use return_stack::after;
use std::{
    ffi::{c_int, c_long},
    io,
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
    time::Duration,
};

/// A time as the kernel's newer calls take it, 64 bits wide on every architecture.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KernelTime {
    seconds: i64,
    nanoseconds: i64,
}

impl KernelTime {
    /// Exact, but that more seconds than the kernel can count become the most that it can.
    fn saturating(time: Duration) -> KernelTime {
        KernelTime {
            seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: time.subsec_nanos().into(),
        }
    }
}

/// Whole milliseconds, rounded up so that the wait is never too short; more than the kernel can count (24 days)
/// become the most that it can.
///
/// Differs: Go rounds down from one millisecond on.
fn milliseconds_up(time: Duration) -> c_int {
    c_int::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
}

/// Waits, in the finest way that this kernel has.
#[derive(Debug)]
pub(super) struct Waiter {
    /// Whether `epoll_pwait2` is worth trying. Relaxed: it only ever goes from true to false, says nothing about
    /// other memory, and a thread that sees it late makes one call too many.
    nanoseconds: AtomicBool,
}

impl Waiter {
    pub(super) fn new() -> Waiter {
        Waiter { nanoseconds: AtomicBool::new(true) }
    }

    /// Whether it still holds the kernel able to wait in nanoseconds.
    #[cfg(test)]
    pub(super) fn asks_for_nanoseconds(&self) -> bool {
        self.nanoseconds.load(Ordering::Relaxed)
    }

    /// Fills `raw` with what is ready on `epoll`, waiting for as long as `delay` says.
    pub(super) fn wait(&self, epoll: BorrowedFd<'_>, raw: &mut Raw, delay: Delay) -> io::Result<()> {
        match delay {
            Delay::Block => wait_milliseconds(epoll, raw, -1),
            Delay::Now => wait_milliseconds(epoll, raw, 0),
            Delay::UpTo(time) => self.wait_up_to(epoll, raw, time),
        }
    }

    /// A function of its own, so that nobody who waits without a limit divides its time by milliseconds.
    #[inline(never)]
    fn wait_up_to(&self, epoll: BorrowedFd<'_>, raw: &mut Raw, time: Duration) -> io::Result<()> {
        if self.nanoseconds.load(Ordering::Relaxed) {
            match wait_nanoseconds(epoll, raw, KernelTime::saturating(time)) {
                Err(error) if is_missing_call(&error) => self.nanoseconds.store(false, Ordering::Relaxed),
                waited => return waited,
            }
        }
        wait_milliseconds(epoll, raw, milliseconds_up(time))
    }
}

/// Whether a system call failed for not being there. Filters answer EPERM for calls that they don't know, which
/// `epoll_pwait2` itself never does.
fn is_missing_call(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
}

fn wait_nanoseconds(epoll: BorrowedFd<'_>, raw: &mut Raw, time: KernelTime) -> io::Result<()> {
    wait(epoll, raw, Limit::Nanoseconds(&time))
}

fn wait_milliseconds(epoll: BorrowedFd<'_>, raw: &mut Raw, milliseconds: c_int) -> io::Result<()> {
    wait(epoll, raw, Limit::Milliseconds(milliseconds))
}

/// How long to wait, which is all that the two calls differ in.
enum Limit<'a> {
    Milliseconds(c_int),
    Nanoseconds(&'a KernelTime),
}

#[inline]
fn wait(epoll: BorrowedFd<'_>, raw: &mut Raw, limit: Limit<'_>) -> io::Result<()> {
    let (number, limit) = match limit {
        // An `int`, with its sign in the whole register.
        Limit::Milliseconds(limit) => (libc::SYS_epoll_pwait, limit as usize),
        Limit::Nanoseconds(time) => (libc::SYS_epoll_pwait2, ptr::from_ref(time).expose_provenance()),
    };
    let (signal_mask, its_size) = (0, 0);
    raw.fill(|room| {
        let (fd, count) = (epoll.as_raw_fd() as usize, room.len());
        let room = room.as_mut_ptr().expose_provenance();
        // SAFETY: `epoll` is borrowed, so it stays open during the call. The kernel writes at most `count` events to `room`,
        // which is borrowed for it. `limit` is what this call takes, a number or a borrowed time with the layout of the
        // kernel's 64-bit timespec. A null mask tells the kernel to read none, whatever its size.
        unsafe { call(number, [fd, room, count, limit, signal_mask, its_size]) }
    })
}

/// Makes a system call right here.
///
/// # Safety
///
/// What this call asks for.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn call(number: c_long, [a, b, c, d, e, f]: [usize; 6]) -> io::Result<usize> {
    // SAFETY: the caller has seen to it.
    let returned = after(|| unsafe { syscalls::raw::syscall6(number as usize, a, b, c, d, e, f) });
    syscalls::Errno::from_ret(returned).map_err(|errno| io::Error::from_raw_os_error(errno.into_raw()))
}

/// The same elsewhere, by the C library: the return stack is not filled there, and `syscalls` needs an unstable compiler for
/// some architectures.
///
/// # Safety
///
/// What this call asks for.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn call(number: c_long, [a, b, c, d, e, f]: [usize; 6]) -> io::Result<usize> {
    // SAFETY: the caller has seen to it.
    let returned = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    usize::try_from(returned).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::{KernelTime, Raw, Waiter, is_missing_call, milliseconds_up, wait_nanoseconds};
    use crate::Delay;
    use rustix::event::epoll;
    use std::{
        io,
        os::fd::{AsFd, OwnedFd},
        time::{Duration, Instant},
    };

    const DELAY: Duration = Duration::from_micros(1_300);

    fn empty_epoll() -> OwnedFd {
        epoll::create(epoll::CreateFlags::CLOEXEC).unwrap()
    }

    #[test]
    fn a_wait_in_nanoseconds_is_never_too_short() {
        let waiter = Waiter::new();
        let (epoll, mut raw) = (empty_epoll(), Raw::with_capacity(1));
        for _ in 0..20 {
            let start = Instant::now();
            waiter.wait(epoll.as_fd(), &mut raw, Delay::UpTo(DELAY)).unwrap();
            assert!(start.elapsed() >= DELAY);
            assert_eq!(raw.len(), 0);
        }
    }

    #[test]
    fn milliseconds_are_rounded_up_and_never_to_zero() {
        for (time, expected) in [
            (Duration::from_nanos(1), 1),
            (Duration::from_nanos(1_000_000), 1),
            (Duration::from_nanos(1_000_001), 2),
            (DELAY, 2),
            (Duration::from_secs(3), 3_000),
            (Duration::from_millis(i32::MAX as u64), i32::MAX),
            (Duration::from_millis(i32::MAX as u64 + 1), i32::MAX),
            (Duration::MAX, i32::MAX),
        ] {
            assert_eq!(milliseconds_up(time), expected, "{time:?}");
        }
    }

    #[test]
    fn the_kernels_time_is_exact_and_saturates() {
        let time = KernelTime::saturating(Duration::new(5, 7));
        assert_eq!(time, KernelTime { seconds: 5, nanoseconds: 7 });
        assert_eq!(KernelTime::saturating(Duration::MAX).seconds, i64::MAX);
    }

    #[test]
    fn a_kernel_that_can_wait_in_nanoseconds_goes_on_being_asked_to() {
        let (waiter, epoll, mut raw) = (Waiter::new(), empty_epoll(), Raw::with_capacity(1));
        let time = Duration::from_nanos(1);
        let probe = wait_nanoseconds(epoll.as_fd(), &mut raw, KernelTime::saturating(time));
        waiter.wait(epoll.as_fd(), &mut raw, Delay::UpTo(time)).unwrap();
        assert_eq!(waiter.asks_for_nanoseconds(), probe.is_ok());
    }

    #[test]
    fn a_missing_call_is_told_from_every_other_error() {
        for (number, missing) in
            [(libc::ENOSYS, true), (libc::EPERM, true), (libc::EINTR, false), (libc::EINVAL, false)]
        {
            assert_eq!(is_missing_call(&io::Error::from_raw_os_error(number)), missing);
        }
    }
}
