//! Requests over plain sockets.

use std::io::Write;

use crate::{connect, exchange, expect, request, start, to_the_end};

/// One of each kind, and its answer.
const SESSION: (&[u8], &str) = (
    b"PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\nGET k\r\n*2\r\n$4\r\nMGET\r\n$1\r\nk\r\n  \r\n*0\r\nincr n\nDEL k n\r\n",
    "+PONG\r\n+OK\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\na\r\nb\r\n:1\r\n:2\r\n",
);

#[test]
fn a_pipeline_is_answered_in_order() {
    let server = start();
    assert_eq!(exchange(&server, SESSION.0), SESSION.1);
    let many = SESSION.0.repeat(2000);
    assert_eq!(exchange(&server, many), SESSION.1.repeat(2000));
    assert_eq!(server.stop(), "2 connections, 12006 commands\n");
}

#[test]
fn single_bytes_are_answered_as_the_whole() {
    let server = start();
    let mut client = connect(&server);
    for byte in SESSION.0 {
        client.write_all(&[*byte]).expect("written");
    }
    expect(&mut client, SESSION.1);
}

#[test]
fn quit_is_the_last_request() {
    let server = start();
    let mut client = connect(&server);
    client.write_all(b"PING\r\nQUIT now\r\nSET k v\r\n").expect("written");
    assert_eq!(to_the_end(client), "+PONG\r\n+OK\r\n");
    assert_eq!(exchange(&server, "GET k\r\n"), "$-1\r\n");
    assert_eq!(server.stop(), "2 connections, 3 commands\n");
}

#[test]
fn every_byte_can_stand_in_keys_and_values() {
    let server = start();
    let bytes: Vec<u8> = (0..=255).collect();
    let requests = [request(&[b"SET", &bytes[..], &bytes]), request(&[b"GET", &bytes[..]])].concat();
    let mut client = connect(&server);
    client.write_all(&requests).expect("written");
    expect(&mut client, "+OK\r\n$256\r\n");
    let mut value = vec![0; 256];
    std::io::Read::read_exact(&mut client, &mut value).expect("the value");
    assert_eq!(value, bytes);
}

#[test]
fn large_values_come_back_whole() {
    let server = start();
    let value = "0123456789abcdef".repeat(1 << 16);
    let bulk = format!("${}\r\n{value}\r\n", value.len());
    let requests = [&request(&["SET", "k", &value])[..], b"GET k\r\nMGET k n k\r\nPING\r\n"].concat();
    let answer = exchange(&server, requests);
    assert!(answer == format!("+OK\r\n{bulk}*3\r\n{bulk}$-1\r\n{bulk}+PONG\r\n"), "{} bytes", answer.len());
}

#[test]
fn clients_at_the_same_time_count_every_increment() {
    let server = start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = connect(&server);
                for _ in 0..50 {
                    client.write_all(&b"INCR n\r\n".repeat(20)).expect("written");
                }
                client.shutdown(std::net::Shutdown::Write).expect("shut down");
                assert_eq!(to_the_end(client).lines().count(), 1000);
            });
        }
    });
    assert_eq!(exchange(&server, "GET n\r\n"), "$4\r\n8000\r\n");
    assert_eq!(server.stop(), "9 connections, 8001 commands\n");
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    let server = start();
    let value = "x".repeat(1 << 20);
    let mut greedy = connect(&server);
    greedy.write_all(&request(&["SET", "k", &value])).expect("written");
    greedy.write_all(&b"GET k\r\n".repeat(200)).expect("written");
    expect(&mut greedy, "+OK\r\n$1048576\r\n");
    // It still waits for the rest.
    assert_eq!(exchange(&server, "DEL k\r\nPING\r\n"), ":1\r\n+PONG\r\n");
}

#[test]
fn a_time_that_was_taken_back_expires_nothing() {
    let server = start();
    assert_eq!(exchange(&server, "SET a 1 PX 1\r\nSET a 2\r\nSET b 1 PX 1\r\n"), "+OK\r\n".repeat(3));
    // Then a's first time, which was earlier, is over as well.
    while exchange(&server, "GET b\r\n") != "$-1\r\n" {}
    assert_eq!(exchange(&server, "GET a\r\nTTL a\r\n"), "$1\r\n2\r\n:-1\r\n");
}
