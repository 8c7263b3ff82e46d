//! The conformance suite finds what is wrong: connections with one fault each, and the case that must fail on it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use conn::{Addr, Conn, Error, OpError};
use integration_tests::exec::Exec;
use integration_tests::nettest::{self, NetConn};
use integration_tests::pair::pair;

/// What is wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    WritesOtherBytes,
    WritesTwice,
    WritesLessThanItSays,
    ReadsLessThanItSays,
    ReadDeadlineIsForBoth,
    WriteDeadlineIsForBoth,
    DeadlinesAreNeverCleared,
    DeadlinesAreEarly,
    TimesOutAtOnce,
    CloseIsATimeOut,
}

use Fault::*;

#[derive(Clone)]
struct Faulty {
    conn: Conn,
    fault: Fault,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn when(&self, when: Option<Instant>) -> Option<Instant> {
        if self.has(DeadlinesAreEarly) { when.map(|_| Instant::now()) } else { when }
    }
}

impl NetConn for Faulty {
    async fn read(&self, buf: &mut [u8]) -> Result<usize, OpError> {
        if self.has(TimesOutAtOnce) {
            return Err(OpError::new("read", "tcp", Error::DeadlineExceeded));
        }
        if self.has(ReadsLessThanItSays) {
            let most = buf.len() - 1;
            return self.conn.read(&mut buf[..most]).await.map(|read| read + 1);
        }
        match self.conn.read(buf).await {
            Err(error) if error.is_closed() && self.has(CloseIsATimeOut) => {
                Err(OpError::new("read", "tcp", Error::DeadlineExceeded))
            }
            result => result,
        }
    }

    async fn write(&self, buf: &[u8]) -> Result<usize, OpError> {
        match self.fault {
            WritesOtherBytes => {
                let wrong: Vec<_> = buf.iter().map(|byte| !byte).collect();
                self.conn.write(&wrong).await
            }
            WritesTwice => {
                self.conn.write(buf).await?;
                self.conn.write(buf).await
            }
            WritesLessThanItSays => self.conn.write(&buf[1..]).await.map(|written| written + 1),
            _ => self.conn.write(buf).await,
        }
    }

    async fn close(&self) -> Result<(), OpError> {
        self.conn.close().await
    }

    fn local_addr(&self) -> Option<Addr> {
        self.conn.local_addr()
    }

    fn remote_addr(&self) -> Option<Addr> {
        self.conn.remote_addr()
    }

    fn set_read_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        match (self.fault, when) {
            (DeadlinesAreNeverCleared, None) => Ok(()),
            (ReadDeadlineIsForBoth, when) => self.conn.set_deadline(when),
            (_, when) => self.conn.set_read_deadline(self.when(when)),
        }
    }

    fn set_write_deadline(&self, when: Option<Instant>) -> Result<(), OpError> {
        match (self.fault, when) {
            (DeadlinesAreNeverCleared, None) => Ok(()),
            (WriteDeadlineIsForBoth, when) => self.conn.set_deadline(when),
            (_, when) => self.conn.set_write_deadline(self.when(when)),
        }
    }
}

/// Whether `case` passes on a pair with `fault`.
fn passes<F: Future<Output = ()>>(fault: Fault, case: impl FnOnce(Exec, Faulty, Faulty) -> F) -> bool {
    let run = async {
        let (one, other) = pair().await;
        case(Exec::Bare, Faulty { conn: one, fault }, Faulty { conn: other, fault }).await;
    };
    catch_unwind(AssertUnwindSafe(|| Exec::Bare.run(run))).is_ok()
}

#[test]
fn each_case_finds_its_faults() {
    assert!(!passes(WritesOtherBytes, nettest::basic_io));
    assert!(!passes(WritesTwice, nettest::ping_pong));
    assert!(!passes(ReadsLessThanItSays, nettest::racy_read));
    assert!(!passes(WritesLessThanItSays, nettest::racy_write));
    assert!(!passes(ReadDeadlineIsForBoth, nettest::read_timeout));
    assert!(!passes(WriteDeadlineIsForBoth, nettest::write_timeout));
    assert!(!passes(DeadlinesAreNeverCleared, nettest::past_timeout));
    assert!(!passes(TimesOutAtOnce, nettest::present_timeout));
    assert!(!passes(DeadlinesAreEarly, nettest::future_timeout));
    assert!(!passes(CloseIsATimeOut, nettest::close_timeout));
    assert!(!passes(WritesTwice, nettest::concurrent_methods));
}

#[test]
fn a_wrapper_without_a_fault_passes() {
    let pairs = async || {
        let (one, other) = pair().await;
        Some((Faulty { conn: one, fault: Nothing }, Faulty { conn: other, fault: Nothing }))
    };
    Exec::Bare.run(nettest::all(Exec::Bare, pairs));
}
