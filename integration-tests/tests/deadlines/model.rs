//! Whatever is done to a connection's deadlines, its reads and writes agree with a model of them wherever the model is
//! certain.

use std::time::{Duration, Instant};

use conn::Conn;
use futures::FutureExt;
use integration_tests::exec::Exec;
use integration_tests::pair::pair;
use netfd::OpError;
use proptest::prelude::*;

use crate::{FAR, assert_timed_out, past};

#[derive(Clone, Copy, Debug)]
enum When {
    Past,
    /// So many microseconds from now.
    Soon(u64),
    Far,
    Never,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Read,
    Write,
    Both,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Set(Which, When),
    /// The same, while a read is pending.
    SetInRead(Which, When),
    /// The peer sends a byte.
    Send,
    Read,
    Write,
    /// So many microseconds go by.
    Pause(u64),
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![Just(When::Past), (0..1000_u64).prop_map(When::Soon), Just(When::Far), Just(When::Never),]
}

fn step() -> impl Strategy<Value = Step> {
    let which = || prop_oneof![Just(Which::Read), Just(Which::Write), Just(Which::Both)];
    prop_oneof![
        3 => (which(), when()).prop_map(|(which, when)| Step::Set(which, when)),
        2 => (which(), when()).prop_map(|(which, when)| Step::SetInRead(which, when)),
        2 => Just(Step::Send),
        3 => Just(Step::Read),
        2 => Just(Step::Write),
        1 => (0..1000_u64).prop_map(Step::Pause),
    ]
}

/// What is known of a direction's deadline.
#[derive(Clone, Copy)]
enum Deadline {
    /// None, or one that does not come.
    Away,
    /// It has expired, and stays so until it is moved.
    Expired,
    /// It expires then, or somewhat later.
    At(Instant),
}

impl Deadline {
    fn may_have_expired(self) -> bool {
        match self {
            Deadline::Away => false,
            Deadline::Expired => true,
            Deadline::At(due) => Instant::now() >= due,
        }
    }
}

struct Model {
    conn: Conn,
    peer: Conn,
    read: Deadline,
    write: Deadline,
    /// How many bytes the peer has sent that were not read.
    unread: usize,
}

impl Model {
    fn set(&mut self, which: Which, when: When) {
        let (instant, deadline) = match when {
            When::Past => (Some(past()), Deadline::Expired),
            When::Soon(micros) => {
                let due = Instant::now() + Duration::from_micros(micros);
                (Some(due), Deadline::At(due))
            }
            When::Far => (Some(Instant::now() + FAR), Deadline::Away),
            When::Never => (None, Deadline::Away),
        };
        match which {
            Which::Read => self.conn.set_read_deadline(instant),
            Which::Write => self.conn.set_write_deadline(instant),
            Which::Both => self.conn.set_deadline(instant),
        }
        .expect("open");
        if !matches!(which, Which::Write) {
            self.read = deadline;
        }
        if !matches!(which, Which::Read) {
            self.write = deadline;
        }
    }

    async fn send(&mut self) {
        self.unread += self.peer.write(b"1").await.expect("written");
    }

    async fn read(&mut self) {
        let conn = self.conn.clone();
        let mut buf = [0; 64];
        let mut read = Box::pin(conn.read(&mut buf));
        match self.read {
            // At once, and with data waiting.
            Deadline::Expired => assert_timed_out(read.now_or_never().expect("no waiting"), "read"),
            Deadline::Away if self.unread == 0 => {
                assert!(read.as_mut().now_or_never().is_none(), "there is nothing to read");
            }
            _ => {
                let result = read.await;
                self.settle(result);
            }
        }
    }

    /// Takes what a read that has ended returned.
    fn settle(&mut self, result: Result<usize, OpError>) {
        match result {
            Ok(read) => {
                assert!(0 < read && read <= self.unread, "{read} bytes of {}", self.unread);
                self.unread -= read;
            }
            timed_out => {
                assert_timed_out(timed_out, "read");
                assert!(self.read.may_have_expired(), "a read timed out");
                self.read = Deadline::Expired;
            }
        }
    }

    async fn write(&mut self) {
        match self.conn.write(b"1").await {
            Ok(written) => {
                assert_eq!(written, 1);
                assert!(!matches!(self.write, Deadline::Expired), "written past the deadline");
            }
            timed_out => {
                assert_timed_out(timed_out, "write");
                assert!(self.write.may_have_expired(), "a write timed out");
                self.write = Deadline::Expired;
            }
        }
    }

    async fn set_in_read(&mut self, which: Which, when: When) {
        let conn = self.conn.clone();
        let mut buf = [0; 64];
        let mut read = Box::pin(conn.read(&mut buf));
        match read.as_mut().now_or_never() {
            Some(result) if matches!(self.read, Deadline::Expired) => {
                return assert_timed_out(result, "read");
            }
            Some(result) => return self.settle(result),
            None => assert!(!matches!(self.read, Deadline::Expired), "a read waits past its deadline"),
        }
        self.set(which, when);
        if let Deadline::Away = self.read {
            // It goes on waiting, even if the old deadline has come: nobody looked.
            self.send().await;
        }
        // Data that was on its way counts, even if the new deadline has passed by now.
        let result = read.await;
        self.settle(result);
    }
}

async fn agrees(exec: Exec, steps: Vec<Step>) {
    let (conn, peer) = pair().await;
    let mut model = Model { conn, peer, read: Deadline::Away, write: Deadline::Away, unread: 0 };
    for step in steps {
        match step {
            Step::Set(which, when) => model.set(which, when),
            Step::SetInRead(which, when) => model.set_in_read(which, when).await,
            Step::Send => model.send().await,
            Step::Read => model.read().await,
            Step::Write => model.write().await,
            Step::Pause(micros) => exec.sleep(Duration::from_micros(micros)).await,
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn agrees_on_runtime(steps in steps()) {
        Exec::Runtime.run(agrees(Exec::Runtime, steps));
    }

    #[test]
    fn agrees_on_tokio(steps in steps()) {
        Exec::Tokio.run(agrees(Exec::Tokio, steps));
    }

    #[test]
    fn agrees_on_a_bare_thread(steps in steps()) {
        Exec::Bare.run(agrees(Exec::Bare, steps));
    }
}
