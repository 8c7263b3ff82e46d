//! Two ends of a connection over loopback.

use conn::{Conn, dial};
use listener::{Listener, listen};

/// A listener on a port of loopback that the kernel chose, and its address.
pub async fn listening() -> (Listener, String) {
    listening_on("127.0.0.1:0").await
}

/// A listener on `local`, and its address.
pub async fn listening_on(local: &str) -> (Listener, String) {
    let listener = listen("tcp", local).await.expect("a listener");
    let address = listener.addr().expect("a bound listener").to_string();
    (listener, address)
}

/// A client's end and a server's.
pub async fn pair() -> (Conn, Conn) {
    pair_on("127.0.0.1:0").await
}

/// A client's end and a server's, by way of a listener on `local`.
pub async fn pair_on(local: &str) -> (Conn, Conn) {
    let (listener, address) = listening_on(local).await;
    let (client, server) = futures::join!(dial("tcp", &address), listener.accept());
    (client.expect("a connection"), server.expect("a connection"))
}

/// A client's end and a server's over Unix sockets of `network`, by way of a name that leaves no file.
pub async fn unix_pair(network: &str) -> (Conn, Conn) {
    let listener = listen(network, "").await.expect("a listener");
    let name = listener.addr().expect("a bound listener").to_string();
    let (client, server) = futures::join!(dial(network, &name), listener.accept());
    (client.expect("a connection"), server.expect("a connection"))
}

/// A pair on each network: TCP, and both of the Unix ones.
pub async fn pairs() -> [(Conn, Conn); 3] {
    [pair().await, unix_pair("unix").await, unix_pair("unixpacket").await]
}
