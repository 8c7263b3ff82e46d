//! What is told to whoever listens to traces: somebody else's code, which may panic. And whether anybody does, as the hot paths
//! ask it.

use tracing::Level;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

use crate::sync::survive;

/// Tells an event. A panic of the listener's ends there: it would leave a descriptor half closed, or the poller without its
/// stand-by.
macro_rules! event {
    ($target:literal, $level:ident, $($what:tt)+) => {
        if $crate::traced::is_on_at(tracing::Level::$level) {
            $crate::traced::tell(|| tracing::event!(target: $target, tracing::Level::$level, $($what)+));
        }
    };
}
pub(crate) use event;

/// Whether an event of this level may reach anybody.
#[inline(always)]
pub(crate) fn is_on_at(level: Level) -> bool {
    level <= STATIC_MAX_LEVEL && level <= LevelFilter::current()
}

/// Out of the way of what runs when nobody listens.
#[cold]
pub(crate) fn tell(event: impl FnOnce()) {
    survive(event);
}

/// Whether a trace may reach anybody: no code at all where traces are compiled out, else a load and a branch. What is told
/// then stands in a function of its own, out of the way.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    STATIC_MAX_LEVEL == LevelFilter::TRACE && LevelFilter::current() == LevelFilter::TRACE
}
