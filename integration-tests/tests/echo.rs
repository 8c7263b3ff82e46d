//! The echo server as a program: its command line, its end, and a client that nobody here wrote.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use integration_tests::server::{self, Server, Signal, program};
use integration_tests::skip::needs;

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().expect("the example starts")
}

/// What it says of arguments that it does not take.
fn refused(arguments: &[&str]) -> String {
    server::refused(program(), arguments)
}

/// A client whose five bytes have come back.
fn served(server: &Server) -> TcpStream {
    let mut client = TcpStream::connect(server.address()).expect("connected");
    client.write_all(b"hello").expect("written");
    let mut answer = [0; 5];
    client.read_exact(&mut answer).expect("echoed");
    assert_eq!(&answer, b"hello");
    client
}

/// A client that sends sevens and reads nothing, more than the buffers between hold, so that the server is held up in the midst of
/// a write; and how many that were.
fn held_up(server: &Server) -> (TcpStream, usize) {
    let mut client = served(server);
    client.set_nonblocking(true).expect("set");
    let chunk = vec![7; 1 << 20];
    let mut sent = 0;
    loop {
        match client.write(&chunk) {
            Ok(more) => sent += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(std::time::Duration::from_millis(50));
                match client.write(&chunk) {
                    Ok(more) => sent += more,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    client.set_nonblocking(false).expect("set");
    (client, sent)
}

/// Until it refuses others: then it has seen a signal.
fn wait_until_seen(server: &Server) {
    while TcpStream::connect(server.address()).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_second_signal_ends_its_time_of_grace() {
    // The grace is five seconds: a machine that stands still for so long has three tries.
    let ended_early = (0..3).any(|_| {
        let mut server = Server::start();
        let _client = held_up(&server);
        server.signal(Signal::TERM);
        wait_until_seen(&server);
        server.signal(Signal::INT);
        server.wait_for_status().code() == Some(128 + 2)
    });
    assert!(ended_early, "it took its time");
}

#[test]
fn either_signal_ends_it_with_one_line_of_totals() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = Server::start();
        drop(served(&server));
        server.signal(signal);
        assert_eq!(server.wait(), "1 connection, 5 bytes\n", "{signal:?}");
    }
}

#[test]
fn a_reader_that_leaves_after_the_first_line_is_no_error() {
    let mut server = Server::start();
    drop(served(&server));
    server.close_output();
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), "");
}

#[test]
fn a_first_line_that_cannot_be_printed_is_one_line_and_exit_1() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let output = Command::new(program())
        .args(["127.0.0.1:0"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("the example starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(text.starts_with("echo: standard output: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn a_client_that_says_nothing_does_not_hold_its_end_up() {
    let server = Server::start();
    let mut silent = TcpStream::connect(server.address()).expect("connected");
    let mut idle = served(&server);
    assert_eq!(server.stop(), "2 connections, 5 bytes\n");
    // Both were still there, and see its end.
    for client in [&mut silent, &mut idle] {
        assert_eq!(client.read(&mut [0; 8]).expect("the end, not an error"), 0);
    }
}

#[test]
fn after_a_signal_it_writes_what_it_has_read_and_takes_nobody_else() {
    let mut server = Server::start();
    let (mut client, sent) = held_up(&server);
    server.signal(Signal::TERM);
    wait_until_seen(&server);
    let mut received = 0;
    let mut buf = vec![0; 1 << 16];
    loop {
        match client.read(&mut buf).expect("the end, not a reset") {
            0 => break,
            more => {
                assert!(buf[..more].iter().all(|byte| *byte == 7));
                received += more;
            }
        }
    }
    assert!(0 < received && received <= sent, "{received} of {sent}");
    // All that it has read came back: the five bytes of the greeting, and these. It may have counted some of the others.
    let totals = server.wait();
    let (connections, bytes) = totals.split_once(", ").expect("two totals");
    assert!(connections == "1 connection" || connections.ends_with(" connections"), "{totals}");
    assert_eq!(bytes, format!("{} bytes\n", received + 5), "{received} came back");
}

#[test]
fn a_bad_argument_is_one_line_and_exit_1() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = held.local_addr().expect("its address").to_string();
    assert_eq!(refused(&["127.0.0.1"]), "echo: listen tcp: address 127.0.0.1: missing port in address\n");
    assert_eq!(refused(&["127.0.0.1:65536"]), "echo: listen tcp: address 65536: invalid port\n");
    assert_eq!(refused(&[&taken]), format!("echo: listen tcp {taken}: bind: address already in use\n"));
    assert_eq!(
        refused(&["127.0.0.1:0", "--workers", "0"]),
        "echo: a runtime needs at least 1 worker, not 0\n"
    );
    assert_eq!(
        refused(&["127.0.0.1:0", "--workers", "20000"]),
        "echo: a runtime takes at most 1024 workers, not 20000\n"
    );
    assert!(refused(&[""]).contains("ADDRESS"), "the line names what is missing");
    assert!(refused(&["--workers", "some"]).contains("some"), "the line names what was given");
    assert!(refused(&["--no-such-flag"]).contains("--no-such-flag"), "the line names what was given");
}

#[test]
fn help_and_version_are_printed_on_standard_output() {
    for (flag, part) in [("--help", "Usage: echo"), ("--version", "echo 0.")] {
        let output = run(&[flag]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains(part), "{text}");
        assert!(output.stderr.is_empty(), "{text}");
    }
}

#[test]
fn a_trace_shows_the_steps_of_every_floor() {
    let mut server = Server::start_command(
        Server::example().env("RUST_LOG", "trace").env("NO_COLOR", "1").stderr(Stdio::piped()),
    );
    let mut errors = server.take_errors().expect("standard error is piped");
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        errors.read_to_string(&mut log).map(|_| log)
    });
    drop(served(&server));
    server.stop();
    let log = log.join().expect("the reader does not panic").expect("text");
    for floor in ["runtime", "listener", "conn", "netfd::fd", "netfd::poll_desc", "poller"] {
        assert!(log.contains(&format!(" {floor}: ")), "nothing of {floor} in:\n{log}");
    }
    assert!(log.contains("from=nil to=parked"), "no transition in:\n{log}");
}

#[test]
fn a_hundred_mebibytes_through_socat_come_back_unchanged() {
    if !needs("socat") {
        return;
    }
    let server = Server::start();
    // `-t 30` waits for the rest of the echo once the input has ended.
    let script = format!(
        "head -c 104857600 /dev/urandom | tee >(sha256sum >&2) | socat -t 30 - TCP:{} | sha256sum",
        server.address()
    );
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.stop(), "1 connection, 104857600 bytes\n");
}
