//! What the cases share: peers that echo, pour and swallow, and checks.

use std::time::{Duration, Instant};

use conn::OpError;

use super::NetConn;

/// How much is read and written at once.
pub(super) const CHUNK: usize = 1024;

/// An instant that is over.
pub(super) fn past() -> Instant {
    let now = Instant::now();
    now.checked_sub(Duration::from_secs(3600)).unwrap_or(now)
}

/// `length` bytes in no order that repeats soon, none of them 0xff.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        // An xorshift generator: the same bytes in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 255) as u8
    };
    std::iter::repeat_with(&mut next).take(length).collect()
}

/// Sends back what comes, until the connection ends.
pub(super) async fn echo(conn: impl NetConn) {
    let mut chunk = [0; CHUNK];
    while let Ok(read @ 1..) = conn.read(&mut chunk).await {
        if conn.write(&chunk[..read]).await.is_err() {
            break;
        }
    }
}

/// Writes until the connection ends.
pub(super) async fn pour(conn: impl NetConn) {
    let chunk = noise(CHUNK);
    while conn.write(&chunk).await.is_ok() {}
}

/// Reads until the connection ends; how much came.
pub(super) async fn swallow(conn: impl NetConn) -> usize {
    let (mut chunk, mut swallowed) = ([0; CHUNK], 0);
    while let Ok(read @ 1..) = conn.read(&mut chunk).await {
        swallowed += read;
    }
    swallowed
}

/// Fills `buf`; how much of it, which is less at the end of the stream.
pub(super) async fn read_full(conn: &impl NetConn, buf: &mut [u8]) -> Result<usize, OpError> {
    let mut filled = 0;
    while filled < buf.len() {
        match conn.read(&mut buf[filled..]).await? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Checks that an operation ended because time ran out.
#[track_caller]
pub(super) fn assert_timed_out(result: Result<usize, OpError>) -> OpError {
    match result {
        Ok(count) => panic!("{count} bytes were transferred past the deadline"),
        Err(error) if error.is_timeout() => error,
        Err(error) => panic!("not a time-out: {error}"),
    }
}

/// Clears the deadlines, writes a word and reads it back, from a peer that echoes.
pub(super) async fn round_trip(conn: &impl NetConn) {
    const WORD: &[u8] = b"there and back";
    conn.set_deadline(None).expect("open");
    assert_eq!(conn.write(WORD).await.expect("written"), WORD.len());
    let mut answer = [0; WORD.len()];
    assert_eq!(read_full(conn, &mut answer).await.expect("data"), WORD.len());
    assert_eq!(answer, WORD);
}

/// Clears the deadlines and reads whatever is still under way to and from a peer that echoes: up to the one byte 0xff,
/// which nobody has sent before.
pub(super) async fn resynchronize(conn: &impl NetConn) {
    const MARK: u8 = 0xff;
    conn.set_deadline(None).expect("open");
    let write = async { assert_eq!(conn.write(&[MARK]).await.expect("written"), 1) };
    let read = async {
        let mut chunk = [0; CHUNK];
        loop {
            let read = conn.read(&mut chunk).await.expect("data");
            assert!(read > 0, "the stream ended");
            if let Some(at) = chunk[..read].iter().position(|byte| *byte == MARK) {
                assert_eq!(at + 1, read, "something came behind the last byte");
                break;
            }
        }
    };
    futures::join!(write, read);
}
