//! Waiting without a buffer, and looking without taking.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::AsyncRead;

use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;

on_every_executor!(readable_sees_data_that_is_there_already_and_data_that_comes, |exec: Exec| async move {
    let (client, server) = pair().await;
    let mut buf = [0; 64];
    for round in 0..3 {
        client.write(b"abc").await.expect("written");
        server.readable().await.expect("data that comes");
        // Again, though no edge tells of it any more.
        server.readable().await.expect("data that is there");
        assert_eq!(server.peek(&mut buf).await.expect("data"), 3, "round {round}");
        assert_eq!(server.read(&mut buf[..1]).await.expect("data"), 1);
        server.readable().await.expect("what is left");
        // A short read: the next one skips its try.
        assert_eq!(server.read(&mut buf).await.expect("data"), 2);
        let waits = server.clone();
        let mut waits = exec.spawn(async move { waits.readable().await });
        assert!(futures::poll!(&mut waits).is_pending(), "there is nothing");
        client.write(b"d").await.expect("written");
        waits.await.expect("data that comes");
        assert_eq!(server.read(&mut buf).await.expect("data"), 1);
    }
    client.close().await.expect("closed once");
    server.readable().await.expect("the end is something to read");
    assert_eq!(server.peek(&mut buf).await.expect("the end"), 0);
    assert_eq!(server.read(&mut buf).await.expect("the end"), 0);
});

on_every_executor!(a_peek_takes_nothing, |_| async move {
    let (client, server) = pair().await;
    client.write(b"hello").await.expect("written");
    let mut buf = [0; 8];
    for _ in 0..3 {
        assert_eq!(server.peek(&mut buf).await.expect("data"), 5);
        assert_eq!(server.peek(&mut buf[..2]).await.expect("data"), 2);
    }
    assert_eq!(server.read(&mut buf).await.expect("data"), 5);
    assert_eq!(&buf[..5], b"hello");
});

on_every_executor!(writable_waits_for_room, |exec: Exec| async move {
    let (client, server) = pair().await;
    client.writable().await.expect("an empty buffer has room");
    // Until the socket takes no more.
    let chunk = vec![0; 1 << 20];
    let mut sent = 0;
    loop {
        client.set_write_deadline(Some(Instant::now() + Duration::from_millis(50))).expect("open");
        match client.write_some(&chunk).await {
            Ok(more) => sent += more,
            Err(error) if error.is_timeout() => break,
            Err(error) => panic!("{error}"),
        }
    }
    client.set_write_deadline(None).expect("open");
    let waits = client.clone();
    let waits = exec.spawn(async move { waits.writable().await });
    let mut left = sent;
    let mut buf = vec![0; 1 << 20];
    while left > 0 {
        left -= server.read(&mut buf).await.expect("data");
    }
    waits.await.expect("room again");
});

on_every_executor!(a_close_and_a_deadline_end_these_waits_too, |exec: Exec| async move {
    let (client, _server) = pair().await;
    client.set_read_deadline(Some(Instant::now())).expect("open");
    assert!(client.readable().await.expect_err("past").is_timeout());
    assert!(client.peek(&mut [0]).await.expect_err("past").is_timeout());
    client.set_read_deadline(None).expect("open");
    let waits = client.clone();
    let mut waits = exec.spawn(async move { waits.readable().await });
    assert!(futures::poll!(&mut waits).is_pending());
    client.close().await.expect("closed once");
    assert!(waits.await.expect_err("closed").is_closed());
    assert!(client.writable().await.expect_err("closed").is_closed());
});

on_every_executor!(an_empty_read_returns_at_once_over_one_that_is_pending, |_| async move {
    let (client, server) = pair().await;
    let mut stream = client.clone().into_stream();
    let mut buf = [0; 8];
    let mut read = async |buf: &mut [u8]| {
        futures::poll!(poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, buf))).map_err(|error| error.kind())
    };
    assert!(read(&mut buf).await.is_pending());
    assert_eq!(read(&mut []).await, Poll::Ready(Ok(0)));
    // Past deadline or not, and the one that is pending goes on.
    client.set_read_deadline(Some(Instant::now())).expect("open");
    assert_eq!(read(&mut []).await, Poll::Ready(Ok(0)));
    client.set_read_deadline(None).expect("open");
    client.close().await.expect("closed once");
    assert!(matches!(read(&mut []).await, Poll::Ready(Err(_))), "it is closed");
    drop(server);
});
