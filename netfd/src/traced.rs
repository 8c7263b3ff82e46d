//! Whether anybody listens to traces, as the hot paths ask it.

use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

/// Whether a trace may reach anybody: no code at all where traces are compiled out, else a load and a branch. What is told
/// then stands in a function of its own, out of the way.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    STATIC_MAX_LEVEL == LevelFilter::TRACE && LevelFilter::current() == LevelFilter::TRACE
}
