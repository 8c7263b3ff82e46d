//! Everything that a connection and a listener can be asked, in the order in which programs do.

use std::time::{Duration, Instant};

use conn::{Conn, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pairs;
use integration_tests::skip::needs_ipv6;
use listener::{Listener, listen};

/// Far enough for no test to get there.
fn far() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(3600))
}

/// Sets every deadline, none of which comes.
fn set_deadlines(conn: &Conn) {
    conn.set_deadline(far()).expect("open");
    conn.set_read_deadline(far()).expect("open");
    conn.set_write_deadline(far()).expect("open");
}

/// Accepts one connection on `network` and sends back what it says first.
async fn answer_one(listener: Listener, network: &'static str) {
    listener.set_deadline(far()).expect("open");
    let conn = listener.accept().await.expect("a connection");
    for end in [conn.local_addr(), conn.remote_addr()] {
        assert_eq!(end.expect("an address").network(), network);
    }
    set_deadlines(&conn);
    let mut buf = [0; 256];
    let read = conn.read(&mut buf).await.expect("data");
    assert_eq!(conn.write(&buf[..read]).await.expect("written"), read);
}

/// Says `word` and reads it back.
async fn ask(conn: &Conn, word: &[u8]) {
    assert_eq!(conn.write(word).await.expect("written"), word.len());
    let mut answer = vec![0; word.len()];
    assert_eq!(conn.read(&mut answer).await.expect("data"), word.len());
    assert_eq!(answer, word);
}

on_every_executor!(
    /// Go: `net.TestConnAndListener`
    conn_and_listener,
    |exec: Exec| async move {
        for (network, address) in [("tcp", "127.0.0.1:0"), ("unix", ""), ("unixpacket", "")] {
            let listener = listen(network, address).await.expect("a listener");
            let addr = listener.addr().expect("a bound listener").clone();
            assert_eq!(addr.network(), network);
            let serving = exec.spawn(answer_one(listener, network));
            let conn = dial(addr.network(), &addr.to_string()).await.expect("a connection");
            for end in [conn.local_addr(), conn.remote_addr()] {
                assert_eq!(end.expect("an address").network(), network);
            }
            set_deadlines(&conn);
            ask(&conn, b"a connection and its listener").await;
            serving.await;
        }
    }
);

on_every_executor!(
    /// Go: `net.TestTCPListenerSpecificMethods`
    tcp_listener_specific_methods,
    |_| async move {
        let listener = listen("tcp4", "127.0.0.1:0").await.expect("a listener");
        assert!(listener.addr().and_then(|addr| addr.port()).is_some_and(|port| port > 0));
        listener.set_deadline(Some(Instant::now() + Duration::from_nanos(30))).expect("open");
        for _ in 0..2 {
            assert!(listener.accept().await.unwrap_err().is_timeout());
        }
        drop(listener.duplicate().expect("another descriptor"));
    }
);

on_every_executor!(
    /// Go: `net.TestTCPConnSpecificMethods`
    tcp_conn_specific_methods,
    |exec: Exec| async move {
        let listener = listen("tcp4", "127.0.0.1:0").await.expect("a listener");
        let address = listener.addr().expect("a bound listener").to_string();
        let serving = exec.spawn(answer_one(listener, "tcp"));
        let conn = dial("tcp4", &address).await.expect("a connection");
        conn.set_keep_alive(false).expect("open");
        conn.set_keep_alive_period(Duration::from_secs(3)).expect("open");
        conn.set_linger(Some(Duration::ZERO)).expect("open");
        conn.set_no_delay(false).expect("open");
        assert!(conn.local_addr().is_some());
        assert_eq!(conn.remote_addr().map(|addr| addr.to_string()), Some(address));
        set_deadlines(&conn);
        ask(&conn, b"what only TCP has").await;
        serving.await;
    }
);

on_every_executor!(
    /// Go: `net.TestZeroByteRead`
    zero_byte_read,
    |_| async move {
        // Nothing is there to be read, and nothing is waited for.
        for (client, server) in pairs().await {
            assert_eq!(client.read(&mut []).await.expect("open"), 0);
            assert_eq!(server.read(&mut []).await.expect("open"), 0);
        }
    }
);

/// Where a server listens, and where its clients dial.
const SERVERS: [(&str, &str, &str, &str); 26] = [
    ("tcp", ":0", "tcp", "127.0.0.1"),
    ("tcp", "0.0.0.0:0", "tcp", "127.0.0.1"),
    ("tcp", "[::ffff:0.0.0.0]:0", "tcp", "127.0.0.1"),
    ("tcp", "[::]:0", "tcp", "::1"),
    ("tcp", ":0", "tcp", "::1"),
    ("tcp", "0.0.0.0:0", "tcp", "::1"),
    ("tcp", "[::ffff:0.0.0.0]:0", "tcp", "::1"),
    ("tcp", "[::]:0", "tcp", "127.0.0.1"),
    ("tcp", ":0", "tcp4", "127.0.0.1"),
    ("tcp", "0.0.0.0:0", "tcp4", "127.0.0.1"),
    ("tcp", "[::ffff:0.0.0.0]:0", "tcp4", "127.0.0.1"),
    ("tcp", "[::]:0", "tcp6", "::1"),
    ("tcp", ":0", "tcp6", "::1"),
    ("tcp", "0.0.0.0:0", "tcp6", "::1"),
    ("tcp", "[::ffff:0.0.0.0]:0", "tcp6", "::1"),
    ("tcp", "[::]:0", "tcp4", "127.0.0.1"),
    ("tcp", "127.0.0.1:0", "tcp", "127.0.0.1"),
    ("tcp", "[::ffff:127.0.0.1]:0", "tcp", "127.0.0.1"),
    ("tcp", "[::1]:0", "tcp", "::1"),
    ("tcp4", ":0", "tcp4", "127.0.0.1"),
    ("tcp4", "0.0.0.0:0", "tcp4", "127.0.0.1"),
    ("tcp4", "[::ffff:0.0.0.0]:0", "tcp4", "127.0.0.1"),
    ("tcp4", "127.0.0.1:0", "tcp4", "127.0.0.1"),
    ("tcp6", ":0", "tcp6", "::1"),
    ("tcp6", "[::]:0", "tcp6", "::1"),
    ("tcp6", "[::1]:0", "tcp6", "::1"),
];

on_every_executor!(
    /// Go: `net.TestTCPServer`
    tcp_server,
    |exec: Exec| async move {
        if !needs_ipv6() {
            return;
        }
        for (listens_on, at, dials_on, host) in SERVERS {
            let listener = listen(listens_on, at).await.expect("a listener");
            let port = listener.addr().and_then(|addr| addr.port()).expect("a bound listener");
            let address = conn::join_host_port(host, &port.to_string());
            // Three accept from one listener at once.
            let serving: Vec<_> =
                (0..3).map(|_| exec.spawn(answer_one(listener.clone(), "tcp"))).collect();
            let mut asking = vec![];
            for _ in 0..3 {
                let conn = match dial(dials_on, &address).await {
                    Ok(conn) => conn,
                    Err(error) => panic!("{listens_on} {at}: {error}"),
                };
                set_deadlines(&conn);
                asking.push(exec.spawn(async move { ask(&conn, b"one of three").await }));
            }
            for task in asking.into_iter().chain(serving) {
                task.await;
            }
        }
    }
);
