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

#[test]
fn handles_are_small_and_shared() {
    shared::<Conn>();
    shared::<Listener>();
    shared::<netfd::Netpoll>();
    // A clone copies one pointer.
    assert_eq!(size_of::<Conn>(), size_of::<usize>());
    assert_eq!(size_of::<Listener>(), size_of::<usize>());
}
