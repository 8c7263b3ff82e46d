//! What takes a signal or an old kernel to show. Everything else is tested from outside.

use super::{Backend, Epoll};
use crate::{
    Delay, Events,
    sync::{Arc, AtomicUsize, Ordering, mpsc},
};
use std::{
    ffi::c_int,
    fs, io, mem,
    os::unix::thread::JoinHandleExt,
    ptr, thread,
    time::{Duration, Instant},
};

/// How often each signal was handled.
static HANDLED: [AtomicUsize; 65] = [const { AtomicUsize::new(0) }; 65];

extern "C" fn count(signal: c_int) {
    HANDLED[signal as usize].fetch_add(1, Ordering::SeqCst);
}

/// A thread that polls once.
struct Sleeper {
    epoll: Arc<Epoll>,
    handle: thread::JoinHandle<io::Result<usize>>,
    thread: i32,
    signal: c_int,
}

impl Sleeper {
    /// Starts one that polls with `delay`, and sees that `signal` is handled in this process.
    fn start(delay: Delay, signal: c_int) -> Sleeper {
        // SAFETY: all zeros are a valid value of this plain C structure: no flags, an empty mask, the default action.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = count as extern "C" fn(c_int) as usize;
        // SAFETY: `action` is initialized and outlives the call; its handler does nothing but add to an atomic,
        // which is allowed in a signal handler.
        assert_eq!(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }, 0);

        let epoll = Arc::new(Epoll::new().unwrap());
        let (report, started) = mpsc::channel();
        let poller = Arc::clone(&epoll);
        let handle = thread::spawn(move || {
            report.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
            let mut events = Events::default();
            poller.poll(&mut events, delay).map(|()| events.len())
        });
        Sleeper { epoll, handle, thread: started.recv().unwrap(), signal }
    }

    /// Returns when the thread sleeps in the kernel (true) or is at its end (false).
    fn sleeps(&self) -> bool {
        loop {
            let stat = fs::read_to_string(format!("/proc/self/task/{}/stat", self.thread));
            if self.handle.is_finished() {
                return false;
            }
            // The state stands behind the name, which is in parentheses.
            if stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" S"))) {
                return true;
            }
            thread::yield_now();
        }
    }

    /// Interrupts the thread, and returns when it has handled the signal.
    fn interrupt(&self) {
        let handled = &HANDLED[self.signal as usize];
        let before = handled.load(Ordering::SeqCst);
        // SAFETY: the thread has not been joined, since `handle` is still here, so its name is valid.
        assert_eq!(unsafe { libc::pthread_kill(self.handle.as_pthread_t(), self.signal) }, 0);
        while handled.load(Ordering::SeqCst) == before && !self.handle.is_finished() {
            thread::yield_now();
        }
    }
}

#[test]
fn a_signal_ends_a_poll_up_to_a_time_with_nothing() {
    let sleeper = Sleeper::start(Delay::UpTo(Duration::from_secs(3600)), libc::SIGUSR1);
    let mut signals = 0;
    while sleeper.sleeps() {
        // The first may come while the thread is on its way to the poll.
        assert!(signals < 10, "the poll goes on after {signals} signals");
        sleeper.interrupt();
        signals += 1;
    }
    assert_eq!(sleeper.handle.join().unwrap().unwrap(), 0);
}

#[test]
fn a_signal_does_not_end_a_poll_that_blocks() {
    let sleeper = Sleeper::start(Delay::Block, libc::SIGUSR2);
    for _ in 0..10 {
        assert!(sleeper.sleeps(), "the poll ended without an event or a break");
        sleeper.interrupt();
    }
    assert!(sleeper.sleeps(), "the poll ended without an event or a break");
    sleeper.epoll.break_poll().unwrap();
    assert_eq!(sleeper.handle.join().unwrap().unwrap(), 0);
}

/// From here on, the calling thread's kernel answers `epoll_pwait2` with `error`, as old kernels and filters do.
fn lose_epoll_pwait2(error: c_int) -> io::Result<()> {
    let step = |code, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut steps = [
        // The number of the system call stands at the beginning of what a filter sees.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_epoll_pwait2 as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | error as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: this call takes plain numbers; it forbids the thread to gain privileges, and nothing here gains any.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `program` and the steps that it points to outlive the call, which copies them.
    match unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[test]
fn a_kernel_without_epoll_pwait2_is_asked_once_and_then_waits_in_milliseconds() {
    for missing in [libc::ENOSYS, libc::EPERM] {
        // The filter lasts as long as its thread.
        let old_kernel = thread::spawn(move || {
            lose_epoll_pwait2(missing).expect("this test needs a kernel with seccomp filters");
            let epoll = Epoll::new().unwrap();
            assert!(epoll.waiter.asks_for_nanoseconds());
            for time in [Duration::from_nanos(1), Duration::from_micros(1_300)] {
                let start = Instant::now();
                epoll.poll(&mut Events::default(), Delay::UpTo(time)).unwrap();
                assert!(start.elapsed() >= time);
                assert!(!epoll.waiter.asks_for_nanoseconds());
            }
        });
        old_kernel.join().unwrap();
    }
}

#[test]
fn a_break_over_a_full_counter_is_pending_like_any_other() {
    let epoll = Epoll::new().unwrap();
    rustix::io::write(&epoll.wake, &(u64::MAX - 1).to_ne_bytes()).unwrap();
    assert!(epoll.break_poll().unwrap(), "no break was pending, whatever the counter says");
    epoll.poll(&mut Events::default(), Delay::Block).unwrap();
    assert!(epoll.break_poll().unwrap(), "the break was taken");
}

#[test]
fn a_break_that_another_poll_has_read_away_is_no_error() {
    let epoll = Epoll::new().unwrap();
    epoll.break_poll().unwrap();
    epoll.read_wake().unwrap();
    epoll.read_wake().unwrap();
}
