//! What any connection promises, whatever it is made of: eleven tests over a pair of connected ends.
//!
//! | module | its tests |
//! | --- | --- |
//! | `io` | `basic_io`, `ping_pong`, `racy_read`, `racy_write` |
//! | `deadlines` | `read_timeout`, `write_timeout`, `past_timeout`, `present_timeout`, `future_timeout` |
//! | `shared` | `close_timeout`, `concurrent_methods` |
//!
//! A kind of connection is anything that implements [`NetConn`], and the suite asks for nothing but a way to make pairs of
//! it. [`conformance!`](crate::conformance) makes the tests, on each executor; [`all`] runs the eleven by hand.
//!
//! ```
//! use integration_tests::{exec::Exec, nettest, pair::pair};
//!
//! Exec::Runtime.run(nettest::all(Exec::Runtime, async || Some(pair().await)));
//! ```
//!
//! Nothing here ends a test that hangs: whatever cannot go wrong without a lost wake-up is left to hang, for a limit would
//! be wrong on a machine that is busy enough.

mod deadlines;
mod helpers;
mod io;
mod shared;

use std::future::Future;
use std::time::Instant;

use conn::{Addr, Conn, OpError};

pub use deadlines::{future_timeout, past_timeout, present_timeout, read_timeout, write_timeout};
pub use io::{basic_io, ping_pong, racy_read, racy_write};
pub use shared::{close_timeout, concurrent_methods};

use crate::exec::Exec;

/// An end of a connection, as the suite uses it; a cheap handle.
///
/// Each method is that of [`Conn`] and promises the same, but that a wrapper may gather what is written for a while.
pub trait NetConn: Clone + Send + Sync + 'static {
    /// Reads what there is, waiting until there is something; 0 at the end of the stream.
    fn read(&self, buf: &mut [u8]) -> impl Future<Output = Result<usize, OpError>> + Send;

    /// Writes all of `buf`; an error tells how much went out.
    fn write(&self, buf: &[u8]) -> impl Future<Output = Result<usize, OpError>> + Send;

    /// Closes the connection; whatever waits on it, in any task, ends with the closed error.
    fn close(&self) -> impl Future<Output = Result<(), OpError>> + Send;

    /// This end's address.
    fn local_addr(&self) -> Option<Addr>;

    /// The other end's address.
    fn remote_addr(&self) -> Option<Addr>;

    /// Sets, moves or clears the deadline of reads, also of those that wait.
    fn set_read_deadline(&self, when: Option<Instant>) -> Result<(), OpError>;

    /// Sets, moves or clears the deadline of writes, also of those that wait.
    fn set_write_deadline(&self, when: Option<Instant>) -> Result<(), OpError>;

    /// Sets, moves or clears both deadlines.
    fn set_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        self.set_read_deadline(when)?;
        self.set_write_deadline(when)
    }
}

impl NetConn for Conn {
    async fn read(&self, buf: &mut [u8]) -> Result<usize, OpError> {
        Conn::read(self, buf).await
    }

    async fn write(&self, buf: &[u8]) -> Result<usize, OpError> {
        Conn::write(self, buf).await
    }

    async fn close(&self) -> Result<(), OpError> {
        Conn::close(self).await
    }

    fn local_addr(&self) -> Option<Addr> {
        Conn::local_addr(self)
    }

    fn remote_addr(&self) -> Option<Addr> {
        Conn::remote_addr(self)
    }

    fn set_read_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        Conn::set_read_deadline(self, when)
    }

    fn set_write_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        Conn::set_write_deadline(self, when)
    }

    fn set_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        Conn::set_deadline(self, when)
    }
}

/// Runs `$run!(…, case)` for each of the eleven.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_case_of_nettest {
    ($run:ident!($($given:tt)*)) => {
        $crate::for_each_case_of_nettest!(
            @$run ($($given)*)
            basic_io ping_pong racy_read racy_write
            read_timeout write_timeout past_timeout present_timeout future_timeout
            close_timeout concurrent_methods
        );
    };
    (@$run:ident $given:tt $($case:ident)*) => { $($crate::for_each_case_of_nettest!(@one $run $given $case);)* };
    (@one $run:ident ($($given:tt)*) $case:ident) => { $crate::$run! { $($given)*, $case } };
}

/// Runs one case, in [`all`].
#[doc(hidden)]
#[macro_export]
macro_rules! run_case_of_nettest {
    ($exec:ident, $pairs:ident, $case:ident) => {
        println!(stringify!($case));
        if let Some((one, other)) = $pairs().await {
            $case($exec, one, other).await;
        }
    };
}

/// Runs the eleven, each on a new pair of `pairs`; where that makes none, it says why, and the case is left out.
///
/// # Panics
/// If the connections do not do as they promise. What was printed last is the name of the case.
pub async fn all<C: NetConn>(exec: Exec, pairs: impl AsyncFn() -> Option<(C, C)>) {
    for_each_case_of_nettest!(run_case_of_nettest!(exec, pairs));
}

/// The eleven as tests, each on every executor: `conformance!(async || Some(pair().await));` in a module that says what is
/// tested. Where the machine cannot make a pair, the closure gives `None` and says why.
#[macro_export]
macro_rules! conformance {
    ($pairs:expr) => {
        $crate::for_each_case_of_nettest!(test_of_nettest!($pairs));
    };
}

/// The tests of one case, in [`conformance!`].
#[doc(hidden)]
#[macro_export]
macro_rules! test_of_nettest {
    ($pairs:expr, $case:ident) => {
        $crate::on_every_executor!($case, |exec| async move {
            if let Some((one, other)) = ($pairs)().await {
                $crate::nettest::$case(exec, one, other).await;
            }
        });
    };
}
