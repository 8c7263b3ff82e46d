//! Deadlines that move while other tasks read, write and move them too.

use std::time::{Duration, Instant};

use conn::Conn;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;

use crate::{FAR, assert_timed_out};

on_every_executor!(
    /// Go: `net.TestReadWriteProlongedTimeout`
    read_write_prolonged_timeout,
    |exec: Exec| async move {
        let (client, server) = pair().await;
        let writing = server.clone();
        let reader = exec.spawn(async move {
            let mut read = 0;
            loop {
                server.set_read_deadline(Some(Instant::now() + FAR)).expect("open");
                match server.read(&mut [0]).await {
                    Ok(0) => return read,
                    Ok(more) => read += more,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let writer = exec.spawn(async move {
            for _ in 0..1000 {
                writing.set_write_deadline(Some(Instant::now() + FAR)).expect("open");
                assert_eq!(writing.write(b"1").await.expect("no time-out"), 1);
            }
        });
        for _ in 0..1000 {
            assert_eq!(client.write(b"1").await.expect("written"), 1);
            assert_eq!(client.read(&mut [0]).await.expect("data"), 1);
        }
        writer.await;
        client.close_write().expect("open");
        assert_eq!(reader.await, 1000);
    }
);

on_every_executor!(
    /// Go: `net.TestReadWriteDeadlineRace`
    read_write_deadline_race,
    |exec: Exec| async move {
        const TIMES: usize = 1000;
        const SOON: Duration = Duration::from_micros(2);
        let (client, server) = pair().await;
        let [moving, reading, writing] = std::array::from_fn(|_| client.clone());
        let mover = exec.spawn(async move {
            for _ in 0..TIMES {
                moving.set_read_deadline(Some(Instant::now() + SOON)).expect("open");
                moving.set_write_deadline(Some(Instant::now() + SOON)).expect("open");
                exec.sleep(SOON).await;
            }
        });
        let reader = exec.spawn(async move {
            for _ in 0..TIMES {
                // Nobody writes to it.
                assert_timed_out(reading.read(&mut [0]).await, "read");
            }
        });
        let writer = exec.spawn(async move {
            let mut written = 0;
            for _ in 0..TIMES {
                match writing.write(b"1").await {
                    Ok(byte) => written += byte,
                    refused => assert_timed_out(refused, "write"),
                }
            }
            written
        });
        mover.await;
        reader.await;
        let written = writer.await;
        // What was written arrives, and what was refused does not.
        client.close().await.expect("closed once");
        let (mut arrived, mut buf) = (0, [0; 64]);
        loop {
            match server.read(&mut buf).await.expect("data, or the end") {
                0 => break,
                more => arrived += more,
            }
        }
        assert_eq!(arrived, written);
    }
);

on_every_executor!(
    /// Go: `net.TestConcurrentSetDeadline`
    concurrent_set_deadline,
    |exec: Exec| async move {
        const CONNS: u64 = 10;
        const TASKS: u64 = 8;
        const TRIES: u64 = 100;
        let mut pairs = Vec::new();
        for _ in 0..CONNS {
            pairs.push(pair().await);
        }
        let conns: Vec<Conn> = pairs.iter().map(|(client, _)| client.clone()).collect();
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for task in 0..TASKS {
            let conns = conns.clone();
            tasks.push(exec.spawn(async move {
                // Each time somewhat earlier.
                for attempt in (1..=TRIES).rev() {
                    for (number, conn) in (0..).zip(&conns) {
                        let later = begun + Duration::from_secs(task * attempt * number);
                        conn.set_read_deadline(Some(later + 2 * FAR)).expect("open");
                        conn.set_write_deadline(Some(later + FAR)).expect("open");
                    }
                }
            }));
        }
        for task in tasks {
            task.await;
        }
        for (client, server) in &pairs {
            // None of those that were set comes in our time.
            server.write(b"1").await.expect("written");
            assert_eq!(client.read(&mut [0]).await.expect("no time-out"), 1);
            assert_eq!(client.write(b"1").await.expect("no time-out"), 1);
        }
        // And each connection's last one does, each in its own time.
        let mut reads = Vec::new();
        for (number, conn) in (0..).zip(conns) {
            let due = Instant::now() + Duration::from_millis(2 * (CONNS - number));
            conn.set_read_deadline(Some(due)).expect("open");
            reads.push(exec.spawn(async move {
                let read = conn.read(&mut [0]).await;
                assert!(Instant::now() >= due, "a deadline fired early");
                read
            }));
        }
        for read in reads {
            assert_timed_out(read.await, "read");
        }
    }
);
