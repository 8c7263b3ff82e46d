//! What the types promise: every future is `Send`, and handles are shared between threads.

use conn::Conn;
use listener::Listener;

fn send<T: Send>(_: T) {}
fn shared<T: Clone + Send + Sync + 'static>() {}

/// Never run: it compiles, or a promise is broken.
#[allow(dead_code, reason = "its types are the test")]
fn futures_are_send(conn: &'static Conn, listener: &'static Listener, buf: &'static mut [u8]) {
    send(conn::dial("tcp", ":0"));
    send(listener::listen("tcp", ":0"));
    send(listener.accept());
    send(listener.close());
    send(conn.read(buf));
    send(conn.write(b""));
    send(conn.write_some(b""));
    send(conn.close());
}

/// Never run: whoever depends on one floor can name what its functions take.
#[allow(dead_code, reason = "its types are the test")]
fn a_floor_has_the_types_of_its_functions(fd: conn::NetFd, hook: &listener::Control) {
    let _: (Conn, Listener) = (Conn::new(fd.clone()), Listener::new(fd));
    let _: &conn::Control = hook;
    let _: Option<(runtime::Netpoll, runtime::Timer)> = None;
}

#[test]
fn handles_are_small_and_shared() {
    shared::<Conn>();
    shared::<Listener>();
    shared::<netfd::Netpoll>();
    // A clone copies one pointer.
    assert_eq!(size_of::<Conn>(), size_of::<usize>());
    assert_eq!(size_of::<Listener>(), size_of::<usize>());
}

#[test]
fn a_handle_prints_where_it_leads_and_nothing_of_its_making() {
    use std::os::fd::AsRawFd;

    let number = |socket: std::os::fd::BorrowedFd<'_>| socket.as_raw_fd();
    futures::executor::block_on(async {
        let listener = listener::listen("tcp", "127.0.0.1:0").await.expect("a listener");
        let at = listener.addr().expect("a bound listener");
        let conn = conn::dial("tcp", &at.to_string()).await.expect("a connection");
        let (fd, listening) = (conn.control(number).expect("open"), listener.control(number).expect("open"));
        let from = conn.local_addr().expect("a connection has ends");
        assert_eq!(format!("{conn:?}"), format!("Conn(tcp {from}->{at}, fd {fd})"));
        assert_eq!(format!("{listener:?}"), format!("Listener(tcp {at}, fd {listening})"));
        conn.close().await.expect("closed once");
        assert_eq!(format!("{conn:?}"), format!("Conn(tcp {from}->{at}, fd {fd}, closed)"));
        let (pair, _peer) = std::os::unix::net::UnixStream::pair().expect("a pair");
        let unix = Conn::from_socket(pair).expect("a connection");
        let fd = unix.control(number).expect("open");
        assert_eq!(
            format!("{unix:?}"),
            format!("Conn(unix {0}->{0}, fd {fd})", conn::Addr::Unix(conn::UnixAddr::Unnamed))
        );
    });
}
