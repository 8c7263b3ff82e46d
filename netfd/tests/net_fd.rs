//! What a socket is made with: the defaults that Go sets, and what it knows of itself.
#![cfg(not(loom))]

use std::net::SocketAddr;
use std::time::Duration;

use futures::executor::block_on;
use netfd::{
    Addr, AddressFamily, ControlledSocket, KeepAliveConfig, NetFd, Netpoll, SocketConfig, SocketType,
    UnixAddr,
};
use socket2::SockRef;

/// A listener, and both ends of a connection to it.
fn connected(net: &'static str, local: &str) -> [NetFd; 3] {
    let netpoll = Netpoll::global().expect("a poller");
    let local: SocketAddr = local.parse().expect("an address");
    let listener = NetFd::listen(net, &Addr::from(local), &netpoll).expect("a listener");
    let address = listener.local_addr().and_then(|addr| addr.as_socket_addr()).expect("a bound listener");
    let (client, server) =
        block_on(async { futures::join!(NetFd::dial(net, address, &netpoll), listener.accept()) });
    [listener, client.expect("a connection"), server.expect("a connection")]
}

#[test]
fn a_socket_knows_its_network_its_kind_and_its_ends() {
    for (net, local, family) in
        [("tcp4", "127.0.0.1:0", AddressFamily::INET), ("tcp6", "[::1]:0", AddressFamily::INET6)]
    {
        let [listener, client, server] = connected(net, local);
        for fd in [&listener, &client, &server] {
            assert_eq!((fd.net(), fd.family(), fd.kind()), (net, family, SocketType::STREAM));
        }
        assert!(!listener.is_connected() && listener.remote_addr().is_none());
        assert!(client.is_connected() && server.is_connected());
        assert_eq!(client.remote_addr(), listener.local_addr());
        assert_eq!(client.local_addr(), server.remote_addr());
        assert_eq!(client.remote_addr(), server.local_addr());
    }
}

#[test]
fn a_connection_has_no_delay_and_is_kept_alive() {
    let [_listener, client, server] = connected("tcp", "127.0.0.1:0");
    for fd in [client, server] {
        fd.fd()
            .with_socket(|socket| {
                let socket = SockRef::from(&socket);
                assert!(socket.tcp_nodelay().expect("an option of TCP"));
                assert!(socket.keepalive().expect("an option of sockets"));
                assert_eq!(socket.tcp_keepalive_time().ok(), Some(Duration::from_secs(15)));
                assert_eq!(socket.tcp_keepalive_interval().ok(), Some(Duration::from_secs(15)));
                assert!(socket.nonblocking().expect("a flag of descriptors"));
                Ok(())
            })
            .expect("open");
    }
}

#[test]
fn options_that_are_out_of_range_are_saturated() {
    let [_listener, client, _server] = connected("tcp", "127.0.0.1:0");
    client.set_linger(Some(Duration::MAX)).expect("saturated");
    client.set_keep_alive_period(Duration::MAX).expect("saturated");
    let read = || {
        client.fd().with_socket(|socket| {
            let socket = SockRef::from(&socket);
            Ok((socket.linger().expect("an option"), socket.tcp_keepalive_time().expect("an option")))
        })
    };
    let (most_linger, most_idle) = (Duration::from_secs(65535), Duration::from_secs(32767));
    assert_eq!(read(), Ok((Some(most_linger), most_idle)));
    client.set_linger(Some(Duration::from_nanos(1))).expect("rounded up");
    client.set_keep_alive_period(Duration::ZERO).expect("saturated");
    assert_eq!(read(), Ok((Some(Duration::from_secs(1)), Duration::from_secs(1))));
    client.set_linger(None).expect("the default");
    assert_eq!(read(), Ok((None, Duration::from_secs(1))));
}

