//! Halves of a connection in the hands of several tasks.

use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;

use conn::OpError;
use futures::channel::oneshot;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::{FutureExt, poll};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;

/// `operation`, which says when it waits for the first time.
async fn tell_that_it_waits<F: Future + Unpin>(mut operation: F, waits: oneshot::Sender<()>) -> F::Output {
    let mut waits = Some(waits);
    poll_fn(|cx| {
        let polled = operation.poll_unpin(cx);
        if polled.is_pending()
            && let Some(waits) = waits.take()
        {
            // An error: the test has failed, and nobody listens.
            let _ = waits.send(());
        }
        polled
    })
    .await
}

/// The way back from the ecosystem's error to ours.
#[track_caller]
fn ours(error: &io::Error) -> &OpError {
    let inner = error.get_ref().unwrap_or_else(|| panic!("{error:?} carries nothing"));
    inner.downcast_ref().unwrap_or_else(|| panic!("{inner:?} is not ours"))
}

on_every_executor!(both_directions_go_on_at_once, |exec: Exec| async move {
    const SIZE: usize = 4 << 20;
    let (client, server) = pair().await;
    let mut tasks = vec![];
    for (end, fill) in [(client, 1), (server, 2)] {
        let (mut reader, mut writer) = end.into_split();
        // More than the buffers between hold: neither writer ends unless the other end's reader runs beside it.
        tasks.push(exec.spawn(async move {
            writer.write_all(&vec![fill; SIZE]).await.expect("written");
            writer.close().await.expect("the writing side ends");
        }));
        tasks.push(exec.spawn(async move {
            let mut received = vec![];
            reader.read_to_end(&mut received).await.expect("read");
            assert_eq!(received.len(), SIZE);
            assert!(received.iter().all(|byte| *byte == 3 - fill), "bytes of the wrong direction");
        }));
    }
    futures::future::join_all(tasks).await;
});

on_every_executor!(a_close_ends_both_halves, |exec: Exec| async move {
    // The peer neither reads nor writes, so that both halves come to wait.
    let (conn, _peer) = pair().await;
    let (mut reader, mut writer) = conn.clone().into_split();
    let (reader_waits, is_waiting) = oneshot::channel();
    let reader = exec
        .spawn(async move { tell_that_it_waits(reader.read(&mut [0; 8]), reader_waits).await.unwrap_err() });
    let (writer_waits, is_full) = oneshot::channel();
    let writer = exec.spawn(async move {
        let endless = vec![0; 64 << 20];
        tell_that_it_waits(writer.write_all(&endless), writer_waits).await.unwrap_err()
    });
    let closer = exec.spawn(async move {
        is_waiting.await.expect("the reader lives");
        is_full.await.expect("the writer lives");
        conn.close().await.expect("the first close");
    });
    let (read, written, ()) = futures::join!(reader, writer, closer);
    for (error, op) in [(&read, "read"), (&written, "write")] {
        let error = ours(error);
        assert!(error.is_closed(), "{error}");
        assert!(error.to_string().starts_with(&format!("{op} tcp 127.0.0.1:")), "{error}");
    }
});

on_every_executor!(readers_are_served_in_the_order_in_which_they_came, |_| async move {
    let (client, server) = pair().await;
    let (mut first, _) = client.clone().into_split();
    let (mut second, _) = client.clone().into_split();
    let (mut third, _) = client.into_split();
    let (mut a, mut b, mut c) = ([0], [0], [0]);
    let mut one = first.read(&mut a);
    let mut two = second.read(&mut b);
    assert!(poll!(&mut one).is_pending());
    assert!(poll!(&mut two).is_pending());
    {
        let mut leaves = third.read(&mut c);
        assert!(poll!(&mut leaves).is_pending());
    }
    server.write(b"abc").await.expect("written");
    // There is data, and it is the first one's turn.
    assert!(poll!(&mut two).is_pending(), "the second went ahead of the first");
    assert_eq!(one.await.expect("read"), 1);
    // The third has come before the first came again; its future is gone, and its place is its half's.
    let mut again = first.read(&mut a);
    assert!(poll!(&mut again).is_pending());
    assert_eq!(two.await.expect("read"), 1);
    assert!(poll!(&mut again).is_pending(), "the first went ahead of the third");
    drop(third);
    assert_eq!(again.await.expect("read"), 1);
    assert_eq!([a, b], [*b"c", *b"b"]);
});

on_every_executor!(writers_are_served_in_the_order_in_which_they_came, |_| async move {
    let (client, server) = pair().await;
    let (_, mut first) = client.clone().into_split();
    let (_, mut second) = client.into_split();
    let chunk = vec![1; 1 << 20];
    let mut sent = 0;
    let mut full = loop {
        let mut write = first.write(&chunk);
        match poll!(&mut write) {
            Poll::Ready(written) => sent += written.expect("written"),
            Poll::Pending => break first.write(&chunk),
        }
    };
    let mut behind = second.write(&[2]);
    assert!(poll!(&mut behind).is_pending(), "nothing fits, or it went ahead");
    let mut received = vec![0; sent];
    let (mut reader, _) = server.into_split();
    reader.read_exact(&mut received).await.expect("read");
    // There is room, and it is the first one's turn.
    assert!(poll!(&mut behind).is_pending(), "the second went ahead of the first");
    sent = (&mut full).await.expect("written");
    assert_eq!(behind.await.expect("written"), 1);
    drop((first, second));
    received.clear();
    reader.read_to_end(&mut received).await.expect("read");
    assert_eq!(received.len(), sent + 1);
    assert_eq!(received.iter().position(|byte| *byte == 2), Some(sent), "out of order");
});
