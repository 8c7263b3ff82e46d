//! A server that runs out of descriptors: the error is temporary, and the listener works afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use integration_tests::server::Server;

/// Enough for what a server needs by itself on any executor, and few enough to be used up soon.
const DESCRIPTORS: usize = 40;

fn a_server_without_descriptors_goes_on_when_it_has_some(executor: &str) {
    let limit = DESCRIPTORS.to_string();
    let mut server = Server::start_command(Command::new(env!("CARGO_BIN_EXE_peer")).args([
        executor,
        "--descriptors",
        &limit,
    ]));
    // The kernel completes these; the server can accept only some.
    let clients: Vec<_> =
        (0..DESCRIPTORS).map(|_| TcpStream::connect(server.address()).expect("the queue has room")).collect();
    let address = server.address().to_owned();
    assert_eq!(server.next_line(), format!("temporary: accept tcp {address}: accept4: too many open files"));
    drop(clients);
    // Accepted once those before it have been, and ended: only a listener that went on gets there.
    let mut last = TcpStream::connect(server.address()).expect("the queue has room");
    last.write_all(b"still there?").expect("sent");
    let mut answer = [0; 12];
    last.read_exact(&mut answer).expect("echoed");
    assert_eq!(&answer, b"still there?");
}

#[test]
fn on_runtime() {
    a_server_without_descriptors_goes_on_when_it_has_some("runtime");
}

#[test]
fn on_tokio() {
    a_server_without_descriptors_goes_on_when_it_has_some("tokio");
}

#[test]
fn on_bare_threads() {
    a_server_without_descriptors_goes_on_when_it_has_some("bare");
}
