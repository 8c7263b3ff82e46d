//! What the stand-by sleeps by: a timer of the kernel's, which anybody may set.
//!
//! A thread that sleeps on can be woken, but not be told to wake in 10 ms: it would have to be woken to hear that. So the call
//! that a look will be due sets a timer, and costs the stand-by no wake-up: it wakes for the look alone. In a model, which
//! has no clock, every ring is at once.

#[cfg(loom)]
pub(crate) use modelled::Bell;
#[cfg(not(loom))]
pub(crate) use shipped::Bell;

#[cfg(not(loom))]
mod shipped {
    use std::io;
    use std::time::Duration;

    use foreign::event;
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fd::OwnedFd;
    use rustix::io::{Errno, read, retry_on_intr};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    use crate::sync::{Mutex, lock, thread};

    /// Rings once for each time that it is set, or once for several.
    pub(crate) struct Bell {
        timer: OwnedFd,
        /// It rings at this moment: nobody who wants it later may put that off.
        rings: Mutex<bool>,
    }

    impl Bell {
        pub(crate) fn new() -> io::Result<Bell> {
            let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
            Ok(Bell { timer: timerfd_create(TimerfdClockId::Monotonic, flags)?, rings: Mutex::new(false) })
        }

        /// Rings at once.
        pub(crate) fn ring(&self) {
            let set = {
                let mut rings = lock(&self.rings);
                *rings = true;
                self.set(Duration::from_nanos(1))
            };
            tell(set);
        }

        /// Rings once `delay` has passed.
        pub(crate) fn ring_in(&self, delay: Duration) {
            let set = {
                let rings = lock(&self.rings);
                if *rings { Ok(()) } else { self.set(delay) }
            };
            tell(set);
        }

        /// Sleeps until it rings.
        pub(crate) fn wait(&self) {
            self.listen(None);
        }

        /// Sleeps until it rings, and no longer than `limit`.
        pub(crate) fn wait_up_to(&self, limit: Duration) {
            self.listen(Some(limit));
        }

        fn set(&self, delay: Duration) -> Result<(), Errno> {
            let value = Timespec::try_from(delay).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once).map(drop)
        }

        fn listen(&self, limit: Option<Duration>) {
            // What is too long for the kernel is no limit.
            let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
            let listens = &mut [PollFd::new(&self.timer, PollFlags::IN)];
            match retry_on_intr(|| poll(listens, limit.as_ref())) {
                Ok(0) => {}
                Ok(_) => match self.hush() {
                    // Set anew meanwhile, it rings again.
                    Ok(_) | Err(Errno::AGAIN) => {}
                    Err(error) => failed(error),
                },
                Err(error) => failed(error),
            }
        }

        fn hush(&self) -> Result<usize, Errno> {
            let mut rings = lock(&self.rings);
            *rings = false;
            retry_on_intr(|| read(&self.timer, &mut [0u8; 8]))
        }
    }

    /// Tells how the timer was set, out of the lock: a subscriber may set it, too.
    fn tell(set: Result<(), Errno>) {
        if let Err(error) = set {
            event!("netfd::driver", ERROR, error = %io::Error::from(error), "a timer could not be set");
        }
    }

    /// Something else has closed the timer. Whoever looks goes on looking, and not all the time.
    fn failed(error: Errno) {
        event!("netfd::driver", ERROR, error = %io::Error::from(error), "a timer could not be waited for");
        thread::sleep(Duration::from_millis(10));
    }

    #[cfg(test)]
    mod tests {
        use std::time::{Duration, Instant};

        use super::Bell;

        const WHILE: Duration = Duration::from_millis(20);

        /// How long a test waits for what has to come. Only a failure takes so long.
        const LIMIT: Duration = Duration::from_secs(60);

        #[test]
        fn it_rings_no_earlier_than_it_was_set_to_and_once() {
            let bell = Bell::new().expect("a timer");
            let begun = Instant::now();
            bell.ring_in(WHILE);
            bell.wait();
            assert!(begun.elapsed() >= WHILE);
            bell.wait_up_to(WHILE);
            assert!(begun.elapsed() >= 2 * WHILE, "it rang twice");
        }

        #[test]
        fn a_ring_that_is_due_later_does_not_put_off_one_that_is_due() {
            let bell = Bell::new().expect("a timer");
            let begun = Instant::now();
            bell.ring();
            bell.ring_in(2 * LIMIT);
            bell.wait_up_to(LIMIT);
            assert!(begun.elapsed() < LIMIT, "it was put off");
        }

        #[test]
        fn a_ring_wakes_who_waits_for_a_later_one() {
            let bell = Bell::new().expect("a timer");
            let begun = Instant::now();
            bell.ring_in(2 * LIMIT);
            std::thread::scope(|threads| {
                threads.spawn(|| bell.wait_up_to(LIMIT));
                std::thread::sleep(WHILE);
                bell.ring();
            });
            assert!(begun.elapsed() < LIMIT, "nobody was woken");
        }
    }
}

#[cfg(loom)]
mod modelled {
    use std::io;
    use std::time::Duration;

    use crate::sync::{Mutex, lock, thread};

    pub(crate) struct Bell(Mutex<Option<thread::Thread>>);

    impl Bell {
        pub(crate) fn new() -> io::Result<Bell> {
            Ok(Bell(Mutex::new(None)))
        }

        /// This thread hears it from now on. Who rang before is seen by its first look, for both lock the same place.
        pub(crate) fn is_heard_here(&self) {
            *lock(&self.0) = Some(thread::current());
        }

        pub(crate) fn ring(&self) {
            let hears = lock(&self.0).clone();
            hears.iter().for_each(thread::Thread::unpark);
        }

        pub(crate) fn ring_in(&self, _: Duration) {
            self.ring();
        }

        pub(crate) fn wait(&self) {
            thread::park();
        }

        pub(crate) fn wait_up_to(&self, limit: Duration) {
            thread::park_timeout(limit);
        }
    }
}