#[test]
fn a_wildcard_serves_both_families_and_tcp6_only_its_own() {
    let [listener, client, _server] = connected("tcp", "127.0.0.1:0");
    assert_eq!((listener.family(), client.family()), (AddressFamily::INET, AddressFamily::INET));
    let netpoll = Netpoll::global().expect("a poller");
    for (net, v6_only) in [("tcp", false), ("tcp6", true)] {
        let any: SocketAddr = "[::]:0".parse().expect("an address");
        let listener = NetFd::listen(net, &Addr::from(any), &netpoll).expect("a listener");
        let only =
            listener.fd().with_socket(|socket| Ok(SockRef::from(&socket).only_v6().expect("an option")));
        assert_eq!(only, Ok(v6_only), "{net}");
    }
}

#[test]
fn the_time_between_probes_does_not_turn_them_on() {
    let [_listener, client, _server] = connected("tcp", "127.0.0.1:0");
    client.set_keep_alive(false).expect("open");
    client.set_keep_alive_period(Duration::from_secs(7)).expect("open");
    let read = client.fd().with_socket(|socket| {
        let socket = SockRef::from(&socket);
        Ok((socket.keepalive().expect("an option"), socket.tcp_keepalive_time().expect("an option")))
    });
    assert_eq!(read, Ok((false, Duration::from_secs(7))));
}

#[test]
fn a_peer_that_resets_before_it_is_accepted_has_its_address() {
    let netpoll = Netpoll::global().expect("a poller");
    let local: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let listener = NetFd::listen("tcp", &Addr::from(local), &netpoll).expect("a listener");
    let address = listener.local_addr().and_then(|addr| addr.as_socket_addr()).expect("a bound listener");
    let peer = std::net::TcpStream::connect(address).expect("connected");
    let its = Addr::from(peer.local_addr().expect("a connected socket"));
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("an option");
    drop(peer);
    let server = block_on(listener.accept()).expect("a connection that has been reset is one");
    assert_eq!(server.remote_addr().as_ref(), Some(&its));
    let reset = block_on(server.fd().read(&mut [0; 8])).expect_err("the reset");
    assert_eq!(
        server.op_error("read", reset).to_string(),
        format!("read tcp {address}->{its}: read: connection reset by peer")
    );
}

#[test]
fn an_ipv4_mapped_address_is_of_ipv4() {
    let [listener, client, _server] = connected("tcp4", "[::ffff:127.0.0.1]:0");
    assert_eq!((listener.family(), client.family()), (AddressFamily::INET, AddressFamily::INET));
}

#[test]
fn a_unix_socket_has_the_names_of_both_ends() {
    let netpoll = Netpoll::global().expect("a poller");
    for (net, kind) in [("unix", SocketType::STREAM), ("unixpacket", SocketType::SEQPACKET)] {
        let name = UnixAddr::Unnamed;
        let wanted = if net == "unix" { Addr::Unix(name) } else { Addr::UnixPacket(name) };
        // The kernel chooses a name.
        let listener = NetFd::listen(net, &wanted, &netpoll).expect("a listener");
        let address = listener.local_addr().expect("a bound listener").clone();
        assert!(
            matches!(address.as_unix(), Some(UnixAddr::Abstract(name)) if !name.is_empty()),
            "{address:?}"
        );
        assert_eq!(address.network(), net);
        let (client, server) = block_on(async {
            futures::join!(NetFd::dial(net, address.clone(), &netpoll), listener.accept())
        });
        let (client, server) = (client.expect("a connection"), server.expect("a connection"));
        for fd in [&listener, &client, &server] {
            assert_eq!((fd.net(), fd.family(), fd.kind()), (net, AddressFamily::UNIX, kind));
        }
        assert_eq!(client.remote_addr().as_ref(), Some(&address));
        assert_eq!(client.local_addr().as_ref(), Some(&wanted));
        assert_eq!(server.remote_addr().as_ref(), Some(&wanted));
        assert_eq!(server.local_addr().as_ref(), Some(&address));
    }
}

