//! What a program can get wrong: each is an error in Go's words, or a value that is saturated as documented.

use std::time::{Duration, Instant};

use conn::{Conn, OpError, dial};
use futures::FutureExt;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use listener::{Listener, listen};

async fn pair() -> (Listener, Conn, Conn) {
    let listener = listen("tcp", "127.0.0.1:0").await.expect("a listener");
    let address = listener.addr().expect("a bound listener").to_string();
    let (client, server) = futures::join!(dial("tcp", &address), listener.accept());
    (listener, client.expect("a connection"), server.expect("a connection"))
}

/// The farthest instant that this system can name.
fn farthest() -> Instant {
    let mut instant = Instant::now();
    for bit in (0..64).rev() {
        while let Some(later) = instant.checked_add(Duration::from_secs(1 << bit)) {
            instant = later;
        }
    }
    instant
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, OpError>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

on_every_executor!(
    /// Go: `net.TestDialError`
    dial_error,
    |_| async {
        says(dial("udp9", "127.0.0.1:1").await, "dial udp9: unknown network udp9");
        says(dial("", "127.0.0.1:1").await, "dial: unknown network ");
        says(dial("tcp", "127.0.0.1").await, "dial tcp: address 127.0.0.1: missing port in address");
        says(dial("tcp", "").await, "dial tcp: missing address");
        says(dial("tcp", "127.0.0.1:65536").await, "dial tcp: address 65536: invalid port");
        says(dial("tcp", "127.0.0.1:-1").await, "dial tcp: address -1: invalid port");
        says(dial("tcp", "127.0.0.1:☺").await, "dial tcp: lookup tcp/☺: unknown port");
        says(dial("ip:icmp", "127.0.0.1").await, "dial ip:icmp: unknown network ip:icmp");
        says(
            dial("unix", "/no/such/place").await,
            "dial unix /no/such/place: connect: no such file or directory",
        );
        says(dial("tcp", "::1:80").await, "dial tcp: address ::1:80: too many colons in address");
        says(dial("tcp", "[::1:80").await, "dial tcp: address [::1:80: missing ']' in address");
        says(dial("tcp4", "[::1]:80").await, "dial tcp4: address ::1: no suitable address found");
        says(dial("tcp6", "127.0.0.1:80").await, "dial tcp6: address 127.0.0.1: no suitable address found");
        // Whether or not this machine reaches a name server, a name that cannot exist does not resolve.
        let error = dial("tcp", "host.invalid:80").await.unwrap_err().to_string();
        assert!(error.starts_with("dial tcp: lookup host.invalid: "), "{error}");
    }
);

on_every_executor!(
    /// Go: `net.TestListenError`
    listen_error,
    |_| async {
        says(listen("udp9", "127.0.0.1:0").await, "listen udp9: unknown network udp9");
        says(listen("tcp", "127.0.0.1").await, "listen tcp: address 127.0.0.1: missing port in address");
        says(listen("tcp", "127.0.0.1:65536").await, "listen tcp: address 65536: invalid port");
        says(listen("tcp", "127.0.0.1:☺").await, "listen tcp: lookup tcp/☺: unknown port");
        says(
            listen("unix", "/no/such/place").await,
            "listen unix /no/such/place: bind: no such file or directory",
        );
        let error = listen("tcp", "host.invalid:0").await.unwrap_err().to_string();
        assert!(error.starts_with("listen tcp: lookup host.invalid: "), "{error}");
    }
);

on_every_executor!(what_is_done_after_close_says_so, |_| async {
    let (listener, client, _server) = pair().await;
    let ends = format!(
        "{}->{}",
        client.local_addr().expect("an address"),
        client.remote_addr().expect("an address")
    );
    let local = client.local_addr().expect("an address").to_string();
    let closed = |op: &str, ends: &str| format!("{op} tcp {ends}: use of closed network connection");
    client.close().await.expect("closed once");
    says(client.close().await, &closed("close", &ends));
    says(client.read(&mut [0; 8]).await, &closed("read", &ends));
    says(client.read(&mut []).await, &closed("read", &ends));
    says(client.write(b"bytes").await, &closed("write", &ends));
    says(client.write(b"").await, &closed("write", &ends));
    says(client.write_some(b"bytes").await, &closed("write", &ends));
    says(client.close_read(), &closed("close", &ends));
    says(client.close_write(), &closed("close", &ends));
    for deadline in [None, Some(Instant::now()), Some(farthest())] {
        says(client.set_deadline(deadline), &closed("set", &local));
        says(client.set_read_deadline(deadline), &closed("set", &local));
        says(client.set_write_deadline(deadline), &closed("set", &local));
    }
    says(client.set_no_delay(true), &closed("set", &ends));
    says(client.set_keep_alive(true), &closed("set", &ends));
    says(client.set_keep_alive_period(Duration::from_secs(1)), &closed("set", &ends));
    says(client.set_linger(Some(Duration::ZERO)), &closed("set", &ends));
    assert_eq!(client.local_addr().expect("known after close, too").to_string(), local);

    let address = listener.addr().expect("an address").to_string();
    listener.close().await.expect("closed once");
    says(listener.close().await, &closed("close", &address));
    says(listener.accept().await, &closed("accept", &address));
    says(listener.set_deadline(None), &closed("set", &address));
    says(listener.set_deadline(Some(Instant::now())), &closed("set", &address));
});

on_every_executor!(a_deadline_in_the_past_ends_what_waits_and_what_comes, |exec: Exec| async move {
    let (listener, client, server) = pair().await;
    let reader = client.clone();
    let waiting = exec.spawn(async move { reader.read(&mut [0; 8]).await });
    exec.sleep(Duration::from_millis(20)).await;
    let past = Instant::now().checked_sub(Duration::from_secs(3600)).unwrap_or_else(Instant::now);
    client.set_deadline(Some(past)).expect("open");
    assert!(waiting.await.unwrap_err().is_timeout());
    // Also where there is something to read, and room to write.
    server.write(b"bytes").await.expect("written");
    assert!(client.read(&mut [0; 8]).await.unwrap_err().is_timeout());
    let error = client.write(b"bytes").await.unwrap_err();
    assert!(error.is_timeout() && error.written() == 0, "{error}");
    assert!(error.to_string().ends_with(": i/o timeout"), "{error}");
    // Nothing is lost by it.
    client.set_deadline(None).expect("open");
    assert_eq!(client.read(&mut [0; 8]).await.expect("data"), 5);

    listener.set_deadline(Some(past)).expect("open");
    assert!(listener.accept().await.unwrap_err().is_timeout());
});

on_every_executor!(the_farthest_times_are_as_good_as_none, |exec: Exec| async move {
    let (_listener, client, server) = pair().await;
    client.set_deadline(Some(farthest())).expect("open");
    let reader = client.clone();
    let waiting = exec.spawn(async move { reader.read(&mut [0; 8]).await });
    exec.sleep(Duration::from_millis(20)).await;
    server.write(b"bytes").await.expect("written");
    assert_eq!(waiting.await.expect("no time-out"), 5);
    // Saturated to what the kernel takes.
    client.set_linger(Some(Duration::MAX)).expect("saturated");
    client.set_keep_alive_period(Duration::MAX).expect("saturated");
    client.set_keep_alive_period(Duration::ZERO).expect("saturated");
    // A sleep that never ends can be polled and dropped.
    assert_eq!(exec.sleep(Duration::MAX).now_or_never(), None);
    assert_eq!(runtime::sleep(Duration::MAX).now_or_never(), None);
    // What lingers is gone at once, since nothing is left to send.
    client.close().await.expect("closed once");
});
