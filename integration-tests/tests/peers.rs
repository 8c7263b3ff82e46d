//! Peers that behave badly, or not at all, and programs that share a poller.

use std::time::{Duration, Instant};

use conn::{Conn, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::{listening, pair};
use listener::Listener;

/// Sends a word and waits for it to come back.
async fn ask(conn: &Conn) {
    conn.write(b"word").await.expect("written");
    let mut answer = [0; 4];
    let mut filled = 0;
    while filled < 4 {
        let read = conn.read(&mut answer[filled..]).await.expect("data");
        assert!(read > 0, "the answer ended early");
        filled += read;
    }
    assert_eq!(&answer, b"word");
}

async fn echo(conn: Conn) {
    let mut buf = [0; 64];
    while let Ok(read @ 1..) = conn.read(&mut buf).await {
        conn.write(&buf[..read]).await.expect("written");
    }
}

/// Echoes to whoever connects, until the listener is closed.
async fn serve(exec: Exec, listener: Listener) {
    while let Ok(conn) = listener.accept().await {
        drop(exec.spawn(echo(conn)));
    }
}

on_every_executor!(a_reset_is_an_error, |_| async move {
    let (client, server) = pair().await;
    client.set_linger(Some(Duration::ZERO)).expect("open");
    client.close().await.expect("closed once");
    let error = server.read(&mut [0; 8]).await.unwrap_err();
    assert!(error.to_string().ends_with(": read: connection reset by peer"), "{error}");
});

on_every_executor!(a_half_closed_connection_is_open_the_other_way, |_| async move {
    let (client, server) = pair().await;
    client.close_write().expect("open");
    assert_eq!(server.read(&mut [0; 8]).await.expect("the end"), 0);
    server.write(b"still here").await.expect("the other direction is open");
    assert_eq!(client.read(&mut [0; 16]).await.expect("data"), 10);
});

on_every_executor!(a_client_that_says_nothing_holds_nobody_up, |exec: Exec| async move {
    let (listener, address) = listening().await;
    let server = exec.spawn(serve(exec, listener.clone()));
    let silent = dial("tcp", &address).await.expect("a connection");
    // Others are served meanwhile.
    for _ in 0..10 {
        ask(&dial("tcp", &address).await.expect("a connection")).await;
    }
    // And it is served too, once it says something.
    ask(&silent).await;
    listener.close().await.expect("closed once");
    server.await;
});

on_every_executor!(a_deadline_ends_the_wait_for_a_client_that_says_nothing, |_| async move {
    let (_silent, server) = pair().await;
    let due = Instant::now() + Duration::from_millis(20);
    server.set_read_deadline(Some(due)).expect("open");
    assert!(server.read(&mut [0; 8]).await.unwrap_err().is_timeout());
    assert!(Instant::now() >= due, "a deadline fired early");
});

#[test]
fn one_poller_serves_every_executor_at_once() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("tokio starts");
    let (listener, address) = runtime::block_on(listening());
    let server = runtime::go(serve(Exec::Runtime, listener.clone()));
    let talk = |address: String| async move {
        let conn = dial("tcp", &address).await.expect("a connection");
        for _ in 0..200 {
            ask(&conn).await;
        }
    };
    let on_tokio = tokio.spawn(talk(address.clone()));
    let bare = {
        let talk = talk(address.clone());
        std::thread::spawn(move || futures::executor::block_on(talk))
    };
    runtime::block_on(talk(address));
    bare.join().expect("the thread does not panic");
    tokio.block_on(on_tokio).expect("the task ends");
    runtime::block_on(listener.close()).expect("closed once");
    runtime::block_on(server).expect("the server ends");
}
