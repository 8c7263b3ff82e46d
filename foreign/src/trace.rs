//! What is told to subscribers of traces, who may panic. And whether there are any, as the hot paths ask it.

use tracing::Level;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

use crate::survive;

/// Tells an event: a target, a level (`ERROR` to `TRACE`), and then what `tracing::event!` takes. A subscriber's panic ends
/// there. Where there is no subscriber nothing is told, not even to `log`.
///
/// ```
/// foreign::event!("mine", TRACE, answer = 42, "asked");
/// ```
#[macro_export]
macro_rules! event {
    ($target:expr, $level:ident, $($what:tt)+) => {
        if $crate::is_on_at($crate::tracing::Level::$level) {
            $crate::tell(|| $crate::tracing::event!(
                target: $target, $crate::tracing::Level::$level, $($what)+
            ));
        }
    };
}

/// Whether an event of this level may reach anybody: no code at all where it is compiled out, else a load and a branch.
#[inline(always)]
pub fn is_on_at(level: Level) -> bool {
    level <= STATIC_MAX_LEVEL && level <= LevelFilter::current()
}

/// Whether a trace may reach anybody, as [`is_on_at`] says it of the lowest level. What is told then stands in a function of its
/// own, out of the way.
#[inline(always)]
pub fn is_on() -> bool {
    STATIC_MAX_LEVEL == LevelFilter::TRACE && LevelFilter::current() == LevelFilter::TRACE
}

/// Runs what tells an event, for [`event!`](crate::event!): out of the way of what runs when nobody listens.
#[cold]
pub fn tell(event: impl FnOnce()) {
    survive(event);
}
