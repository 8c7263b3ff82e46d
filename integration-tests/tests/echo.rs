//! The echo server as a program: its command line, its totals, and a client that nobody here wrote.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use integration_tests::skip::needs;

/// The example's binary, which cargo builds beside the tests.
fn program() -> PathBuf {
    let mut folder = std::env::current_exe().expect("the test's own path");
    folder.pop();
    folder.pop();
    folder.join("examples/echo")
}

struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

fn start() -> Server {
    let mut child = Command::new(program())
        .args(["127.0.0.1:0", "--workers", "2"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("its first line");
    let address =
        line.trim().strip_prefix("listening on ").expect("the first line names the address").to_owned();
    Server { child, output, address }
}

impl Server {
    /// Ends the server as a signal does; what it printed last.
    fn stop(mut self) -> String {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("its last lines");
        assert!(self.child.wait().expect("it ends").success());
        rest
    }
}

fn refused(arguments: &[&str]) -> Output {
    let output = Command::new(program()).args(arguments).output().expect("the example starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1, "{output:?}");
    output
}

#[test]
fn a_signal_ends_it_with_one_line_of_totals() {
    let server = start();
    let mut client = std::net::TcpStream::connect(&server.address).expect("connected");
    client.write_all(b"hello").expect("written");
    let mut answer = [0; 5];
    client.read_exact(&mut answer).expect("echoed");
    assert_eq!(&answer, b"hello");
    drop(client);
    assert_eq!(server.stop(), "1 connections, 5 bytes\n");
}

#[test]
fn a_bad_address_a_port_in_use_and_no_workers_are_one_line_each() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = held.local_addr().expect("its address").to_string();
    let text = |arguments: &[&str]| String::from_utf8(refused(arguments).stderr).expect("text");
    assert_eq!(text(&["127.0.0.1"]), "echo: listen tcp: address 127.0.0.1: missing port in address\n");
    assert_eq!(text(&["127.0.0.1:0", "--workers", "0"]), "echo: a runtime needs at least 1 worker, not 0\n");
    assert_eq!(text(&[&taken]), format!("echo: listen tcp {taken}: bind: address already in use\n"));
}

#[test]
fn a_hundred_mebibytes_through_socat_come_back_unchanged() {
    if !needs("socat") {
        return;
    }
    let server = start();
    // `-t 30` waits for the rest of the echo once the input has ended.
    let script = format!(
        "head -c 104857600 /dev/urandom | tee >(sha256sum >&2) | socat -t 30 - TCP:{} | sha256sum",
        server.address
    );
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.stop(), "1 connections, 104857600 bytes\n");
}
