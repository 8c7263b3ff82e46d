//! The command line, the signals, the totals.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

use integration_tests::server::{self, Server, Signal, example};

use crate::{connect, expect, start};

fn run(arguments: &[&str]) -> Output {
    Command::new(example("redis")).args(arguments).output().expect("the example starts")
}

/// What it says of arguments that it does not take.
fn refused(arguments: &[&str]) -> String {
    server::refused(example("redis"), arguments)
}

#[test]
fn either_signal_ends_it_with_one_line_of_totals() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = start();
        let mut client = connect(&server);
        client.write_all(b"SET a 1\r\nINCR a\r\nNOPE\r\n").expect("written");
        expect(&mut client, "+OK\r\n:2\r\n-ERR unknown command 'NOPE'");
        server.signal(signal);
        assert_eq!(server.wait(), "1 connection, 3 commands\n", "{signal:?}");
    }
}

#[test]
fn clients_that_are_there_at_the_end_do_not_hold_it_up_and_see_it() {
    let server = start();
    let mut silent = connect(&server);
    let mut unfinished = connect(&server);
    unfinished.write_all(b"PING\r\n*2\r\n$3\r\nGET\r\n$5\r\nab").expect("written");
    expect(&mut unfinished, "+PONG\r\n");
    assert_eq!(server.stop(), "2 connections, 1 commands\n");
    for client in [&mut silent, &mut unfinished] {
        assert_eq!(client.read(&mut [0; 8]).expect("the end, not an error"), 0);
    }
}

#[test]
fn after_a_signal_it_answers_what_it_has_read() {
    let mut server = start();
    let mut client = connect(&server);
    // More than the buffers between hold, so that the server is held up in the midst of the answers.
    let value = vec![b'x'; 8 << 20];
    client.write_all(&crate::request(&[b"SET", &b"k"[..], &value])).expect("written");
    expect(&mut client, "+OK\r\n");
    client.write_all(&b"GET k\r\n".repeat(4)).expect("written");
    expect(&mut client, "$8388608\r\n");
    server.signal(Signal::TERM);
    // Until it refuses others: then it has seen the signal.
    while std::net::TcpStream::connect(server.address()).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let rest = crate::to_the_end(client);
    assert_eq!(rest.len(), 4 * value.len() + "$8388608\r\n".len() * 3 + "\r\n".len() * 4);
    let totals = server.wait();
    // Some may have connected only to be refused.
    let (connections, commands) = totals.split_once(", ").expect("two totals");
    assert!(connections == "1 connection" || connections.ends_with(" connections"), "{totals}");
    assert_eq!(commands, "5 commands\n");
}

#[test]
fn a_bad_argument_is_one_line_and_exit_1() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = held.local_addr().expect("its address").to_string();
    assert_eq!(refused(&["127.0.0.1"]), "redis: listen tcp: address 127.0.0.1: missing port in address\n");
    assert_eq!(refused(&[&taken]), format!("redis: listen tcp {taken}: bind: address already in use\n"));
    assert_eq!(
        refused(&["127.0.0.1:0", "--workers", "0"]),
        "redis: a runtime needs at least 1 worker, not 0\n"
    );
    assert!(refused(&["--no-such-flag"]).contains("--no-such-flag"), "the line names what was given");
}

#[test]
fn help_tells_the_port_and_version_the_version() {
    for (flag, parts) in [("--help", &["Usage: redis", "127.0.0.1:6380"][..]), ("--version", &["redis 0."])] {
        let output = run(&[flag]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        for part in parts {
            assert!(text.contains(part), "{text}");
        }
        assert!(output.stderr.is_empty(), "{text}");
    }
}

#[test]
fn requests_that_were_read_at_once_are_answered_with_one_write() {
    let mut command = Server::command("redis");
    command.env("RUST_LOG", "conn=trace").env("NO_COLOR", "1").stderr(std::process::Stdio::piped());
    let mut server = Server::start_command(&mut command);
    let mut errors = server.take_errors().expect("standard error is piped");
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        errors.read_to_string(&mut log).map(|_| log)
    });
    let mut client = connect(&server);
    client.write_all(&b"PING\r\n".repeat(100)).expect("written");
    expect(&mut client, &"+PONG\r\n".repeat(100));
    server.stop();
    let log = log.join().expect("the reader does not panic").expect("text");
    // Were it cut on its way here, there would be a few; one for each answer would be a hundred.
    let writes = log.lines().filter(|line| line.contains(" conn: write ")).count();
    assert!((1..50).contains(&writes), "{writes} writes in:\n{log}");
}
