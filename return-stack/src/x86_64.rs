//! The return stack of an x86-64 processor.

use std::arch::asm;

/// How many places a refill puts onto the return stack: enough for the functions between a system call and the loop that
/// polls. An echo server under `runtime` needs more than eight. The processors in question have 31 or 32.
pub(crate) const PLACES: usize = 16;

/// Fills the return stack with places in this function.
///
/// Each `call` skips an instruction that is never run, for a processor takes a call to the very next one for a way to read
/// the program counter and remembers no place for it.
#[inline(always)]
pub(crate) fn refill() {
    // SAFETY: the calls go from each to the next, and write nothing but the addresses that they put onto this thread's stack,
    // below everything that lives on it: without the option `nostack` the compiler keeps nothing under the stack pointer. The
    // last instruction takes these off again, so that the stack pointer ends where it began; no other register changes, nor
    // any flag. Nobody returns by them, so that there must be no shadow stack, which would go on waiting for it. The C
    // library has one or has none for all threads of a process, from before `main`; `look` asks before anybody refills.
    unsafe {
        asm!(
            ".rept {places}",
            "call 2f",
            "int3",
            "2:",
            ".endr",
            "lea rsp, [rsp + 8 * {places}]",
            places = const PLACES,
            options(nomem, preserves_flags),
        );
    }
}

/// Whether returns of this thread are checked against a shadow stack.
pub(crate) fn has_shadow_stack() -> bool {
    let top: u64;
    // SAFETY: it reads where the shadow stack's top is, and where there is none leaves the register as it was.
    unsafe {
        asm!("rdsspq {top}", top = inout(reg) 0u64 => top, options(nomem, nostack, preserves_flags));
    }
    top != 0
}

#[cfg(test)]
mod tests {
    use super::refill;
    use std::hint::black_box;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::thread;

    /// Fills a frame, refills, goes deeper, refills, and says what its frames hold together.
    #[inline(never)]
    fn deep(depth: u64, at_the_bottom: &mut dyn FnMut()) -> u64 {
        let frame = black_box([depth; 40]);
        refill();
        if depth == 0 {
            at_the_bottom();
            return 0;
        }
        let below = deep(depth - 1, at_the_bottom);
        refill();
        below + frame.iter().sum::<u64>()
    }

    const DEPTH: u64 = 100;
    const SUM: u64 = 40 * DEPTH * (DEPTH + 1) / 2;

    #[test]
    fn frames_and_returns_are_as_before() {
        assert_eq!(deep(DEPTH, &mut || ()), SUM);
    }

    /// Calls nobody, so that what it holds would lie under the stack pointer, if it might.
    #[inline(never)]
    fn leaf(seed: u64) -> u64 {
        let held = [seed, seed ^ 1, seed ^ 2, seed ^ 4, seed ^ 8, seed ^ 16, seed ^ 32];
        refill();
        held[0] ^ held[1] ^ held[2] ^ held[3] ^ held[4] ^ held[5] ^ held[6]
    }

    #[test]
    fn a_function_that_calls_nobody_keeps_what_it_holds() {
        assert_eq!(leaf(black_box(0x5eed)), 0x5eed ^ 63);
    }

    #[test]
    fn a_panic_unwinds_through_refilled_functions() {
        let panicked = catch_unwind(AssertUnwindSafe(|| deep(DEPTH, &mut || panic!("at the bottom"))));
        assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "at the bottom");
    }

    #[test]
    fn a_signal_may_come_in_the_midst_of_it() {
        static SIGNALS: AtomicUsize = AtomicUsize::new(0);
        extern "C" fn scribble(_: libc::c_int) {
            black_box([0xa5u8; 2048]);
            SIGNALS.fetch_add(1, Relaxed);
        }
        let handler = scribble as extern "C" fn(libc::c_int);
        // SAFETY: the handler does nothing but what a handler may, and no other test of this program takes this signal.
        let before = unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
        assert_ne!(before, libc::SIG_ERR);
        // SAFETY: it has no conditions.
        let this = unsafe { libc::pthread_self() };
        let mut all_is_kept = true;
        thread::scope(|scope| {
            let sender = scope.spawn(move || {
                while SIGNALS.load(Relaxed) < 1_000 {
                    // SAFETY: the thread waits for this one, so that it is there.
                    assert_eq!(unsafe { libc::pthread_kill(this, libc::SIGUSR1) }, 0);
                    // One that is still pending would swallow the next.
                    thread::yield_now();
                }
            });
            while !sender.is_finished() {
                // Asserted only when nobody waits for this thread any more.
                all_is_kept &= (0..1_000).all(|seed| leaf(black_box(seed)) == seed ^ 63);
            }
        });
        assert!(all_is_kept);
    }
}
