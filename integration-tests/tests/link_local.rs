//! TCP between link-local addresses. Loopback has none, so that the test gives it one, in a network of its own.

use std::net::{SocketAddrV6, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use conn::{Addr, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::skip::{kernel_has, needs};
use listener::listen;

/// Set where the test has a network of its own.
const VARIABLE: &str = "TEST_WITH_LINK_LOCAL";

/// Gives loopback an address, waits for the kernel to have a way to it, and runs the command behind it.
const WITH_LINK_LOCAL: &str = "ip link set lo up && ip addr add fe80::1/64 dev lo nodad || exit
    for turn in $(seq 100); do ip -6 route get fe80::1 oif lo >/dev/null 2>&1 && break; sleep 0.05; done
    echo ready && exec \"$0\" \"$@\"";

/// Runs one test of this program again, by its name, in a network of its own.
fn again(test: &str) {
    if !needs("unshare") || !needs("ip") {
        return;
    }
    let program = std::env::current_exe().expect("the test's own path");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", WITH_LINK_LOCAL])
        .arg(program)
        .args(["--exact", test])
        .env(VARIABLE, "1")
        .output()
        .expect("unshare runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    if !kernel_has("network of our own for this user", printed.starts_with("ready")) {
        println!("{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    // None at all would succeed, too.
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

/// The kernel of a busy machine may have the address, and lose its way to it once more. The standard library's own sockets tell.
fn wait_for_the_way() {
    let here = SocketAddrV6::new("fe80::1".parse().expect("an address"), 0, 0, 1);
    let connects = || TcpStream::connect(TcpListener::bind(here)?.local_addr()?);
    for _ in 0..100 {
        match connects() {
            Ok(_) => return,
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    panic!("no way to {here}: {:?}", connects().err());
}

/// Whether an address names the interface that it belongs to.
fn has_zone(addr: Option<&Addr>) -> bool {
    match addr.and_then(Addr::as_socket_addr) {
        Some(std::net::SocketAddr::V6(addr)) => addr.scope_id() != 0,
        _ => false,
    }
}

on_every_executor!(
    /// Go: `net.TestIPv6LinkLocalUnicastTCP`
    ipv6_link_local_unicast_tcp,
    |exec: Exec| async move {
        if std::env::var_os(VARIABLE).is_none() {
            let (_, module) = module_path!().split_once("::").expect("the test's module");
            return again(&format!("{module}::{}", format!("{exec:?}").to_lowercase()));
        }
        wait_for_the_way();
        for network in ["tcp", "tcp6"] {
            let listener = listen(network, "[fe80::1%lo]:0").await.expect("a listener");
            assert!(has_zone(listener.addr().as_ref()), "{listener:?}");
            // The address is dialled as it prints.
            let address = listener.addr().expect("a bound listener").to_string();
            let both = futures::try_join!(dial(network, &address), listener.accept());
            let (client, server) = both.expect("a connection");
            for end in [&client, &server] {
                assert!(has_zone(end.local_addr().as_ref()) && has_zone(end.remote_addr().as_ref()), "{end:?}");
            }
            client.write(b"over link-local").await.expect("written");
            assert_eq!(server.read(&mut [0; 32]).await.expect("data"), 15);
        }
    }
);
