//! Time: the heap of what is due, and [`Timer`], which waits for an instant on any executor.

mod heap;
mod timer;

pub(crate) use heap::{Heap, TimerId};
pub use timer::Timer;
pub(crate) use timer::TimerState;

use crate::sync::Arc;

/// What a timer does when it is due.
pub(crate) enum Target {
    /// It expires the deadlines of a descriptor.
    Deadline(poller::Token),
    /// It wakes a [`Timer`].
    Timer(Arc<TimerState>),
}