#[test]
fn a_control_hook_sees_each_socket_and_can_refuse_it() {
    use std::sync::{Arc, Mutex};
    let netpoll = Netpoll::global().expect("a poller");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let config = SocketConfig::new(&netpoll).control(Some(Arc::new(move |socket: &ControlledSocket<'_>| {
        let option = SockRef::from(&socket.socket).nonblocking().expect("a flag");
        notes.lock().expect("no panic").push((socket.network.to_owned(), socket.address.to_string(), option));
        Ok(())
    })));
    let local = Addr::from("127.0.0.1:0".parse::<SocketAddr>().expect("an address"));
    let listener = config.listen("tcp", &local).expect("a listener");
    let address = listener.local_addr().expect("a bound listener").clone();
    block_on(config.dial("tcp", None, &address, None)).expect("a connection");
    let expected = ["127.0.0.1:0".to_owned(), address.to_string()].map(|at| ("tcp4".to_owned(), at, true));
    assert_eq!(*seen.lock().expect("no panic"), expected);
    let refuses = config.control(Some(Arc::new(|_| Err(std::io::Error::other("not this one")))));
    for refused in [refuses.listen("tcp", &local), block_on(refuses.dial("tcp", None, &address, None))] {
        assert_eq!(refused.expect_err("refused").to_string(), "not this one");
    }
}

#[test]
fn a_dial_ends_at_its_deadline_and_may_have_a_local_address() {
    let netpoll = Netpoll::global().expect("a poller");
    let config = SocketConfig::new(&netpoll);
    let [listener, ..] = connected("tcp", "127.0.0.1:0");
    let address = listener.local_addr().expect("a bound listener").clone();
    let from = Addr::from("127.0.0.2:0".parse::<SocketAddr>().expect("an address"));
    let far = Some(std::time::Instant::now() + Duration::from_secs(3600));
    let client = block_on(config.dial("tcp", Some(&from), &address, far)).expect("a connection");
    assert_eq!(client.local_addr().and_then(|addr| addr.ip()), from.ip());
    let any = Addr::TcpPort(0);
    let client = block_on(config.dial("tcp", Some(&any), &address, None)).expect("a connection");
    assert_eq!(client.local_addr().and_then(|addr| addr.ip()), address.ip());
    // A queue that is full makes a connection wait.
    let full =
        config.clone().backlog(Some(0)).listen("tcp", &Addr::from(SocketAddr::from(([127, 0, 0, 1], 0))));
    let full = full.expect("a listener");
    let address = full.local_addr().expect("a bound listener").clone();
    let _held: Vec<_> = (0..4)
        .map(|_| {
            let soon = Some(std::time::Instant::now() + Duration::from_millis(20));
            block_on(config.dial("tcp", None, &address, soon))
        })
        .collect();
    let late = Some(std::time::Instant::now());
    assert_eq!(
        block_on(config.dial("tcp", None, &address, late)).expect_err("the queue is full"),
        netfd::Error::DeadlineExceeded
    );
}

#[test]
fn keep_alive_and_buffers_are_what_was_asked_for() {
    let [_listener, client, _server] = connected("tcp", "127.0.0.1:0");
    let asked = KeepAliveConfig {
        enable: true,
        idle: Some(Duration::from_secs(5)),
        interval: Some(Duration::from_secs(3)),
        count: Some(10),
    };
    client.set_keep_alive_config(&asked).expect("open");
    client.set_read_buffer(70_000).expect("open");
    client.set_write_buffer(usize::MAX).expect("saturated");
    let read = client.fd().with_socket(|socket| {
        let socket = SockRef::from(&socket);
        assert!(socket.recv_buffer_size().expect("an option") >= 70_000);
        Ok((
            socket.keepalive().expect("an option"),
            socket.tcp_keepalive_time().expect("an option"),
            socket.tcp_keepalive_interval().expect("an option"),
            socket.tcp_keepalive_retries().expect("an option"),
        ))
    });
    assert_eq!(read, Ok((true, Duration::from_secs(5), Duration::from_secs(3), 10)));
}

