//! What the runtime tells whoever listens to traces: somebody else's code, which may panic.

use tracing::Level;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

use crate::sync::survive;

/// Tells an event. A panic of the listener's ends there: it would take along the worker that tells, or the whole process if
/// it came while a task ends.
macro_rules! event {
    ($level:ident, $($what:tt)+) => {
        if $crate::traced::is_on(tracing::Level::$level) {
            $crate::traced::tell(|| tracing::event!(target: "runtime", tracing::Level::$level, $($what)+));
        }
    };
}
pub(crate) use event;

/// Whether an event may reach anybody: no code at all where it is compiled out, else a load and a branch.
#[inline(always)]
pub(crate) fn is_on(level: Level) -> bool {
    level <= STATIC_MAX_LEVEL && level <= LevelFilter::current()
}

/// Out of the way of what runs when nobody listens.
#[cold]
pub(crate) fn tell(event: impl FnOnce()) {
    survive(event);
}
