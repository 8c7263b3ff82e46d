//! The key-value server as a program, against clients that nobody here wrote, and against those that mean it no good.
//!
//! | module | what it tests |
//! | --- | --- |
//! | `program` | the command line, the signals, the totals |
//! | `clients` | every command from `redis-cli`, and `redis-benchmark` |
//! | `requests` | the protocol over plain sockets: pipelines, pieces, several clients |
//! | `hostile` | what is no request, and what is too large |

#![forbid(unsafe_code)]

mod clients;
mod hostile;
mod program;
mod requests;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use integration_tests::server::Server;

fn start() -> Server {
    Server::start_command(&mut Server::command("redis"))
}

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).expect("connected")
}

/// A request, as a client encodes it.
fn request(arguments: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = vec![];
    examples::resp::encode::request(&mut bytes, arguments);
    bytes
}

/// Sends bytes and no more; everything that comes back.
fn exchange(server: &Server, input: impl AsRef<[u8]>) -> String {
    let mut client = connect(server);
    client.write_all(input.as_ref()).expect("written");
    client.shutdown(Shutdown::Write).expect("shut down");
    to_the_end(client)
}

/// What comes until the server closes.
fn to_the_end(mut client: TcpStream) -> String {
    let mut answer = vec![];
    client.read_to_end(&mut answer).expect("the end, not a reset");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits for exactly these bytes.
fn expect(client: &mut TcpStream, wanted: &str) {
    let mut answer = vec![0; wanted.len()];
    client.read_exact(&mut answer).expect("an answer");
    assert_eq!(String::from_utf8_lossy(&answer), wanted);
}
