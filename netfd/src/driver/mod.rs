//! Who polls: at most one thread sleeps in the kernel, and while anyone waits some thread does or soon will.
//!
//! Go: `runtime.findRunnable`, `runtime.sysmon`
//!
//! ```text
//!   Parker      a thread that runs tasks (a worker, a block_on): when it has none it takes the role and sleeps in
//!               the poller, or sleeps beside it as a candidate
//!   stand-by    a thread named `netpoll`: takes the role when somebody waits and nobody has polled for 10 ms, or at
//!               once where no Parker is about; gives it back to any Parker that asks
//!   Role        one word that says who has the role, what the stand-by does, and how many wait
//! ```

pub(crate) mod candidates;
mod parker;
mod role;
mod standby;

pub(crate) use parker::is_participant;
pub use parker::{Parker, Unparker};
pub(crate) use role::Role;
pub(crate) use standby::run as run_standby;
