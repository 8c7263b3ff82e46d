//! Writes of several pieces, and of buffers that keep their own progress.

use std::io::{IoSlice, IoSliceMut, Read};
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use conn::{Buffers, Error};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;

use crate::{NETWORKS, pair_on, pattern, read_all};

/// Go: `net.TestBuffers_read`
#[test]
fn buffers_read() {
    let mut buffers = Buffers::from_iter(["once", "", " upon", " a time"]);
    let mut text = String::new();
    buffers.read_to_string(&mut text).expect("memory cannot fail");
    assert_eq!(text, "once upon a time");
    assert_eq!((buffers.remaining(), buffers.pieces().count()), (0, 0), "what was read is gone");
}

/// Go: `net.TestBuffers_consume`, `poll.TestConsume`
#[test]
fn buffers_consume() {
    let cases: [(&[&str], usize, &[&str]); 7] = [
        (&["foo", "bar"], 0, &["foo", "bar"]),
        (&["foo", "bar"], 2, &["o", "bar"]),
        (&["foo", "bar"], 3, &["bar"]),
        (&["foo", "bar"], 4, &["ar"]),
        (&["foo", "", "", "bar"], 3, &["bar"]),
        (&["foo", "bar"], 6, &[]),
        (&[], 0, &[]),
    ];
    for (before, count, after) in cases {
        let mut buffers = Buffers::from_iter(before.iter().copied());
        buffers.advance(count);
        let left: Vec<_> = buffers.pieces().filter(|piece| !piece.is_empty()).collect();
        assert_eq!(left, after, "{before:?} after {count}");
    }
}

#[test]
#[should_panic = "advanced 1 bytes past the end"]
fn nobody_advances_past_the_end() {
    Buffers::from_iter(["foo"]).advance(4);
}

on_every_executor!(
    /// Go: `net.TestBuffers_WriteTo`
    buffers_write_to,
    |exec: Exec| async move {
        for (network, address) in NETWORKS {
            // Fewer pieces than one call takes, as many, more, and far more than the socket takes at once.
            for (count, length) in [(0, 0), (1, 1), (2, 3), (64, 100), (65, 100), (1025, 7), (300, 20_000)] {
                let Some((client, server)) = pair_on(network, address).await else { continue };
                let data = pattern(count * length);
                let mut buffers: Buffers = data.chunks(length.max(1)).map(<[u8]>::to_vec).collect();
                let reader = exec.spawn(async move { read_all(&server).await });
                assert_eq!(client.write_all_from(&mut buffers).await.expect("written"), data.len());
                assert_eq!(buffers.remaining(), 0);
                client.close().await.expect("closed once");
                assert!(reader.await == data, "{network}: {count} pieces of {length} bytes");
            }
        }
    }
);

on_every_executor!(as_many_pieces_as_a_call_takes_are_one_packet, |_| async move {
    let (client, server) = pair_on("unixpacket", "").await.expect("Linux has them");
    for (count, packets) in [(1, &[1][..]), (64, &[64]), (100, &[100]), (1500, &[1024, 476])] {
        let mut buffers = Buffers::from_iter(vec!["x"; count]);
        assert_eq!(client.write_all_from(&mut buffers).await.expect("written"), count);
        for packet in packets {
            assert_eq!(server.read(&mut [0; 2000]).await.expect("a packet"), *packet, "of {count}");
        }
    }
});

on_every_executor!(
    /// Go: `net.TestWritevError`
    writev_error,
    |_| async move {
        let (client, server) = pair().await;
        // A reset, not an end: what was written is unread.
        client.write(b"unread").await.expect("written");
        server.readable().await.expect("the data");
        server.close().await.expect("closed once");
        let mut buffers = Buffers::from_iter(["a piece, ".repeat(1 << 20), "and another".repeat(1 << 20)]);
        let before = buffers.remaining();
        let error = client.write_all_from(&mut buffers).await.expect_err("the peer is gone");
        assert_eq!(error.op(), "write");
        assert_eq!(before - buffers.remaining(), error.written(), "the buffer and the error agree");
    }
);

