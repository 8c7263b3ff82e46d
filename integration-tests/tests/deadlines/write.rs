//! The deadline of writes.

use std::time::{Duration, Instant};

use conn::Conn;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;
use netfd::OpError;

use crate::{WHILE, assert_closed, assert_timed_out, past};

/// Writes until that fails; how many bytes went out, and why it failed.
async fn write_until_it_fails(conn: &Conn, piece: &[u8]) -> (usize, OpError) {
    let mut written = 0;
    loop {
        match conn.write(piece).await {
            Ok(all) => written += all,
            Err(error) => return (written + error.written(), error),
        }
    }
}

on_every_executor!(
    /// Go: `net.TestWriteTimeout`
    write_timeout,
    |exec: Exec| async move {
        let (client, server) = pair().await;
        let mut written = 0;
        // Also where there is room; and it says so as often as it is asked.
        client.set_write_deadline(Some(past())).expect("open");
        assert_timed_out(client.write(b"bytes").await, "write");
        assert_timed_out(client.write_some(b"bytes").await, "write");

        // A deadline also comes between writes of which none has to wait.
        let due = Instant::now() + Duration::from_millis(10);
        client.set_write_deadline(Some(due)).expect("open");
        let error = loop {
            match client.write(b"bytes").await {
                Ok(more) => written += more,
                Err(error) => break error,
            }
            assert!(written < 50_000, "the deadline did not come");
            exec.sleep(Duration::from_millis(3)).await;
        };
        assert!(Instant::now() >= due, "a deadline fired early");
        assert_timed_out(Err::<(), _>(error), "write");
        assert_timed_out(client.write(b"bytes").await, "write");

        // What was refused was not sent.
        client.close_write().expect("open");
        let (mut received, mut buf) = (0, [0; 64]);
        loop {
            match server.read(&mut buf).await.expect("data, or the end") {
                0 => break,
                more => received += more,
            }
        }
        assert_eq!(received, written);
    }
);

on_every_executor!(
    /// Go: `net.TestWriteTimeoutMustNotReturn`
    write_timeout_must_not_return,
    |exec: Exec| async move {
        let (client, _server) = pair().await;
        let writer = client.clone();
        let write = exec.spawn(async move {
            writer.set_deadline(Some(past())).expect("open");
            writer.set_read_deadline(Some(past())).expect("open");
            writer.set_write_deadline(None).expect("open");
            // Nobody reads, so that sooner or later it waits.
            Err::<(), _>(write_until_it_fails(&writer, &[1; 1024]).await.1)
        });
        exec.sleep(WHILE).await;
        client.close().await.expect("closed once");
        assert_closed(write.await, "write");
    }
);

on_every_executor!(
    /// Go: `net.TestWriteTimeoutFluctuation`
    write_timeout_fluctuation,
    |_| async {
        let (client, _server) = pair().await;
        // Until the kernel's buffers are full, a deadline ends writes that go out, and afterwards one that waits.
        for round in 0..50 {
            let delay = Duration::from_millis(1 + round);
            let due = Instant::now() + delay;
            client.set_write_deadline(Some(due)).expect("open");
            let (written, error) = write_until_it_fails(&client, &[1; 4096]).await;
            assert!(Instant::now() >= due, "a deadline of {delay:?} fired early");
            assert!(error.is_timeout(), "{error}");
            if written == 0 {
                assert_timed_out(Err::<(), _>(error), "write");
                return;
            }
        }
        panic!("the kernel's buffers are without end");
    }
);
