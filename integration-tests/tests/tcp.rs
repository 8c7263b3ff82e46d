//! TCP under load: many who accept, long talks, large transfers, copies, and writers that nobody reads.

use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use conn::{Conn, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::{listening, pair};

/// Fills `buf`; how much of it, which is less at the end of the stream.
async fn read_full(conn: &Conn, buf: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buf.len() {
        match conn.read(&mut buf[filled..]).await.expect("data, or the end") {
            0 => break,
            read => filled += read,
        }
    }
    filled
}

on_every_executor!(
    /// Go: `net.TestTCPConcurrentAccept`
    tcp_concurrent_accept,
    |exec: Exec| async move {
        const ACCEPTING: usize = 10;
        let (listener, address) = listening().await;
        let acceptors: Vec<_> = (0..ACCEPTING)
            .map(|_| {
                let listener = listener.clone();
                exec.spawn(async move {
                    let mut accepted = 0;
                    loop {
                        match listener.accept().await {
                            Ok(_) => accepted += 1,
                            Err(error) => {
                                assert!(error.is_closed(), "{error}");
                                return accepted;
                            }
                        }
                    }
                })
            })
            .collect();
        for _ in 0..10 * ACCEPTING {
            let conn = dial("tcp", &address).await.expect("a connection");
            // The peer closes without a word.
            assert_eq!(conn.read(&mut [0]).await.expect("the end"), 0);
        }
        listener.close().await.expect("closed once");
        let mut accepted = 0;
        for acceptor in acceptors {
            accepted += acceptor.await;
        }
        assert_eq!(accepted, 10 * ACCEPTING);
    }
);

on_every_executor!(
    /// Go: `net.TestTCPStress`
    tcp_stress,
    |exec: Exec| async move {
        const CONNS: usize = 2;
        const LENGTH: usize = 512;
        const MESSAGES: usize = 2000;
        let (listener, address) = listening().await;
        let mut tasks = vec![];
        for number in 0..CONNS {
            let (client, server) = futures::join!(dial("tcp", &address), listener.accept());
            let (client, server) = (client.expect("a connection"), server.expect("a connection"));
            tasks.push(exec.spawn(async move {
                let mut message = [0; LENGTH];
                for _ in 0..MESSAGES {
                    assert_eq!(read_full(&server, &mut message).await, LENGTH);
                    assert_eq!(server.write(&message).await.expect("written"), LENGTH);
                }
            }));
            tasks.push(exec.spawn(async move {
                let mut answer = [0; LENGTH];
                for turn in 0..MESSAGES {
                    let message = [(turn + number) as u8; LENGTH];
                    assert_eq!(client.write(&message).await.expect("written"), LENGTH);
                    assert_eq!(read_full(&client, &mut answer).await, LENGTH);
                    assert_eq!(answer, message);
                }
            }));
        }
        for task in tasks {
            task.await;
        }
    }
);

/// One write of more than 32 bits can count, and reads into a buffer that is as long.
///
/// Go: `net.TestTCPBig`
#[test]
fn tcp_big() {
    const LENGTH: usize = (5 << 30) + (1 << 20);
    Exec::Runtime.run(async {
        let (client, server) = pair().await;
        // Zeros that nobody has touched take no memory.
        let writing = Exec::Runtime.spawn(async move {
            assert_eq!(server.write(&vec![0; LENGTH]).await.expect("written"), LENGTH);
        });
        let (mut buf, mut received) = (vec![0; LENGTH], 0);
        loop {
            match client.read(&mut buf).await.expect("data, or the end") {
                0 => break,
                read => received += read,
            }
        }
        assert_eq!(received, LENGTH);
        writing.await;
    });
}

on_every_executor!(
    /// Go: `net.TestCopyPipeIntoTCP`
    copy_pipe_into_tcp,
    |exec: Exec| async move {
        let (client, server) = pair().await;
        let reading = exec.spawn(async move {
            let mut buf = [0; 100];
            let read = read_full(&server, &mut buf).await;
            buf[..read].to_vec()
        });
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let writing = std::thread::spawn(move || {
            writer.write_all(b"1").expect("written");
            // Two pieces, so that the copy finds the pipe empty in between, and then ended.
            std::thread::sleep(Duration::from_millis(100));
            writer.write_all(b"2").expect("written");
        });
        let pipe = File::from(OwnedFd::from(reader));
        assert_eq!(client.copy_from(&pipe, None).await.expect("copied"), 2);
        client.close().await.expect("closed once");
        assert_eq!(reading.await, b"12");
        writing.join().expect("the thread does not panic");
    }
);

on_every_executor!(
    /// Go: `net.TestEndlessWrite`
    endless_write,
    |_| async move {
        let (client, server) = pair().await;
        // The peer ends its own side, which the poller tells of; it reads nothing and closes nothing.
        server.close_write().expect("open");
        let piece = [b'a'; 8192];
        let (error, waits) = loop {
            let mut write = pin!(client.write_some(&piece));
            let mut waits = 0;
            let written = poll_fn(|cx| {
                let polled = write.as_mut().poll(cx);
                if polled.is_pending() {
                    if waits == 0 {
                        // Nothing else ends this.
                        let due = Instant::now() + Duration::from_millis(20);
                        client.set_write_deadline(Some(due)).expect("open");
                    }
                    waits += 1;
                    if waits > 20 {
                        return Poll::Ready(Ok(0));
                    }
                }
                polled
            })
            .await;
            match written {
                Ok(0) => panic!("a writer is woken over and over, with no room to write"),
                Ok(_) => {}
                Err(error) => break (error, waits),
            }
        };
        assert!(error.is_timeout(), "{error}");
        assert!(waits > 0, "a write timed out without having waited");
    }
);
