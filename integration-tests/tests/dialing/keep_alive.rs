//! Which keep-alive a connection has: unless set, Go's; what is left out, the system's.

use std::os::fd::AsFd;
use std::time::Duration;

use conn::{Conn, Dialer, KeepAliveConfig, dial};
use integration_tests::on_every_executor;
use integration_tests::pair::{listening, pair};
use listener::ListenConfig;
use rustix::net::{AddressFamily, SocketType, socket, sockopt};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Idle time, interval and count, as the kernel has them.
type Times = (Duration, Duration, u32);

fn times(socket: impl AsFd) -> Times {
    let socket = socket.as_fd();
    (
        sockopt::tcp_keepidle(socket).expect("an option of TCP"),
        sockopt::tcp_keepintvl(socket).expect("an option of TCP"),
        sockopt::tcp_keepcnt(socket).expect("an option of TCP"),
    )
}

/// What the kernel gives to a socket.
fn systems() -> Times {
    times(socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket"))
}

/// A connection's keep-alive, if it has any.
fn probes(conn: &Conn) -> Option<Times> {
    conn.control(|socket| {
        sockopt::socket_keepalive(socket).expect("an option of sockets").then(|| times(socket))
    })
    .expect("open")
}

/// What `config` makes of `before`.
fn changed(config: &KeepAliveConfig, before: Times) -> Option<Times> {
    let (idle, interval, count) = before;
    let after =
        (config.idle.unwrap_or(idle), config.interval.unwrap_or(interval), config.count.unwrap_or(count));
    config.enable.then_some(after)
}

/// Each part set, or left out.
fn configs() -> impl Iterator<Item = KeepAliveConfig> {
    (0..8).map(|set| KeepAliveConfig {
        enable: true,
        idle: (set & 1 > 0).then_some(seconds(5)),
        interval: (set & 2 > 0).then_some(seconds(3)),
        count: (set & 4 > 0).then_some(10),
    })
}

on_every_executor!(
    /// Go: `net.TestDialTCPDefaultKeepAlive`
    dial_tcp_default_keep_alive,
    |_| async {
        let (listener, address) = listening().await;
        let (client, server) = futures::join!(dial("tcp", &address), listener.accept());
        let (_, _, count) = systems();
        for conn in [client, server] {
            assert_eq!(probes(&conn.expect("a connection")), Some((seconds(15), seconds(15), count)));
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialerKeepAlive`
    dialer_keep_alive,
    |_| async {
        let (_listener, address) = listening().await;
        let (_, _, count) = systems();
        let each = |period| Some((period, period, count));
        let cases = [
            (Dialer::new().keep_alive(KeepAliveConfig::OFF), None),
            (Dialer::new(), each(seconds(15))),
            (Dialer::new().keep_alive(KeepAliveConfig::each(seconds(5))), each(seconds(5))),
            (Dialer::new().keep_alive(KeepAliveConfig::each(seconds(30))), each(seconds(30))),
        ];
        for (dialer, expected) in cases {
            let conn = dialer.dial("tcp", &address).await.expect("a connection");
            assert_eq!(probes(&conn), expected, "{dialer:?}");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestTCPConnKeepAliveConfig`
    tcp_conn_keep_alive_config,
    |_| async {
        for config in configs() {
            let (client, server) = pair().await;
            for conn in [client, server] {
                let before = probes(&conn).expect("what every connection has");
                conn.set_keep_alive_config(&config).expect("open");
                assert_eq!(probes(&conn), changed(&config, before), "{config:?}");
                // And none, whatever its times.
                conn.set_keep_alive_config(&KeepAliveConfig { enable: false, ..config }).expect("open");
                assert_eq!(probes(&conn), None);
            }
        }
    }
);

on_every_executor!(
    /// Go: `net.TestTCPConnKeepAliveConfigDialer`
    tcp_conn_keep_alive_config_dialer,
    |_| async {
        let (_listener, address) = listening().await;
        for config in configs().chain([KeepAliveConfig::OFF]) {
            let dialer = Dialer::new().keep_alive(config);
            let conn = dialer.dial("tcp", &address).await.expect("a connection");
            assert_eq!(probes(&conn), changed(&config, systems()), "{config:?}");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestTCPConnKeepAliveConfigListener`
    tcp_conn_keep_alive_config_listener,
    |_| async {
        for config in configs().chain([KeepAliveConfig::OFF]) {
            let listener = ListenConfig::new().keep_alive(config).listen("tcp", "127.0.0.1:0").await;
            let listener = listener.expect("a listener");
            let address = listener.addr().expect("a bound listener").to_string();
            let (client, server) = futures::join!(dial("tcp", &address), listener.accept());
            assert_eq!(probes(&server.expect("a connection")), changed(&config, systems()), "{config:?}");
            drop(client);
        }
    }
);