#[test]
fn the_longest_path_is_a_name_too() {
    use std::os::unix::ffi::OsStrExt;
    let netpoll = Netpoll::global().expect("a poller");
    let folder = std::env::temp_dir().join(format!("netfd-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let room = 107 - folder.as_os_str().len() - 1;
    let [long, too_long] = [room, room + 2].map(|length| folder.join("x".repeat(length)));
    let listener =
        NetFd::listen("unix", &Addr::Unix(UnixAddr::Path(long.clone())), &netpoll).expect("a listener");
    assert_eq!(long.as_os_str().as_bytes().len(), 107);
    assert_eq!(listener.local_addr().as_ref(), Some(&Addr::Unix(UnixAddr::Path(long))));
    let refused = NetFd::listen("unix", &Addr::Unix(UnixAddr::Path(too_long)), &netpoll);
    assert_eq!(refused.expect_err("too long").to_string(), "bind: invalid argument");
    std::fs::remove_dir_all(folder).expect("removed");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    /// Whatever the time, the kernel gets whole seconds, rounded up, within what it takes.
    #[test]
    fn any_duration_is_a_linger_and_a_keep_alive(seconds: u64, nanos in 0_u32..1_000_000_000, shift in 0_u32..64) {
        let time = Duration::new(seconds >> shift, nanos);
        let whole = time.as_secs().saturating_add(u64::from(nanos > 0));
        let [_listener, client, _server] = connected("tcp", "127.0.0.1:0");
        client.set_linger(Some(time)).expect("saturated");
        client.set_keep_alive_period(time).expect("saturated");
        let read = client.fd().with_socket(|socket| {
            let socket = SockRef::from(&socket);
            Ok((socket.linger().expect("an option"), socket.tcp_keepalive_interval().expect("an option")))
        });
        let expected = (Some(Duration::from_secs(whole.min(65535))), Duration::from_secs(whole.clamp(1, 32767)));
        proptest::prop_assert_eq!(read, Ok(expected));
        client.set_linger(None).expect("open");
    }
}

/// What an accepted socket has, and what each of its listener's should have made of it.
fn options_of_an_accepted_one(config: &SocketConfig) -> (bool, bool, Duration) {
    let listener =
        config.listen("tcp", &Addr::from(SocketAddr::from(([127, 0, 0, 1], 0)))).expect("a listener");
    // Somebody changes the listener behind our back.
    listener
        .fd()
        .with_socket(|socket| {
            SockRef::from(&socket).set_tcp_nodelay(false).expect("an option");
            SockRef::from(&socket).set_keepalive(false).expect("an option");
            Ok(())
        })
        .expect("open");
    let address = listener.local_addr().expect("bound").clone();
    let netpoll = Netpoll::global().expect("a poller");
    let (client, server) =
        block_on(async { futures::join!(NetFd::dial("tcp", address.clone(), &netpoll), listener.accept()) });
    let (client, server) = (client.expect("a connection"), server.expect("a connection"));
    assert_eq!((server.local_addr(), server.remote_addr()), (Some(address.clone()), client.local_addr()));
    let options = server.fd().with_socket(|socket| {
        let socket = SockRef::from(&socket);
        let idle = socket.tcp_keepalive_time().expect("an option");
        Ok((socket.tcp_nodelay().expect("an option"), socket.keepalive().expect("an option"), idle))
    });
    options.expect("open")
}

#[test]
fn a_listener_that_was_changed_behind_our_back_does_not_change_its_connections() {
    let netpoll = Netpoll::global().expect("a poller");
    let config = SocketConfig::new(&netpoll);
    let own = KeepAliveConfig::each(Duration::from_secs(77));
    let control = |_: &ControlledSocket<'_>| Ok(());
    let hooked = config.clone().control(Some(std::sync::Arc::new(control)));
    let multipath = config.clone().multipath(true);
    for config in [config, hooked, multipath] {
        assert_eq!(options_of_an_accepted_one(&config), (true, true, Duration::from_secs(15)));
        let config = config.keep_alive(own);
        assert_eq!(options_of_an_accepted_one(&config), (true, true, Duration::from_secs(77)));
    }
}

/// A listener of multipath TCP hands nothing down, so each connection is asked for its options; and nobody had the listener.
#[test]
fn what_is_accepted_over_multipath_has_the_options_of_every_connection() {
    let netpoll = Netpoll::global().expect("a poller");
    let config = SocketConfig::new(&netpoll).multipath(true);
    let local = Addr::from(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = config.listen("tcp", &local).expect("a listener");
    let address = listener.local_addr().expect("bound").clone();
    // A kernel without multipath TCP gives plain TCP, which has the same options.
    for dialer in [config, SocketConfig::new(&netpoll)] {
        let dial = dialer.dial("tcp", None, &address, None);
        let (client, server) = block_on(async { futures::join!(dial, listener.accept()) });
        for end in [client.expect("a connection"), server.expect("a connection")] {
            let options = end.fd().with_socket(|socket| {
                let socket = SockRef::from(&socket);
                Ok((socket.tcp_nodelay().expect("an option"), socket.keepalive().expect("an option")))
            });
            assert_eq!(options, Ok((true, true)), "{end:?}");
        }
    }
}

/// What is set on a listener is not meant for its connections, though the kernel hands it down.
#[test]
fn a_listener_that_is_changed_does_not_change_its_connections() {
    let changes: [fn(&NetFd); 4] = [
        |listener| listener.set_no_delay(false).expect("open"),
        |listener| listener.set_keep_alive(false).expect("open"),
        |listener| listener.set_keep_alive_config(&KeepAliveConfig::OFF).expect("open"),
        |listener| listener.set_keep_alive_period(Duration::from_secs(77)).expect("open"),
    ];
    let netpoll = Netpoll::global().expect("a poller");
    for change in changes {
        let local = Addr::from(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = NetFd::listen("tcp", &local, &netpoll).expect("a listener");
        change(&listener);
        let address = listener.local_addr().expect("bound").clone();
        let (_client, server) =
            block_on(async { futures::join!(NetFd::dial("tcp", address, &netpoll), listener.accept()) });
        let options = server.expect("a connection").fd().with_socket(|socket| {
            let socket = SockRef::from(&socket);
            let idle = socket.tcp_keepalive_time().expect("an option");
            Ok((socket.tcp_nodelay().expect("an option"), socket.keepalive().expect("an option"), idle))
        });
        assert_eq!(options, Ok((true, true, Duration::from_secs(15))));
    }
}

#[test]
fn keep_alive_that_is_off_stays_off_in_what_is_accepted() {
    let netpoll = Netpoll::global().expect("a poller");
    let config = SocketConfig::new(&netpoll).keep_alive(KeepAliveConfig::OFF);
    let local = Addr::from(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = config.listen("tcp", &local).expect("a listener");
    let address = listener.local_addr().expect("bound").clone();
    let (client, server) =
        block_on(async { futures::join!(NetFd::dial("tcp", address, &netpoll), listener.accept()) });
    drop(client.expect("a connection"));
    let on = server.expect("a connection").fd().with_socket(|socket| {
        let socket = SockRef::from(&socket);
        Ok((socket.tcp_nodelay().expect("an option"), socket.keepalive().expect("an option")))
    });
    assert_eq!(on, Ok((true, false)));
}

#[test]
fn behind_a_wildcard_each_connection_has_the_address_that_was_dialled() {
    let netpoll = Netpoll::global().expect("a poller");
    let listener = NetFd::listen("tcp", &Addr::TcpPort(0), &netpoll).expect("a listener");
    let port = listener.local_addr().and_then(|addr| addr.port()).expect("bound");
    for host in ["127.0.0.1", "127.0.0.2"] {
        let to = Addr::from(format!("{host}:{port}").parse::<SocketAddr>().expect("an address"));
        let (client, server) =
            block_on(async { futures::join!(NetFd::dial("tcp", to.clone(), &netpoll), listener.accept()) });
        assert_eq!(client.expect("a connection").remote_addr().as_ref(), Some(&to));
        assert_eq!(server.expect("a connection").local_addr().as_ref(), Some(&to));
    }
}