on_every_executor!(a_vectored_write_takes_its_pieces_in_order, |_| async move {
    let (client, server) = pair().await;
    let pieces = ["", "one ", "", "two ", "three"].map(|piece| IoSlice::new(piece.as_bytes()));
    assert_eq!(client.write_vectored(&pieces).await.expect("written"), 13);
    assert_eq!(client.write_vectored(&[]).await.expect("nothing to write"), 0);
    client.close().await.expect("closed once");
    assert_eq!(read_all(&server).await, b"one two three");
});

on_every_executor!(a_dropped_write_leaves_in_the_buffer_what_was_not_written, |exec: Exec| async move {
    let (client, server) = pair().await;
    let data = pattern(32 << 20);
    let mut cursor = std::io::Cursor::new(data.clone());
    {
        let mut write = Box::pin(client.write_all_from(&mut cursor));
        assert!(futures::poll!(write.as_mut()).is_pending(), "no socket holds so much");
    }
    let written = usize::try_from(cursor.position()).expect("it fits");
    assert!(0 < written && written < data.len(), "{written} bytes went out");
    let reader = exec.spawn(async move { read_all(&server).await });
    let rest = client.write_all_from(&mut cursor).await.expect("written");
    assert_eq!(written + rest, data.len());
    client.close().await.expect("closed once");
    assert!(reader.await == data, "nothing was lost, and nothing came twice");
});

on_every_executor!(a_buffer_is_read_into_as_far_as_it_has_room, |_| async move {
    let (client, server) = pair().await;
    client.write(b"hello world").await.expect("written");
    let mut buf = BytesMut::with_capacity(64);
    assert_eq!(server.read_buf(&mut (&mut buf).limit(5)).await.expect("data"), 5);
    assert_eq!(&buf[..], b"hello");
    assert_eq!(server.read_buf(&mut buf).await.expect("data"), 6);
    assert_eq!(&buf[..], b"hello world");
    // No room: nothing is read, and nothing waited for.
    assert_eq!(server.read_buf(&mut (&mut buf).limit(0)).await.expect("at once"), 0);
    let mut part = &b"all of it"[..];
    assert_eq!(client.write_buf(&mut part).await.expect("written"), 9);
    assert!(!part.has_remaining());
});

on_every_executor!(empty_pieces_are_no_end, |_| async move {
    let (client, server) = pair().await;
    let empty = [IoSlice::new(&[]); 100];
    let pieces: Vec<_> = empty.into_iter().chain([IoSlice::new(b"data")]).collect();
    assert_eq!(client.write_vectored(&pieces).await.expect("written"), 4);
    let (mut none, mut one, mut more) = ([0; 0], [0; 1], [0; 8]);
    let bufs = &mut [&mut none[..], &mut one, &mut more].map(IoSliceMut::new);
    assert_eq!(server.read_vectored(bufs).await.expect("data"), 4);
    assert_eq!((&one, &more[..3]), (b"d", &b"ata"[..]));
    assert_eq!(server.read_vectored(&mut []).await.expect("no room"), 0);
    client.close().await.expect("closed once");
    assert_eq!(server.read_vectored(&mut [IoSliceMut::new(&mut more)]).await.expect("the end"), 0);
});

on_every_executor!(a_buffer_is_filled_however_the_data_comes, |exec: Exec| async move {
    for (network, address) in NETWORKS {
        let Some((client, server)) = pair_on(network, address).await else { continue };
        let (told, tells) = futures::channel::oneshot::channel();
        let reader = exec.spawn(async move {
            let mut head = [0; 4];
            assert_eq!(server.read_full(&mut head.as_mut_slice()).await.expect("data"), 4);
            assert_eq!(&head, b"head");
            told.send(()).expect("the test listens");
            let mut body = BytesMut::new().limit(8);
            assert_eq!(server.read_full(&mut body).await.expect("data"), 8);
            assert_eq!(&body.into_inner()[..], b"and body");
            // The end between two messages, and a buffer without room.
            assert_eq!(server.read_full(&mut head.as_mut_slice()).await.expect("the end"), 0);
            assert_eq!(server.read_full(&mut &mut head[..0]).await.expect("no room"), 0);
        });
        client.write(b"he").await.expect("written");
        client.write(b"adan").await.expect("written");
        tells.await.expect("the head has come");
        client.write(b"d body").await.expect("written");
        client.close().await.expect("closed once");
        reader.await;
    }
});

