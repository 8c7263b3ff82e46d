//! Time-outs and deadlines of dials.

use std::time::{Duration, Instant};

use conn::{Conn, Dialer, dial_timeout};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::listening;
use integration_tests::unanswered::Silent;

use crate::{FAR, WHILE, assert_timed_out, past};

/// The last instant of the clock, or nearly.
fn farthest() -> Instant {
    let mut instant = Instant::now();
    let mut step = Duration::MAX;
    while step > Duration::from_secs(1) {
        match instant.checked_add(step) {
            Some(later) => instant = later,
            None => step /= 2,
        }
    }
    instant
}

on_every_executor!(
    /// Go: `net.TestDialTimeout`
    dial_timeout,
    |_| async {
        let silent = Silent::anywhere().await;
        let (_listener, answering) = listening().await;
        let silent = silent.address().to_string();
        // Time that is over: also for an address that would answer.
        let over = [
            Dialer::new().timeout(Duration::ZERO),
            Dialer::new().deadline(past()),
            Dialer::new().timeout(Duration::ZERO).deadline(Instant::now() + FAR),
            Dialer::new().timeout(FAR).deadline(past()),
        ];
        for dialer in over {
            assert_timed_out(dialer.dial("tcp", &silent).await);
            assert_timed_out(dialer.dial("tcp", &answering).await);
        }
        // Time that passes. Of the two the earlier counts.
        let soon = Duration::from_millis(50);
        let due = || Instant::now() + soon;
        type Makes<'a> = &'a dyn Fn() -> Dialer;
        let passing: [Makes<'_>; 4] = [
            &|| Dialer::new().timeout(soon),
            &|| Dialer::new().deadline(due()),
            &|| Dialer::new().timeout(soon).deadline(Instant::now() + FAR),
            &|| Dialer::new().timeout(FAR).deadline(due()),
        ];
        for makes in passing {
            let begun = Instant::now();
            let dialled = makes().dial("tcp", &silent).await;
            assert!(begun.elapsed() >= soon, "a deadline fired early");
            assert_eq!(dialled.as_ref().unwrap_err().to_string(), format!("dial tcp {silent}: i/o timeout"));
            assert_timed_out(dialled);
        }
        let begun = Instant::now();
        assert_timed_out(dial_timeout("tcp", &silent, soon).await);
        assert!(begun.elapsed() >= soon, "a deadline fired early");
    }
);

on_every_executor!(
    /// Go: `net.TestDialTimeoutMaxDuration`
    dial_timeout_max_duration,
    |_| async {
        let (_listener, address) = listening().await;
        for dialer in [Dialer::new().timeout(Duration::MAX), Dialer::new().deadline(farthest())] {
            let conn = dialer.dial("tcp", &address).await.expect("a connection");
            conn.close().await.expect("closed once");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialWithNonZeroDeadline`
    dial_with_non_zero_deadline,
    |_| async {
        let (listener, address) = listening().await;
        let port = address.rsplit(':').next().expect("an address has a port");
        // A time-out that the clock has no instant for is no deadline: the attempt is told of none.
        let dialer = Dialer::new().timeout(Duration::MAX).control(|socket| {
            assert_eq!(socket.deadline, None);
            Ok(())
        });
        let conn = dialer.dial("tcp", &format!(":{port}")).await.expect("a connection");
        assert_eq!(conn.remote_addr(), listener.addr());
    }
);

/// Echoes until the client ends.
async fn echo(conn: Conn) {
    let mut buf = [0; 16];
    while let Ok(read @ 1..) = conn.read(&mut buf).await {
        conn.write(&buf[..read]).await.expect("written");
    }
}

on_every_executor!(
    /// Go: `net.TestCancelAfterDial`
    cancel_after_dial,
    |exec: Exec| async move {
        let (listener, address) = listening().await;
        let serving = listener.clone();
        let server = exec.spawn(async move {
            while let Ok(conn) = serving.accept().await {
                drop(exec.spawn(echo(conn)));
            }
        });
        // A busy machine may need more time to connect.
        let mut ahead = WHILE;
        let (conn, due) = loop {
            let due = Instant::now() + ahead;
            match Dialer::new().deadline(due).dial("tcp", &address).await {
                Ok(conn) => break (conn, due),
                Err(_) => ahead *= 2,
            }
        };
        // Once it is connected, the deadline has nothing to say.
        exec.sleep(due.saturating_duration_since(Instant::now()) + WHILE).await;
        let mut back = [0; 16];
        assert_eq!(conn.write(b"echo!").await.expect("no time-out"), 5);
        assert_eq!(conn.read(&mut back).await.expect("no time-out"), 5);
        conn.close_write().expect("open");
        assert_eq!(conn.read(&mut back).await.expect("the end"), 0);
        listener.close().await.expect("closed once");
        server.await;
    }
);
