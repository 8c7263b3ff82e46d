//! Addresses that mean something on one interface only. Loopback has none of them, so each test runs itself again in a
//! network namespace of its own, where it has.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use conn::{Addr, Conn, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::skip::{kernel_has, needs};
use listener::listen;

/// Set in the namespace.
const INSIDE: &str = "LINK_LOCAL_INSIDE";

/// Whether this is the namespace. Outside of it the test is run again inside, and has to pass there.
fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !needs("unshare") || !needs("ip") {
        return false;
    }
    let mut probe = Command::new("unshare");
    let may =
        probe.args(["--net", "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !kernel_has("network namespace for this user", may) {
        return false;
    }
    let set_up = "ip link set lo up && ip -6 addr add fe80::1/64 dev lo nodad && exec \"$0\" \"$@\"";
    let this = std::env::current_exe().expect("the test's own path");
    let again = Command::new("unshare")
        .args(["--net", "sh", "-c", set_up])
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare runs");
    let text = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{text}{}", String::from_utf8_lossy(&again.stderr));
    assert!(text.contains("1 passed"), "it was not run: {text}");
    false
}

/// The interface of an address.
fn scope(addr: Option<&Addr>) -> u32 {
    match addr.and_then(Addr::as_socket_addr) {
        Some(SocketAddr::V6(addr)) => addr.scope_id(),
        other => panic!("{other:?} is no address of IPv6"),
    }
}

/// What one end writes, the other reads.
async fn exchange(from: &Conn, to: &Conn) {
    from.write(b"hello").await.expect("written");
    assert_eq!(to.read(&mut [0; 8]).await.expect("data"), 5);
}

on_every_executor!(
    /// Go: `net.TestIPv6LinkLocalUnicastTCP`
    ipv6_link_local_unicast_tcp,
    |exec: Exec| async move {
        let name = format!("ipv6_link_local_unicast_tcp::{exec:?}").to_lowercase();
        if !inside(&name) {
            return;
        }
        for (network, address) in
            [("tcp", "[fe80::1%lo]:0"), ("tcp6", "[fe80::1%lo]:0"), ("tcp", "[fe80::1%1]:0"), ("tcp6", "[::]:0")]
        {
            let listener = listen(network, address).await.expect("a listener");
            let port = listener.addr().and_then(Addr::port).expect("a bound listener");
            for host in ["fe80::1%lo", "fe80::1%1"] {
                let to = format!("[{host}]:{port}");
                let (client, server) = futures::join!(dial(network, &to), listener.accept());
                let (client, server) = (client.expect("a connection"), server.expect("a connection"));
                // Both ends know the interface, which the address alone does not tell.
                for addr in [client.remote_addr(), client.local_addr(), server.local_addr(), server.remote_addr()] {
                    assert_eq!(scope(addr), 1, "{network} {address}: {addr:?}");
                }
                assert_eq!(client.remote_addr().map(ToString::to_string), Some(format!("[fe80::1%1]:{port}")));
                assert_eq!(client.remote_addr(), server.local_addr());
                exchange(&client, &server).await;
                exchange(&server, &client).await;
            }
        }
        // Without its interface the address is nobody's.
        let lost = dial("tcp", "[fe80::1]:1").await.expect_err("which interface?");
        assert_eq!(lost.to_string(), "dial tcp [fe80::1]:1: connect: invalid argument");
    }
);
