//! Deadlines: each direction's own, in the past, moved there under a call that waits, and to come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use conn::OpError;

use super::NetConn;
use super::helpers::{CHUNK, assert_timed_out, echo, past, pour, resynchronize, round_trip, swallow};
use crate::exec::Exec;

/// Long enough for what was started to get to where it waits.
const A_WHILE: Duration = Duration::from_millis(100);

/// Writes until that ends in an error.
async fn write_until_an_error(conn: impl NetConn) -> OpError {
    loop {
        if let Err(error) = conn.write(&[0; CHUNK]).await {
            return error;
        }
    }
}

/// A read that timed out leaves writes alone.
///
/// Go: `nettest.testReadTimeout`
pub async fn read_timeout<C: NetConn>(exec: Exec, one: C, other: C) {
    let swallowing = exec.spawn(swallow(other));
    one.set_read_deadline(Some(past())).expect("open");
    assert_timed_out(one.read(&mut [0; CHUNK]).await);
    assert_eq!(one.write(&[0; CHUNK]).await.expect("written"), CHUNK);
    one.close().await.expect("closed once");
    assert_eq!(swallowing.await, CHUNK);
}

/// A write that timed out leaves reads alone.
///
/// Go: `nettest.testWriteTimeout`
pub async fn write_timeout<C: NetConn>(exec: Exec, one: C, other: C) {
    let pouring = exec.spawn(pour(other.clone()));
    one.set_write_deadline(Some(past())).expect("open");
    assert_eq!(assert_timed_out(one.write(&[0; CHUNK]).await).written(), 0);
    assert!(one.read(&mut [0; CHUNK]).await.expect("data") > 0);
    other.close().await.expect("closed once");
    pouring.await;
}

/// Past a deadline nothing is read or written; once it is cleared, everything is as before.
///
/// Go: `nettest.testPastTimeout`
pub async fn past_timeout<C: NetConn>(exec: Exec, one: C, other: C) {
    let echoing = exec.spawn(echo(other));
    round_trip(&one).await;
    one.set_deadline(Some(past())).expect("open");
    assert_eq!(assert_timed_out(one.write(&[0; CHUNK]).await).written(), 0);
    assert_timed_out(one.read(&mut [0; CHUNK]).await);
    round_trip(&one).await;
    one.close().await.expect("closed once");
    echoing.await;
}

/// A deadline that is moved into the past ends a read and a write that wait, and nothing does before.
///
/// Go: `nettest.testPresentTimeout`
pub async fn present_timeout<C: NetConn>(exec: Exec, one: C, _other: C) {
    let moved = Arc::new(AtomicBool::new(false));
    let reading = exec.spawn({
        let (conn, moved) = (one.clone(), moved.clone());
        async move {
            let read = conn.read(&mut [0; CHUNK]).await;
            assert!(moved.load(SeqCst), "a read ended before its deadline was set");
            assert_timed_out(read);
        }
    });
    let writing = exec.spawn({
        let (conn, moved) = (one.clone(), moved.clone());
        async move {
            let error = write_until_an_error(conn).await;
            assert!(moved.load(SeqCst), "a write ended before its deadline was set");
            assert_timed_out(Err(error));
        }
    });
    exec.sleep(A_WHILE).await;
    moved.store(true, SeqCst);
    one.set_read_deadline(Some(past())).expect("open");
    one.set_write_deadline(Some(past())).expect("open");
    reading.await;
    writing.await;
}

/// A deadline to come ends a read and a write, not before its time; the connection goes on after it.
///
/// Go: `nettest.testFutureTimeout`
pub async fn future_timeout<C: NetConn>(exec: Exec, one: C, other: C) {
    let due = Instant::now() + A_WHILE;
    one.set_deadline(Some(due)).expect("open");
    let reading = exec.spawn({
        let conn = one.clone();
        async move {
            assert_timed_out(conn.read(&mut [0; CHUNK]).await);
            Instant::now()
        }
    });
    let writing = exec.spawn({
        let conn = one.clone();
        async move {
            assert_timed_out(Err(write_until_an_error(conn).await));
            Instant::now()
        }
    });
    assert!(reading.await >= due && writing.await >= due, "a deadline fired early");

    let echoing = exec.spawn(echo(other));
    resynchronize(&one).await;
    round_trip(&one).await;
    one.close().await.expect("closed once");
    echoing.await;
}
