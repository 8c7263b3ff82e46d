//! Sockets that come from elsewhere, go elsewhere, or are there twice.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};

use conn::Conn;
use futures::future::join_all;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;
use listener::Listener;

use crate::{NETWORKS, pair_on};

on_every_executor!(
    /// Go: `net.TestFileConn`
    file_conn,
    |_| async move {
        for (network, address) in NETWORKS {
            let Some((client, server)) = pair_on(network, address).await else { continue };
            // A duplicate is a connection of its own, to the same peer.
            let copy = Conn::from_socket(client.duplicate().expect("open")).expect("a connection");
            assert_eq!(copy.local_addr(), client.local_addr());
            assert_eq!(copy.remote_addr(), client.remote_addr());
            client.close().await.expect("closed once");
            copy.write(b"still there").await.expect("written");
            let mut buf = [0; 64];
            assert_eq!(server.read(&mut buf).await.expect("data"), 11);
        }
    }
);

on_every_executor!(
    /// Go: `net.TestFileListener`
    file_listener,
    |_| async move {
        for (network, address) in NETWORKS {
            let first = match listener::listen(network, address).await {
                Err(_) if network == "tcp6" => continue,
                listener => listener.expect("a listener"),
            };
            let copy = Listener::from_socket(first.duplicate().expect("open")).expect("a listener");
            assert_eq!(copy.addr(), first.addr());
            first.close().await.expect("closed once");
            let address = copy.addr().expect("bound").to_string();
            let (client, server) = futures::join!(conn::dial(network, &address), copy.accept());
            client.expect("a connection").write(b"x").await.expect("written");
            assert_eq!(server.expect("a connection").read(&mut [0; 8]).await.expect("data"), 1);
        }
    }
);

on_every_executor!(
    /// Go: `net.TestFileCloseRace`
    file_close_race,
    |exec: Exec| async move {
        for _ in 0..30 {
            let (client, server) = pair().await;
            let duplicates = (0..4).map(|_| {
                let conn = client.clone();
                exec.spawn(async move { conn.duplicate().map_err(|error| error.is_closed()).map(drop) })
            });
            let reads = (0..4).map(|_| {
                let conn = server.clone();
                exec.spawn(async move { conn.read(&mut [0; 8]).await.map(drop).map_err(|error| error.is_closed()) })
            });
            let all: Vec<_> = duplicates.chain(reads).collect();
            let _ = client.close().await;
            let _ = server.close().await;
            for ended in join_all(all).await {
                assert!(matches!(ended, Ok(()) | Err(true)), "it worked, or it was closed");
            }
        }
    }
);

/// Go: `net.TestFileError`
#[test]
fn file_error() {
    let wrong = |error: conn::OpError, text: &str| {
        assert_eq!(error.op(), "file");
        assert_eq!(error.to_string(), format!("file file+net: {text}"));
    };
    let file = std::fs::File::open("/dev/null").expect("Linux has it");
    wrong(Conn::from_socket(file).expect_err("no socket"), "getsockopt: socket operation on non-socket");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let stranger = "neither a stream socket of the Internet nor one of Unix";
    wrong(Conn::from_socket(udp).expect_err("datagrams"), stranger);
    let listens = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listens.local_addr().expect("bound");
    wrong(Conn::from_socket(listens).expect_err("a listener"), "the socket is not connected");
    let listens = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let connected = TcpStream::connect(listens.local_addr().expect("bound")).expect("connected");
    wrong(Listener::from_socket(connected).expect_err("a connection"), "the socket does not listen");
    // What was refused is closed: its port is free.
    TcpListener::bind(address).expect("the port is free again");
}

on_every_executor!(a_socket_of_the_standard_library_comes_and_goes_back, |exec: Exec| async move {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    let conn = Conn::from_socket(ours).expect("a connection");
    let (other, waits) = (conn.clone(), conn.clone());
    let mut waits = exec.spawn(async move { waits.read(&mut [0; 8]).await });
    assert!(futures::poll!(&mut waits).is_pending());
    let socket = conn.into_socket().await.expect("open");
    assert!(waits.await.expect_err("given away").is_closed());
    assert!(other.write(b"x").await.expect_err("given away").is_closed());
    let mut ours = UnixStream::from(socket);
    theirs.write_all(b"hello").expect("written");
    // Blocking again: it waits for the rest.
    let more = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        theirs.write_all(b" world").expect("written");
    });
    let mut text = [0; 11];
    ours.read_exact(&mut text).expect("a socket in blocking mode waits");
    assert_eq!(&text, b"hello world");
    more.join().expect("no panic");
});

#[test]
fn a_socket_that_is_given_away_and_not_taken_is_closed() {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    let conn = Conn::from_socket(ours).expect("a connection");
    drop(conn.into_socket());
    assert_eq!(theirs.read(&mut [0]).expect("the end"), 0);
}

#[test]
fn a_listener_that_came_from_elsewhere_leaves_its_file() {
    let path = std::env::temp_dir().join(format!("listener-{}", std::process::id()));
    let listens = UnixListener::bind(&path).expect("a listener");
    let listener = Listener::from_socket(listens).expect("a listener");
    drop(listener);
    std::fs::remove_file(&path).expect("it is still there");
}
