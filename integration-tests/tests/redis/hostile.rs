//! What is no request, and what is too large.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use integration_tests::server::Server;

use crate::{connect, exchange, expect, request, start, to_the_end};

const OUT_OF_MEMORY: &str = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

/// The server goes on after it all.
fn still_serves(server: &Server) {
    assert_eq!(exchange(server, "PING\r\n"), "+PONG\r\n");
}

#[test]
fn what_is_no_request_is_told_and_ends_the_connection() {
    let server = start();
    let long = "1".repeat(70_000);
    for (input, told) in [
        ("*abc\r\n", "invalid multibulk length"),
        ("*2147483648\r\n", "invalid multibulk length"),
        ("*1048577\r\n", "invalid multibulk length"),
        ("*1\r\n:3\r\n", "expected '$', got ':'"),
        ("*1\r\nPING\r\n", "expected '$', got 'P'"),
        ("*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$', got '*'"),
        ("*1\r\n\r\n", "expected '$', got ' '"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$four\r\n", "invalid bulk length"),
        ("*1\r\n$536870913\r\n", "invalid bulk length"),
        ("*1\r\n$9223372036854775807\r\n", "invalid bulk length"),
        ("ECHO \"abc\r\n", "unbalanced quotes in request"),
        (&long, "too big inline request"),
        (&format!("*{long}"), "too big mbulk count string"),
        (&format!("*1\r\n${long}"), "too big bulk count string"),
    ] {
        let mut client = connect(&server);
        // Nothing after it is answered; the client has not ended its side.
        let all = ["PING\r\n", input, "\r\nPING\r\n"].concat();
        client.write_all(all.as_bytes()).expect("written");
        let start = &input[..input.len().min(20)];
        assert_eq!(to_the_end(client), format!("+PONG\r\n-ERR Protocol error: {told}\r\n"), "{start:?}");
    }
    still_serves(&server);
}

#[test]
fn a_request_that_is_cut_off_is_not_answered() {
    let server = start();
    let whole = request(&["SET", "k", "value"]);
    for length in 1..whole.len() {
        assert_eq!(exchange(&server, &whole[..length]), "", "{length} bytes");
    }
    assert_eq!(exchange(&server, "GET k\r\n"), "$-1\r\n");
}

#[test]
fn what_announces_much_and_sends_little_costs_little() {
    let server = start();
    // Were the memory taken when it is announced, this would be four times what there is.
    let hungry: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut client = connect(&server);
            client.write_all(b"PING\r\n*1048576\r\n$16000000\r\nabc").expect("written");
            expect(&mut client, "+PONG\r\n");
            client
        })
        .collect();
    assert_eq!(exchange(&server, request(&["SET", "k", &"x".repeat(1 << 20)])), "+OK\r\n");
    drop(hungry);
    still_serves(&server);
}

#[test]
fn unfinished_requests_have_a_limit_together() {
    let server = start();
    let request = request(&[b"DEL", &vec![b'x'; 16_000_000][..]]);
    let (beginning, rest) = request.split_at(15 << 20);
    let begun: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut client = connect(&server);
            // An error: it was refused in the midst of this. Otherwise the server has read all but what the buffers
            // between hold, and keeps it in sixteen mebibytes.
            let _ = client.write_all(beginning);
            client
        })
        .collect();
    let answers = begun.into_iter().map(|mut client| {
        let _ = client.write_all(rest).and_then(|()| client.shutdown(Shutdown::Write));
        let mut answer = vec![];
        // An error: the server had closed before this. What it had said is there nevertheless.
        let _ = client.read_to_end(&mut answer);
        String::from_utf8(answer).expect("text")
    });
    let answers: Vec<_> = answers.collect();
    for told in [":0\r\n", OUT_OF_MEMORY] {
        assert!(answers.iter().any(|answer| answer == told), "no {told:?} in {answers:?}");
    }
    // What they held is there again.
    assert_eq!(exchange(&server, crate::request(&["SET", "k", &"x".repeat(15 << 20)])), "+OK\r\n");
}

#[test]
fn values_have_a_limit_together() {
    let server = start();
    let value = "x".repeat(15 << 20);
    let mut client = connect(&server);
    let mut set = |key: &str| {
        client.write_all(&request(&["SET", key, &value])).expect("written");
        let mut answer = vec![];
        while !answer.ends_with(b"\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).expect("an answer");
            answer.extend(byte);
        }
        String::from_utf8(answer).expect("text")
    };
    let refused = (0..20).find(|key| set(&key.to_string()) != "+OK\r\n");
    let refused = refused.expect("300 MiB are more than it keeps");
    assert_eq!(set("another"), OUT_OF_MEMORY, "the connection goes on");
    assert_eq!(exchange(&server, "DEL 0 1\r\n"), ":2\r\n");
    assert_eq!(set(&refused.to_string()), "+OK\r\n", "there is room again");
    still_serves(&server);
}

#[test]
fn what_has_expired_makes_room() {
    let server = start();
    let value = "x".repeat(15 << 20);
    let mut client = connect(&server);
    for key in 0..20 {
        // Sixteen such values are all that there is room for, and nobody asks for them again.
        client.write_all(&request(&["SET", &key.to_string(), &value, "PX", "1"])).expect("written");
        expect(&mut client, "+OK\r\n");
    }
}

#[test]
fn a_request_of_many_small_arguments_is_one_like_any_other() {
    let server = start();
    let keys = vec!["k"; (1 << 20) - 1];
    let mut bytes = b"*1048576\r\n$4\r\nMGET\r\n".to_vec();
    keys.iter().for_each(|key| bytes.extend(format!("$1\r\n{key}\r\n").bytes()));
    let answer = exchange(&server, bytes);
    assert!(answer == format!("*1048575\r\n{}", "$-1\r\n".repeat(keys.len())), "{} bytes", answer.len());
}

#[test]
fn a_browser_gets_nothing() {
    let server = start();
    let mut client = connect(&server);
    client.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n").expect("written");
    assert_eq!(to_the_end(client), "");
    let mut client = connect(&server);
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n").expect("written");
    assert_eq!(to_the_end(client), "-ERR wrong number of arguments for 'get' command\r\n");
    assert_eq!(exchange(&server, "GET k\r\n"), "$-1\r\n");
}

#[test]
fn a_client_that_resets_ends_nobody_else() {
    let server = start();
    let mut other = connect(&server);
    let mut client = connect(&server);
    // Unread answers make its close a reset.
    client.write_all(&b"PING\r\n".repeat(1000)).expect("written");
    client.read_exact(&mut [0]).expect("an answer");
    drop(client);
    other.write_all(b"PING\r\n").expect("written");
    expect(&mut other, "+PONG\r\n");
    still_serves(&server);
}

#[test]
fn no_line_of_a_clients_comes_back_as_a_reply_of_its_own() {
    let server = start();
    let answer = exchange(&server, request(&["nope\r\n+OK", "a\r\n:1"]));
    assert_eq!(answer, "-ERR unknown command 'nope  +OK', with args beginning with: 'a  :1' \r\n");
}

#[test]
fn little_of_an_unknown_command_comes_back() {
    let server = start();
    let answer = exchange(&server, request(&["x".repeat(1 << 20), "y".repeat(1 << 20)]));
    let (x, y) = ("x".repeat(128), "y".repeat(128));
    assert_eq!(answer, format!("-ERR unknown command '{x}', with args beginning with: '{y}' \r\n"));
}
