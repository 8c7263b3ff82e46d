//! Whatever numbers the public functions are given: an answer or an error, never a panic.
#![cfg(not(loom))]

use std::net::SocketAddr;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use netfd::{Addr, KeepAliveConfig, Mode, NetFd, Netpoll, SocketConfig, Timer};
use proptest::prelude::*;

/// A connection over loopback, both ends.
fn connected() -> (NetFd, NetFd) {
    let netpoll = Netpoll::global().expect("a poller");
    let listener = NetFd::listen("tcp", &Addr::from(SocketAddr::from(([127, 0, 0, 1], 0))), &netpoll);
    let listener = listener.expect("a listener");
    let address = listener.local_addr().expect("bound").clone();
    let config = SocketConfig::new(&netpoll);
    let (client, server) =
        block_on(async { futures::join!(config.dial("tcp", None, &address, None), listener.accept()) });
    (client.expect("a connection"), server.expect("a connection"))
}

/// From a nanosecond to the longest, each order of magnitude as likely as the next.
fn any_time() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0_u32..64, 0_u32..1_000_000_000)
        .prop_map(|(seconds, shift, nanos)| Duration::new(seconds >> shift, nanos))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_size_is_a_buffers(read: usize, write: usize, shift in 0_u32..64) {
        let (client, _server) = connected();
        client.set_read_buffer(read >> shift).expect("saturated");
        client.set_write_buffer(write >> shift).expect("saturated");
    }

    #[test]
    fn any_keep_alive_is_one(enable: bool, idle in prop::option::of(any_time()), interval in prop::option::of(any_time()), count: Option<u32>) {
        let (client, _server) = connected();
        let config = KeepAliveConfig { enable, idle, interval, count };
        client.set_keep_alive_config(&config).expect("saturated");
        let read = client.fd().with_socket(|socket| {
            let socket = socket2::SockRef::from(&socket);
            Ok((socket.keepalive().expect("an option"), socket.tcp_keepalive_retries().expect("an option")))
        });
        let (on, probes) = read.expect("open");
        prop_assert_eq!(on, enable);
        if let Some(count) = count {
            prop_assert_eq!(probes, count.clamp(1, 127));
        }
    }

    #[test]
    fn any_time_is_a_timers(time in any_time(), then in any_time()) {
        let netpoll = Netpoll::global().expect("a poller");
        let mut timer = Box::pin(Timer::after(&netpoll, time));
        let mut cx = Context::from_waker(Waker::noop());
        let early = timer.as_mut().poll(&mut cx).is_ready();
        prop_assert!(!early || time < Duration::from_secs(60));
        timer.reset(then);
        let early = timer.as_mut().poll(&mut cx).is_ready();
        prop_assert!(!early || then < Duration::from_secs(60));
    }

    #[test]
    fn any_instant_is_a_deadline(time in any_time(), past: bool) {
        let (client, _server) = connected();
        let now = Instant::now();
        let when = if past { now.checked_sub(time) } else { now.checked_add(time) };
        client.fd().set_deadline(Mode::Both, when).expect("open");
        let mut op = netfd::OpState::new();
        if past && when.is_some() {
            // Once in a while it gives way first.
            prop_assert_eq!(block_on(client.fd().read(&mut [0; 8])), Err(netfd::Error::DeadlineExceeded));
        } else {
            let read = client.fd().poll_read(&mut Context::from_waker(Waker::noop()), &mut op, &mut [0; 8]);
            prop_assert!(read.is_pending() || time < Duration::from_secs(60));
        }
    }
}
