//! Whether this kernel leaves places on the return stack.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::x86_64;

/// Where the kernel says how it guards itself against speculative return stack overflow.
const SAID: &str = "/sys/devices/system/cpu/vulnerabilities/spec_rstack_overflow";

/// How it says that it does so by Safe RET, now and before Linux 6.6. What it lacks of it is written in small letters still:
/// "Vulnerable: Microcode, no safe RET".
const SAFE_RET: [&[u8]; 2] = [b"Safe RET", b"Mitigation: safe RET"];

/// Whether this kernel leaves places, once somebody has looked. Relaxed: it says nothing about other memory, and who sees it
/// late makes some calls that are followed by dear returns.
static LEAVES_PLACES: AtomicBool = AtomicBool::new(false);

/// Whether a system call is to be followed by a [refill](x86_64::refill).
#[inline(always)]
pub(crate) fn leaves_places() -> bool {
    LEAVES_PLACES.load(Relaxed)
}

/// Finds it out, unless the kernel's file is out of reach: then what was known before stays.
pub(crate) fn look() {
    if let Some(said) = said() {
        LEAVES_PLACES.store(is_safe_ret(&said) && !x86_64::has_shadow_stack(), Relaxed);
    }
}

/// What the kernel says; nothing if it is too old, or if its files are hidden from this process.
fn said() -> Option<[u8; 64]> {
    let mut said = [0; 64];
    // The kernel gives a line as short as this at once.
    let _ = File::open(SAID).and_then(|mut file| file.read(&mut said)).ok()?;
    Some(said)
}

fn is_safe_ret(said: &[u8]) -> bool {
    SAFE_RET.iter().any(|safe_ret| said.windows(safe_ret.len()).any(|words| words == *safe_ret))
}

#[cfg(test)]
mod tests {
    use super::{SAID, is_safe_ret, leaves_places, look, x86_64};
    use std::fs;

    #[test]
    fn of_all_that_a_kernel_may_say_safe_ret_is_what_counts() {
        for (said, safe_ret) in [
            ("Mitigation: Safe RET\n", true),
            ("Vulnerable: Safe RET, no microcode\n", true),
            ("Mitigation: safe RET\n", true),
            ("Mitigation: safe RET, no microcode\n", true),
            ("Not affected\n", false),
            ("Vulnerable\n", false),
            ("Vulnerable: No microcode\n", false),
            ("Vulnerable: Microcode, no safe RET\n", false),
            ("Mitigation: Reduced Speculation\n", false),
            ("Mitigation: microcode\n", false),
            ("Mitigation: IBPB\n", false),
            ("Mitigation: IBPB on VMEXIT only\n", false),
            ("Mitigation: SMT disabled\n", false),
            ("", false),
        ] {
            assert_eq!(is_safe_ret(said.as_bytes()), safe_ret, "{said:?}");
        }
    }

    #[test]
    fn nothing_is_done_before_a_look_and_then_what_this_kernel_needs() {
        assert!(!leaves_places());
        let said = fs::read_to_string(SAID).unwrap_or_default();
        let safe = said.contains("Safe RET") || said.starts_with("Mitigation: safe RET");
        let expected = safe && !x86_64::has_shadow_stack();
        look();
        assert_eq!(leaves_places(), expected, "{said:?}");
    }
}
