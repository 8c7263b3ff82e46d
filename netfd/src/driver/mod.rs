//! Who polls: at most one thread sleeps in the kernel, and while anyone waits some thread does or soon will.
//!
//! Go: `runtime.findRunnable`, `runtime.sysmon`
//!
//! ```text
//!   Parker      a thread that sleeps while it has nothing to run: in the poller if it gets the role, else beside it
//!     worker    runs what a poll finds; drives whenever it sleeps and no other worker drives
//!     guest     waits for one thing (a block_on); drives only where there are no workers
//!     lookout   before a sleep, while a stream flows, it looks for a moment whether there is more
//!   stand-by    a thread named `netpoll`: drives when somebody waits and none of these does, wakes a sleeper when
//!               a worker is held up by its task, and gives the role back to any that asks
//!   Bell        what the stand-by sleeps by, and is called with
//!   Role        one word that says who has the role, who would have it, what the stand-by does, and how many wait
//! ```

pub(crate) mod bell;
pub(crate) mod candidates;
pub(crate) mod lookout;
mod parker;
mod role;
mod standby;
mod unparker;
pub(crate) mod watched;

pub use parker::Parker;
pub(crate) use parker::{is_participant, runs, works_for};
#[cfg(all(test, loom))]
pub(crate) use role::Class;
pub(crate) use role::Role;
pub(crate) use standby::{PATIENCE, run as run_standby};
pub use unparker::Unparker;
