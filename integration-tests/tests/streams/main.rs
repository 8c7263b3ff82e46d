//! What streams can do beside reading and writing: pieces, copies, sockets in other hands, Unix's own.

mod buffers;
mod copy;
mod files;
mod raw;
mod sendfile;
mod unix;
mod waiting;

use conn::{Conn, dial};
use listener::listen;

/// The networks that a stream test runs on, with an address to listen on: the kernel chooses the rest.
const NETWORKS: [(&str, &str); 3] = [("tcp", "127.0.0.1:0"), ("tcp6", "[::1]:0"), ("unix", "")];

/// Both ends of a connection on `network`; nothing where the machine lacks the network.
async fn pair_on(network: &str, address: &str) -> Option<(Conn, Conn)> {
    let listener = match listen(network, address).await {
        Err(error) if network == "tcp6" => {
            println!("skipped: {error}");
            return None;
        }
        listener => listener.expect("a listener"),
    };
    let address = listener.addr().expect("a bound listener").to_string();
    let (client, server) = futures::join!(dial(network, &address), listener.accept());
    Some((client.expect("a connection"), server.expect("a connection")))
}

/// Reads to the end.
async fn read_all(conn: &Conn) -> Vec<u8> {
    let mut all = Vec::new();
    while conn.read_buf(&mut all).await.expect("data, or the end") > 0 {}
    all
}

/// So many bytes that are not all alike, and whose period is no buffer's size.
fn pattern(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let period: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(65_521).collect();
    let mut data = period.repeat(length.div_ceil(period.len()));
    data.truncate(length);
    data
}