on_every_executor!(what_was_read_before_an_error_is_in_the_buffer, |_| async move {
    let (client, server) = pair().await;
    client.write(b"hal").await.expect("written");
    while server.peek(&mut [0; 3]).await.expect("data") < 3 {}
    let mut buf = BytesMut::new().limit(8);
    {
        let mut read = pin!(server.read_full(&mut buf));
        // It gives way before it has tried, at most.
        assert!(futures::poll!(read.as_mut()).is_pending() && futures::poll!(read.as_mut()).is_pending());
        server.set_read_deadline(Some(Instant::now() + Duration::from_millis(1))).expect("it is open");
        let error = read.await.expect_err("past the deadline");
        assert!(error.is_timeout(), "{error}");
    }
    assert_eq!(&buf.get_ref()[..], b"hal");
    server.set_read_deadline(None).expect("it is open");
    client.write(b"f a ").await.expect("written");
    client.close().await.expect("closed once");
    let error = server.read_full(&mut buf).await.expect_err("the end comes too soon");
    assert_eq!(*error.cause(), Error::UnexpectedEof, "{error}");
    assert_eq!(&buf.get_ref()[..], b"half a ");
    assert_eq!(server.read_full(&mut buf).await.expect("the end"), 0);
});

/// Into pieces of one byte, each of which takes a call, though all data is there: after 128 calls others have a turn, and the
/// deadline is looked at.
#[test]
fn who_fills_a_buffer_of_many_pieces_gives_way_once_in_a_while() {
    let mut filled = [0; 300];
    let mut pieces: Box<dyn BufMut> = Box::new(&mut [][..] as &mut [u8]);
    for piece in filled.chunks_mut(1).rev() {
        pieces = Box::new(piece.chain_mut(pieces));
    }
    futures::executor::block_on(async {
        let (client, server) = pair().await;
        client.write(&pattern(300)).await.expect("written");
        while server.peek(&mut [0; 300]).await.expect("data") < 300 {}
        {
            let mut read = pin!(server.read_full(&mut pieces));
            assert!(futures::poll!(read.as_mut()).is_pending());
            let past = Instant::now() - Duration::from_secs(1);
            server.set_read_deadline(Some(past)).expect("it is open");
            assert!(read.await.expect_err("past the deadline").is_timeout());
        }
        assert_eq!(pieces.remaining_mut(), 300 - 2 * 128);
        server.set_read_deadline(None).expect("it is open");
        assert_eq!(server.read_full(&mut pieces).await.expect("the rest"), 300 - 2 * 128);
    });
    drop(pieces);
    assert_eq!(&filled[..], pattern(300));
}

on_every_executor!(who_fills_a_buffer_is_alone_until_it_is_full, |exec: Exec| async move {
    let (client, server) = pair().await;
    let readers = (0..4).map(|_| {
        let server = server.clone();
        exec.spawn(async move {
            let mut buf = [0; 4];
            assert_eq!(server.read_full(&mut buf.as_mut_slice()).await.expect("data"), 4);
            buf
        })
    });
    let readers: Vec<_> = readers.collect();
    client.set_no_delay(true).expect("it is open");
    for byte in 0..16_u8 {
        client.write(&[byte]).await.expect("written");
        // Time for a reader to take it: without, the test shows less.
        runtime::sleep(Duration::from_millis(2)).await;
    }
    let mut read = futures::future::join_all(readers).await;
    read.sort_unstable();
    assert_eq!(read, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]);
});
