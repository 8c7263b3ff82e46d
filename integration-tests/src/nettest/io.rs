//! Bytes that arrive whole and in order, and buffers that belong to their owner again once a call has ended.

use std::time::{Duration, Instant};

use super::NetConn;
use super::helpers::{CHUNK, assert_timed_out, noise, pour, read_full, swallow};
use crate::exec::Exec;

/// How many tasks use one end at once.
const TASKS: u8 = 10;
/// How often each does.
const ROUNDS: usize = 100;

/// What one end writes is what the other reads, up to the close.
///
/// Go: `nettest.testBasicIO`
pub async fn basic_io<C: NetConn>(exec: Exec, one: C, other: C) {
    let sent = noise(1 << 20);
    let expected = sent.clone();
    let writing = exec.spawn(async move {
        for chunk in sent.chunks(CHUNK) {
            assert_eq!(one.write(chunk).await.expect("written"), chunk.len());
        }
        one.close().await.expect("closed once");
    });
    let reading = exec.spawn(async move {
        let (mut received, mut chunk) = (vec![], [0; CHUNK]);
        loop {
            match other.read(&mut chunk).await.expect("data") {
                0 => break,
                read => received.extend_from_slice(&chunk[..read]),
            }
        }
        other.close().await.expect("closed once");
        received
    });
    writing.await;
    assert!(reading.await == expected, "other bytes came than were sent");
}

/// The ends answer each other, a count going up by one each way.
///
/// Go: `nettest.testPingPong`
pub async fn ping_pong<C: NetConn>(exec: Exec, one: C, other: C) {
    const LAST: u64 = 1000;
    /// Returns the last count that came.
    async fn player(conn: impl NetConn) -> u64 {
        let (mut word, mut last) = ([0; 8], None);
        loop {
            let read = read_full(&conn, &mut word).await.expect("data, or the end");
            if read == 0 {
                break;
            }
            assert_eq!(read, word.len(), "a count was cut short");
            let count = u64::from_le_bytes(word);
            if let Some(last) = last {
                assert_eq!(count, last + 2, "a count came out of turn");
            }
            last = Some(count);
            if count == LAST {
                break;
            }
            conn.write(&(count + 1).to_le_bytes()).await.expect("written");
        }
        conn.close().await.expect("closed once");
        last.expect("each end gets a count")
    }
    let players = [exec.spawn(player(one.clone())), exec.spawn(player(other))];
    one.write(&0_u64.to_le_bytes()).await.expect("written");
    let mut last = [0; 2];
    for (last, player) in last.iter_mut().zip(players) {
        *last = player.await;
    }
    last.sort_unstable();
    assert_eq!(last, [LAST - 1, LAST]);
}

/// A buffer can be used again as soon as its read has ended, also by a time-out: nobody writes into it later.
///
/// Go: `nettest.testRacyRead`
pub async fn racy_read<C: NetConn>(exec: Exec, one: C, other: C) {
    const MINE: u8 = 0xff;
    let pouring = exec.spawn(pour(other.clone()));
    let soon = || Some(Instant::now() + Duration::from_millis(1));
    one.set_read_deadline(soon()).expect("open");
    let readers: Vec<_> = (0..TASKS)
        .map(|_| {
            let conn = one.clone();
            exec.spawn(async move {
                let mut buf = [MINE; CHUNK];
                for _ in 0..ROUNDS {
                    let result = conn.read(&mut buf).await;
                    let read = *result.as_ref().unwrap_or(&0);
                    // What is poured has no byte of ours.
                    assert!(!buf[..read].contains(&MINE), "a byte that was counted did not come");
                    buf.fill(MINE);
                    if result.is_err() {
                        assert_timed_out(result);
                        conn.set_read_deadline(soon()).expect("open");
                    }
                    assert!(buf.iter().all(|byte| *byte == MINE), "a read that had ended wrote");
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await;
    }
    other.close().await.expect("closed once");
    pouring.await;
}

/// A buffer can be used again as soon as its write has ended, also by a time-out: what is written is what it held, and as
/// much as was reported.
///
/// Go: `nettest.testRacyWrite`
pub async fn racy_write<C: NetConn>(exec: Exec, one: C, other: C) {
    let swallowing = exec.spawn(swallow(other.clone()));
    let soon = || Some(Instant::now() + Duration::from_millis(1));
    one.set_write_deadline(soon()).expect("open");
    let writers: Vec<_> = (0..TASKS)
        .map(|_| {
            let conn = one.clone();
            exec.spawn(async move {
                let (mut buf, mut written) = ([0; CHUNK], 0);
                for round in 0..ROUNDS {
                    match conn.write(&buf).await {
                        Ok(count) => written += count,
                        Err(error) => {
                            written += error.written();
                            assert_timed_out(Err(error));
                            conn.set_write_deadline(soon()).expect("open");
                        }
                    }
                    buf.fill(round as u8);
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for writer in writers {
        written += writer.await;
    }
    one.close().await.expect("closed once");
    assert_eq!(swallowing.await, written, "other bytes came than were reported as written");
}
