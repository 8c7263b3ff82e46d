//! A sleep that the kernel may refuse.

use std::time::Duration;

use foreign::event;
use netfd::Parker;

use crate::sync::thread;

/// Parks. A kernel that refuses to wait is asked again a little later: there is nobody to hand the error to.
pub(crate) fn park(parker: &mut Parker) {
    if let Err(error) = parker.park() {
        event!("runtime", ERROR, %error, "the kernel's wait failed");
        thread::sleep(Duration::from_millis(10));
    }
}
