//! Two ends of a connection over loopback.

use conn::{Conn, dial};
use listener::{Listener, listen};

/// A listener on a port of loopback that the kernel chose, and its address.
pub async fn listening() -> (Listener, String) {
    let listener = listen("tcp", "127.0.0.1:0").await.expect("a listener");
    let address = listener.addr().expect("a bound listener").to_string();
    (listener, address)
}

/// A client's end and a server's.
pub async fn pair() -> (Conn, Conn) {
    let (listener, address) = listening().await;
    let (client, server) = futures::join!(dial("tcp", &address), listener.accept());
    (client.expect("a connection"), server.expect("a connection"))
}
