//! One end in the hands of many tasks: closed under those that use it, and used by every method at once.

use std::time::{Duration, Instant};

use super::NetConn;
use super::helpers::{CHUNK, echo, past, resynchronize, round_trip};
use crate::exec::Exec;

/// A close ends reads and writes that are under way.
///
/// Go: `nettest.testCloseTimeout`
pub async fn close_timeout<C: NetConn>(exec: Exec, one: C, other: C) {
    let echoing = exec.spawn(echo(other));
    one.set_deadline(None).expect("open");
    let reading = exec.spawn({
        let conn = one.clone();
        async move {
            let mut chunk = [0; CHUNK];
            loop {
                match conn.read(&mut chunk).await {
                    Ok(read) => assert!(read > 0, "the stream ended"),
                    Err(error) => return error,
                }
            }
        }
    });
    let writing = exec.spawn({
        let conn = one.clone();
        async move {
            loop {
                if let Err(error) = conn.write(&[0; CHUNK]).await {
                    return error;
                }
            }
        }
    });
    exec.sleep(Duration::from_millis(100)).await;
    one.close().await.expect("closed once");
    for error in [reading.await, writing.await] {
        assert!(error.is_closed(), "{error}");
    }
    echoing.await;
}

/// Every method may be called at any time, from any task, and the connection is whole afterwards.
///
/// Go: `nettest.testConcurrentMethods`
pub async fn concurrent_methods<C: NetConn>(exec: Exec, one: C, other: C) {
    let echoing = exec.spawn(echo(other));
    let mut tasks = vec![];
    // What each call says is of no interest: it depends on what the others do. They all end, since each deadline that is
    // set lies in the past, or nearly so.
    for _ in 0..100 {
        let conn = one.clone();
        tasks.push(exec.spawn(async move { drop(conn.read(&mut [0; CHUNK]).await) }));
        let conn = one.clone();
        tasks.push(exec.spawn(async move { drop(conn.write(&[0; CHUNK]).await) }));
        let conn = one.clone();
        tasks.push(exec.spawn(async move {
            conn.set_deadline(Some(Instant::now() + Duration::from_millis(10))).expect("open");
        }));
        let conn = one.clone();
        tasks.push(exec.spawn(async move { conn.set_read_deadline(Some(past())).expect("open") }));
        let conn = one.clone();
        tasks.push(exec.spawn(async move { conn.set_write_deadline(Some(past())).expect("open") }));
        let conn = one.clone();
        tasks.push(exec.spawn(async move {
            let _ = conn.local_addr();
        }));
        let conn = one.clone();
        tasks.push(exec.spawn(async move {
            let _ = conn.remote_addr();
        }));
    }
    for task in tasks {
        task.await;
    }
    resynchronize(&one).await;
    round_trip(&one).await;
    one.close().await.expect("closed once");
    echoing.await;
}
