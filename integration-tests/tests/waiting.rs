//! What ends a wait: data, a close from elsewhere, a deadline that is moved, the peer.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, StreamExt, poll};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::{listening, pair};
use listener::listen;

/// Far enough for no test to get there.
const FAR: Duration = Duration::from_secs(3600);

/// Lets other tasks get to where they wait.
async fn settle(exec: Exec) {
    exec.sleep(Duration::from_millis(20)).await;
}

on_every_executor!(
    /// Go: `net.TestCloseUnblocksRead`
    close_unblocks_read,
    |exec: Exec| async move {
        let (client, _server) = pair().await;
        let reader = client.clone();
        let read = exec.spawn(async move { reader.read(&mut [0; 8]).await });
        settle(exec).await;
        client.close().await.expect("closed once");
        assert!(read.await.unwrap_err().is_closed());
    }
);

on_every_executor!(close_unblocks_a_write_that_waits, |exec: Exec| async move {
    let (client, server) = pair().await;
    let writer = client.clone();
    let write = exec.spawn(async move { writer.write(&vec![1; 64 << 20]).await });
    // Once the first byte is there, the write has begun; it cannot end, for nobody reads on.
    assert_eq!(server.read(&mut [0]).await.expect("data"), 1);
    settle(exec).await;
    client.close().await.expect("closed once");
    let error = write.await.unwrap_err();
    assert!(error.is_closed());
    assert!(error.written() > 0 && error.written() < 64 << 20, "{} bytes went out", error.written());
});

on_every_executor!(close_unblocks_accept, |exec: Exec| async move {
    let listener = listen("tcp", "127.0.0.1:0").await.expect("a listener");
    let accepting = listener.clone();
    let accept = exec.spawn(async move { accepting.accept().await.map(drop) });
    settle(exec).await;
    listener.close().await.expect("closed once");
    assert!(accept.await.unwrap_err().is_closed());
});

