//! The deadline of reads.

use std::time::{Duration, Instant};

use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;

use crate::{WHILE, assert_closed, assert_timed_out, past};

on_every_executor!(
    /// Go: `net.TestReadTimeout`
    read_timeout,
    |exec: Exec| async move {
        const SENT: usize = 10_000;
        let (client, server) = pair().await;
        server.write(&[1; SENT]).await.expect("written");
        let mut byte = [0];
        // Also where there is something to read; and it says so as often as it is asked.
        client.set_read_deadline(Some(past())).expect("open");
        assert_timed_out(client.read(&mut byte).await, "read");
        assert_timed_out(client.read(&mut byte).await, "read");

        // A deadline also comes between reads of which none has to wait.
        let due = Instant::now() + Duration::from_millis(50);
        client.set_read_deadline(Some(due)).expect("open");
        let mut read = 0;
        let error = loop {
            match client.read(&mut byte).await {
                Ok(more) => read += more,
                Err(error) => break error,
            }
            assert!(read < SENT, "the deadline did not come");
            exec.sleep(Duration::from_millis(10)).await;
        };
        assert!(Instant::now() >= due, "a deadline fired early");
        assert_timed_out(Err::<(), _>(error), "read");
        assert_timed_out(client.read(&mut byte).await, "read");

        // Nothing is lost by any of it.
        client.set_read_deadline(None).expect("open");
        server.close_write().expect("open");
        let mut rest = vec![0; SENT];
        loop {
            match client.read(&mut rest).await.expect("no time-out") {
                0 => break,
                more => read += more,
            }
        }
        assert_eq!(read, SENT);
        // Nor does the end of the stream come before the deadline.
        client.set_read_deadline(Some(past())).expect("open");
        assert_timed_out(client.read(&mut byte).await, "read");
    }
);

on_every_executor!(
    /// Go: `net.TestReadTimeoutMustNotReturn`
    read_timeout_must_not_return,
    |exec: Exec| async move {
        let (client, _server) = pair().await;
        let reader = client.clone();
        let read = exec.spawn(async move {
            reader.set_deadline(Some(past())).expect("open");
            reader.set_write_deadline(Some(past())).expect("open");
            reader.set_read_deadline(None).expect("open");
            reader.read(&mut [0]).await
        });
        exec.sleep(WHILE).await;
        client.close().await.expect("closed once");
        assert_closed(read.await, "read");
    }
);

on_every_executor!(
    /// Go: `net.TestReadTimeoutFluctuation`
    read_timeout_fluctuation,
    |_| async {
        let (client, _server) = pair().await;
        let mut buf = [0; 256];
        for millis in [1, 1, 2, 3, 5, 8, 13, 21, 34] {
            let due = Instant::now() + Duration::from_millis(millis);
            client.set_read_deadline(Some(due)).expect("open");
            let read = client.read(&mut buf).await;
            assert!(Instant::now() >= due, "a deadline of {millis} ms fired early");
            assert_timed_out(read, "read");
        }
    }
);
