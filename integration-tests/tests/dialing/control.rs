//! The program's own word about a socket, between its making and its connecting or listening.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::{io, process};

use conn::{Addr, ControlledSocket, Dialer, OpError};
use integration_tests::on_every_executor;
use integration_tests::pair::listening;
use listener::{ListenConfig, Listener, listen};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::net::sockopt;

use crate::{FAR, WHILE, assert_timed_out, past};

/// Each network, an address of it to listen on, and what a hook is told of the network.
fn networks() -> [(&'static str, String, &'static str); 5] {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    // In the kernel: nothing of it is left behind.
    let name = || format!("@dialing-{}-{}", process::id(), NAMES.fetch_add(1, Relaxed));
    [
        ("tcp", "127.0.0.1:0".into(), "tcp4"),
        ("tcp4", "127.0.0.1:0".into(), "tcp4"),
        ("tcp6", "[::1]:0".into(), "tcp6"),
        ("unix", name(), "unix"),
        ("unixpacket", name(), "unixpacket"),
    ]
}

async fn listener_on(network: &str, address: &str) -> (Listener, String) {
    let listener = listen(network, address).await.expect("a listener");
    let address = listener.addr().expect("a bound listener").to_string();
    (listener, address)
}

/// What a hook was told.
type Told = (String, Addr, Option<Instant>);

/// What it was told so far.
type Notes = Arc<Mutex<Vec<Told>>>;

/// A hook that notes what it is told, and where.
fn notes() -> (impl Fn(&ControlledSocket<'_>) -> io::Result<()> + Send + Sync, Notes) {
    let noted = Arc::new(Mutex::new(vec![]));
    let told = noted.clone();
    let hook = move |socket: &ControlledSocket<'_>| {
        // It does not block; and the program may say something of it that holds.
        assert!(fcntl_getfl(socket.socket)?.contains(OFlags::NONBLOCK));
        sockopt::set_socket_recv_buffer_size(socket.socket, 10_000)?;
        let told = (socket.network.to_owned(), socket.address.clone(), socket.deadline);
        noted.lock().expect("nobody panicked").push(told);
        Ok(())
    };
    (hook, told)
}

/// The kernel doubles what it is asked for.
const ASKED_FOR: Result<usize, rustix::io::Errno> = Ok(20_000);

fn take(told: &Mutex<Vec<Told>>) -> Vec<Told> {
    std::mem::take(&mut told.lock().expect("nobody panicked"))
}

fn refusal(_: &ControlledSocket<'_>) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "not this one"))
}

/// The hook's own error, as the program gave it.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, OpError>, text: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::PermissionDenied);
}

on_every_executor!(
    /// Go: `net.TestDialerControl`
    dialer_control,
    |_| async {
        for (network, local, name) in networks() {
            let (listener, address) = listener_on(network, &local).await;
            let (hook, told) = notes();
            let conn = Dialer::new().control(hook).dial(network, &address).await.expect("a connection");
            let at = listener.addr().expect("a bound listener").clone();
            assert_eq!(take(&told), [(name.to_owned(), at, None)]);
            assert_eq!(conn.control(|socket| sockopt::socket_recv_buffer_size(socket)).expect("open"), ASKED_FOR);
            // It comes before the connection: after a refusal there is none.
            drop(listener.accept().await.expect("the connection"));
            let refused = Dialer::new().control(refusal).dial(network, &address).await;
            assert_refused(refused, &format!("dial {network} {address}: not this one"));
            listener.set_deadline(Some(Instant::now() + WHILE)).expect("open");
            assert!(listener.accept().await.unwrap_err().is_timeout());
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialerControlContext`
    dialer_control_context,
    |_| async {
        for (network, local, _) in networks() {
            let (_listener, address) = listener_on(network, &local).await;
            let (hook, told) = notes();
            let due = Instant::now() + FAR;
            let conn = Dialer::new().deadline(due).control(hook).dial(network, &address).await;
            drop(conn.expect("a connection"));
            let [(_, _, deadline)] = take(&told)[..] else { panic!("not called once") };
            assert_eq!(deadline, Some(due), "{network}");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialContext`
    dial_context,
    |_| async {
        for (network, local, _) in networks() {
            let (_listener, address) = listener_on(network, &local).await;
            // What a time-out leaves, it leaves from the call on.
            let (hook, told) = notes();
            let dialer = Dialer::new().timeout(FAR).control(hook);
            for _ in 0..2 {
                let begun = Instant::now();
                dialer.dial(network, &address).await.expect("a connection");
                let [(_, _, Some(deadline))] = take(&told)[..] else { panic!("no deadline, or not called once") };
                assert!((begun + FAR..=Instant::now() + FAR).contains(&deadline), "{network}");
            }
            // Nobody makes a socket when it is too late.
            assert_timed_out(dialer.deadline(past()).dial(network, &address).await);
            assert_eq!(take(&told), []);
        }
    }
);

on_every_executor!(
    /// Go: `net.TestListenConfigControl`
    listen_config_control,
    |_| async {
        for (network, local, name) in networks() {
            let (hook, told) = notes();
            let listener = ListenConfig::new().control(hook).listen(network, &local).await.expect("a listener");
            let told = take(&told);
            let [(told_name, told_addr, None)] = &told[..] else { panic!("{told:?}") };
            assert_eq!((told_name.as_str(), told_addr.to_string()), (name, local.clone()));
            assert_eq!(
                listener.control(|socket| sockopt::socket_recv_buffer_size(socket)).expect("open"),
                ASKED_FOR
            );
            drop(listener);
            let refused = ListenConfig::new().control(refusal).listen(network, &local).await;
            assert_refused(refused, &format!("listen {network} {local}: not this one"));
        }
    }
);

on_every_executor!(a_hooks_refusal_is_not_the_listeners_end, |_| async {
    let (listener, address) = listening().await;
    let turns = AtomicU32::new(0);
    let dialer = Dialer::new().control(move |socket| match turns.fetch_add(1, Relaxed) {
        0 => refusal(socket),
        _ => Ok(()),
    });
    assert_refused(dialer.dial("tcp", &address).await, &format!("dial tcp {address}: not this one"));
    let (client, server) = futures::join!(dialer.dial("tcp", &address), listener.accept());
    assert_eq!(client.expect("a connection").local_addr(), server.expect("a connection").remote_addr());
});