on_every_executor!(close_does_not_wait_for_a_read_that_nobody_polls, |_| async move {
    let (client, _server) = pair().await;
    let mut buf = [0; 8];
    let mut read = Box::pin(client.read(&mut buf));
    futures::future::poll_fn(|cx| {
        assert!(read.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    client.close().await.expect("closed once");
    assert!(read.await.unwrap_err().is_closed());
});

on_every_executor!(
    /// Go: `net.TestReadTimeoutUnblocksRead`
    read_timeout_unblocks_read,
    |exec: Exec| async move {
        let (client, _server) = pair().await;
        client.set_read_deadline(Some(Instant::now() + FAR)).expect("open");
        let reader = client.clone();
        let read = exec.spawn(async move { reader.read(&mut [0; 8]).await });
        settle(exec).await;
        client.set_read_deadline(Some(Instant::now())).expect("open");
        assert!(read.await.unwrap_err().is_timeout());
    }
);

on_every_executor!(a_deadline_moved_earlier_fires_at_the_new_time, |exec: Exec| async move {
    let (client, _server) = pair().await;
    client.set_read_deadline(Some(Instant::now() + FAR)).expect("open");
    let reader = client.clone();
    let read = exec.spawn(async move {
        reader.read(&mut [0; 8]).await.map(drop).map_err(|error| (error, Instant::now()))
    });
    settle(exec).await;
    let due = Instant::now() + Duration::from_millis(30);
    client.set_read_deadline(Some(due)).expect("open");
    let (error, ended) = read.await.unwrap_err();
    assert!(error.is_timeout());
    assert!(ended >= due, "a deadline fired early");
});

on_every_executor!(a_deadline_moved_later_or_cleared_does_not_end_the_read, |exec: Exec| async move {
    for new in [None, Some(FAR)] {
        let (client, server) = pair().await;
        let due = Instant::now() + Duration::from_secs(1);
        client.set_read_deadline(Some(due)).expect("open");
        let reader = client.clone();
        let read = exec.spawn(async move { reader.read(&mut [0; 8]).await });
        settle(exec).await;
        client.set_read_deadline(new.map(|delay| Instant::now() + delay)).expect("open");
        exec.sleep(due.saturating_duration_since(Instant::now()) + Duration::from_millis(50)).await;
        server.write(b"late").await.expect("written");
        assert_eq!(read.await.expect("no time-out"), 4);
    }
});

on_every_executor!(readers_of_one_connection_go_in_turn_and_a_close_ends_both, |exec: Exec| async move {
    let (client, server) = pair().await;
    let (tell, mut told) = futures::channel::mpsc::unbounded();
    let mut readers = Vec::new();
    for turn in 0..2 {
        let (conn, tell) = (client.clone(), tell.clone());
        let mut reader = Box::pin(async move {
            let (mut read, mut byte) = (Vec::new(), [0]);
            loop {
                match conn.read(&mut byte).await {
                    Ok(n) => {
                        read.extend_from_slice(&byte[..n]);
                        tell.unbounded_send(turn).expect("the test listens");
                    }
                    Err(error) => return (read, error.is_closed()),
                }
            }
        });
        // The first waits for data before the second comes, which waits for the first.
        assert!(futures::poll!(reader.as_mut()).is_pending());
        readers.push(exec.spawn(reader));
    }
    let sent: Vec<u8> = (0..100).collect();
    server.write(&sent).await.expect("written");
    let mut seen = [false; 2];
    while seen != [true; 2] {
        seen[told.next().await.expect("the readers have their senders")] = true;
    }
    client.close().await.expect("closed once");
    let mut all = Vec::new();
    for (turn, reader) in readers.into_iter().enumerate() {
        let (read, closed) = reader.await;
        assert!(closed, "a reader ended with another error than the closed one");
        assert_eq!(usize::from(read[0]), turn, "the readers did not go in turn");
        assert!(read.is_sorted(), "a reader's bytes came in another order");
        all.extend(read);
    }
    all.sort_unstable();
    assert!(sent.starts_with(&all), "bytes were lost or came twice");
});

on_every_executor!(of_a_hundred_writers_none_is_torn, |exec: Exec| async move {
    const LENGTH: usize = 40_000;
    let (client, server) = pair().await;
    let writers: Vec<_> = (0..100_u8)
        .map(|writer| {
            let conn = client.clone();
            exec.spawn(async move { conn.write(&vec![writer; LENGTH]).await.expect("written") })
        })
        .collect();
    let mut seen = [false; 100];
    let mut piece = vec![0; LENGTH];
    for _ in 0..100 {
        let mut filled = 0;
        while filled < LENGTH {
            filled += server.read(&mut piece[filled..]).await.expect("data");
        }
        assert!(piece.iter().all(|byte| *byte == piece[0]), "a write was torn");
        assert!(!std::mem::replace(&mut seen[usize::from(piece[0])], true), "a write came twice");
    }
    for writer in writers {
        assert_eq!(writer.await, LENGTH);
    }
});

on_every_executor!(reads_go_in_order_though_one_of_them_gives_way, |_: Exec| async move {
    const BYTES: usize = 999;
    let (client, server) = pair().await;
    let sent: Vec<u8> = (0..BYTES).map(|number| number as u8).collect();
    client.write(&sent).await.expect("written");
    while server.peek(&mut [0; BYTES]).await.expect("data") < BYTES {}
    let mut read = Vec::new();
    while read.len() < BYTES {
        let (mut first, mut second) = ([0], [0]);
        {
            let (mut early, mut late) = (pin!(server.read(&mut first)), pin!(server.read(&mut second)));
            let early_is_done = poll!(early.as_mut()).is_ready();
            assert!(early_is_done || poll!(late.as_mut()).is_pending(), "it came later");
            if !early_is_done {
                assert_eq!(early.await.expect("data"), 1);
            }
            assert_eq!(late.await.expect("data"), 1);
        }
        // One more, so that it is not always the same of the two.
        let mut third = [0];
        assert_eq!(server.read(&mut third).await.expect("data"), 1);
        read.extend([first[0], second[0], third[0]]);
    }
    assert_eq!(read, sent);
    // One that is dropped while it gives way leaves the lock to the next.
    client.write(&sent).await.expect("written");
    let mut read = Vec::new();
    while read.len() < BYTES {
        let mut byte = [0];
        if poll!(pin!(server.read(&mut byte))).is_ready() {
            read.push(byte[0]);
        }
    }
    assert_eq!(read, sent);
});

on_every_executor!(reads_that_never_wait_let_others_run, |_: Exec| async move {
    const BYTES: usize = 1000;
    let (client, server) = pair().await;
    client.write(&[1; BYTES]).await.expect("written");
    while server.peek(&mut [0; BYTES]).await.expect("data") < BYTES {}
    // Both are one task's, and the reads come first: unless one of them gives way, the other comes last.
    let left = AtomicUsize::new(BYTES);
    let reads = async {
        while left.load(Relaxed) > 0 {
            let read = server.read(&mut [0]).await.expect("data");
            left.fetch_sub(read, Relaxed);
        }
    };
    let other = async { left.load(Relaxed) };
    let ((), left_then) = futures::join!(reads, other);
    assert!(left_then > 0, "a thousand reads went in one go");
});

on_every_executor!(reads_past_their_deadline_let_others_run, |_: Exec| async move {
    const READS: usize = 1000;
    let (_client, server) = pair().await;
    server.set_read_deadline(Some(Instant::now())).expect("open");
    // This one may wait for it.
    assert!(server.read(&mut [0]).await.expect_err("its deadline passes").is_timeout());
    // Both are one task's, and the reads come first: unless one of them gives way, the other comes last.
    let left = AtomicUsize::new(READS);
    let reads = async {
        while left.load(Relaxed) > 0 {
            assert!(server.read(&mut [0]).await.expect_err("it is past its deadline").is_timeout());
            left.fetch_sub(1, Relaxed);
        }
    };
    let other = async { left.load(Relaxed) };
    let ((), left_then) = futures::join!(reads, other);
    assert!(left_then > 0, "a thousand reads failed in one go");
});

on_every_executor!(writes_that_never_wait_let_others_run, |_: Exec| async move {
    const BYTES: usize = 1000;
    // Beside a read that has nothing to read each time, too: it parks, but its task stays.
    for beside_a_read in [false, true] {
        let (client, _server) = pair().await;
        let left = AtomicUsize::new(BYTES);
        let writes = async {
            while left.load(Relaxed) > 0 {
                if beside_a_read {
                    assert!(poll!(pin!(client.read(&mut [0]))).is_pending());
                }
                let wrote = client.write(b"x").await.expect("room");
                left.fetch_sub(wrote, Relaxed);
            }
        };
        let other = async { left.load(Relaxed) };
        let ((), left_then) = futures::join!(writes, other);
        assert!(left_then > 0, "a thousand writes went in one go");
    }
});

on_every_executor!(a_stream_whose_read_was_dropped_holds_up_other_readers, |exec: Exec| async move {
    for cleared in [false, true] {
        let (client, server) = pair().await;
        let (mut buf, mut others) = ([0; 8], [0; 8]);
        let mut stream = client.clone().into_stream();
        assert!(poll!(stream.read(&mut buf)).is_pending());
        let mut other = pin!(client.read(&mut others));
        assert!(poll!(&mut other).is_pending());
        // Neither a deadline nor data reaches the one that is queued.
        client.set_read_deadline(Some(Instant::now())).expect("open");
        server.write(b"word").await.expect("written");
        settle(exec).await;
        assert!(poll!(&mut other).is_pending());
        if cleared {
            client.set_read_deadline(None).expect("open");
        }
        drop(stream);
        match other.await {
            Ok(read) => assert!(cleared && read == 4),
            Err(error) => assert!(!cleared && error.is_timeout(), "{error}"),
        }
    }
});

on_every_executor!(a_close_ends_what_is_queued_behind_a_stream, |_| async move {
    let (client, _server) = pair().await;
    let (mut buf, mut others) = ([0; 8], [0; 8]);
    let mut stream = client.clone().into_stream();
    assert!(poll!(stream.read(&mut buf)).is_pending());
    let mut other = pin!(client.read(&mut others));
    assert!(poll!(&mut other).is_pending());
    client.close().await.expect("closed once");
    assert!(other.await.unwrap_err().is_closed());
});

on_every_executor!(
    a_stream_of_connections_whose_next_was_dropped_holds_up_other_accepts,
    |exec: Exec| async move {
        let (listener, address) = listening().await;
        let mut incoming = listener.incoming();
        assert!(poll!(incoming.next()).is_pending());
        let mut other = pin!(listener.accept());
        assert!(poll!(&mut other).is_pending());
        listener.set_deadline(Some(Instant::now())).expect("open");
        let _client = conn::dial("tcp", &address).await.expect("a connection");
        settle(exec).await;
        assert!(poll!(&mut other).is_pending());
        drop(incoming);
        assert!(other.await.unwrap_err().is_timeout());
        listener.set_deadline(None).expect("open");
        listener.accept().await.expect("the connection that nobody had");
    }
);
