//! What close and its halves do, and what an address is good for afterwards.

use std::time::Duration;

use conn::{Conn, OpError, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::{listening, pairs};
use listener::listen;

/// `error` says that the connection or listener is closed, in the words that programs look for.
#[track_caller]
fn assert_closed<T: std::fmt::Debug>(result: Result<T, OpError>, op: &str) {
    let error = result.unwrap_err();
    assert!(error.is_closed() && error.op() == op, "{error}");
    assert!(error.to_string().ends_with(": use of closed network connection"), "{error}");
}

on_every_executor!(
    /// Go: `net.TestCloseRead`
    close_read,
    |_| async move {
        for (client, server) in pairs().await {
            // A read that was short leaves the next one to wait: also that one ends.
            server.write(b"word").await.expect("written");
            assert_eq!(client.read(&mut [0; 16]).await.expect("data"), 4);
            client.close_read().expect("open");
            assert_eq!(client.read(&mut [0]).await.expect("the end"), 0);
        }
    }
);

on_every_executor!(
    /// Go: `net.TestCloseWrite`
    close_write,
    |exec: Exec| async move {
        for (client, server) in pairs().await {
            let serving = exec.spawn(async move {
                assert_eq!(server.read(&mut [0]).await.expect("the end"), 0);
                server.close_write().expect("open");
                let error = server.write(&[0]).await.unwrap_err();
                assert!(error.to_string().ends_with(": write: broken pipe"), "{error}");
                server
            });
            client.close_write().expect("open");
            assert_eq!(client.read(&mut [0]).await.expect("the end"), 0);
            let error = client.write(&[0]).await.unwrap_err();
            assert!(error.to_string().ends_with(": write: broken pipe"), "{error}");
            serving.await;
        }
    }
);

on_every_executor!(
    /// Go: `net.TestConnClose`
    conn_close,
    |_| async move {
        for (client, _server) in pairs().await {
            client.close().await.expect("closed once");
            assert_closed(client.read(&mut [0]).await, "read");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestListenerClose`
    listener_close,
    |_| async move {
        for (network, address) in [("tcp", "127.0.0.1:0"), ("unix", ""), ("unixpacket", "")] {
            let listener = listen(network, address).await.expect("a listener");
            listener.close().await.expect("closed once");
            assert_closed(listener.accept().await, "accept");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestListenCloseListen`
    listen_close_listen,
    |_| async move {
        // Somebody else on this machine may take the port in between, but not each time.
        let mut errors = vec![];
        for _ in 0..10 {
            let (listener, address) = listening().await;
            listener.close().await.expect("closed once");
            match listen("tcp", &address).await {
                Ok(_) => return,
                Err(error) => errors.push(error.to_string()),
            }
        }
        panic!("{errors:?}");
    }
);

on_every_executor!(
    /// Go: `net.TestClosingListener`
    closing_listener,
    |exec: Exec| async move {
        let mut errors = vec![];
        for _ in 0..10 {
            let (listener, address) = listening().await;
            let accepting = listener.clone();
            let serving = exec.spawn(async move {
                loop {
                    if let Err(error) = accepting.accept().await {
                        return error;
                    }
                }
            });
            exec.sleep(Duration::from_millis(1)).await;
            // The accept that waits does not hold the port.
            listener.close().await.expect("closed once");
            let again = listen("tcp", &address).await;
            assert_closed::<()>(Err(serving.await), "accept");
            match again {
                Ok(_) => return,
                Err(error) => errors.push(error.to_string()),
            }
        }
        panic!("{errors:?}");
    }
);

on_every_executor!(
    /// Go: `net.TestTCPListenAfterClose`
    tcp_listen_after_close,
    |exec: Exec| async move {
        let (listener, address) = listening().await;
        let (first, second) = futures::join!(dial("tcp", &address), dial("tcp", &address));
        let (_first, _second) = (first.expect("a connection"), second.expect("a connection"));
        listener.accept().await.expect("a connection");
        exec.sleep(Duration::from_millis(10)).await;
        listener.close().await.expect("closed once");
        // The second connection stood before the close; it is not accepted any more.
        assert_closed(listener.accept().await, "accept");
    }
);

on_every_executor!(
    /// Go: `net.TestCloseError`
    close_error,
    |_| async move {
        let (listener, address) = listening().await;
        let client = dial("tcp", &address).await.expect("a connection");
        let _server = listener.accept().await.expect("a connection");
        // The halves may be closed again, or the kernel says why not.
        for half in [Conn::close_read, Conn::close_write] {
            half(&client).expect("open");
            for error in [half(&client), half(&client)].into_iter().filter_map(Result::err) {
                assert_eq!(error.op(), "close");
                assert!(error.to_string().ends_with(": shutdown: transport endpoint is not connected"), "{error}");
            }
        }
        client.close().await.expect("closed once");
        listener.close().await.expect("closed once");
        for _ in 0..2 {
            assert_closed(client.close().await, "close");
            assert_closed(client.close_read(), "close");
            assert_closed(client.close_write(), "close");
            assert_closed(listener.close().await, "close");
        }
    }
);
