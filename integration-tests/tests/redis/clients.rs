//! The tools that come with Redis.

use std::process::Command;

use integration_tests::server::Server;
use integration_tests::skip::needs;

use crate::start;

fn tool(name: &str, server: &Server) -> Command {
    let (host, port) = server.address().rsplit_once(':').expect("an address has a port");
    let mut command = Command::new(name);
    command.args(["-h", host, "-p", port]);
    command
}

/// What `redis-cli` prints, with the types of what it got.
fn cli(server: &Server, arguments: &[&str]) -> String {
    let output = tool("redis-cli", server).arg("--no-raw").args(arguments).output().expect("redis-cli runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Runs commands in turn, written with single blanks between their words, and compares what comes back.
#[track_caller]
fn session(commands: &[(&str, &str)]) {
    if !needs("redis-cli") {
        return;
    }
    let server = start();
    for (command, expected) in commands {
        let words: Vec<_> = command.split(' ').collect();
        assert_eq!(cli(&server, &words), *expected, "{command}");
    }
    assert_eq!(
        server.stop(),
        format!("{0} connections, {0} commands\n", commands.len()),
        "one for each of these"
    );
}

const NOT_AN_INTEGER: &str = "(error) ERR value is not an integer or out of range";
const SYNTAX: &str = "(error) ERR syntax error";

#[test]
fn values_are_set_and_got_and_deleted() {
    session(&[
        ("GET a", "(nil)"),
        ("SET a 1", "OK"),
        ("get a", "\"1\""),
        ("set b two", "OK"),
        ("MGET a b c a", "1) \"1\"\n2) \"two\"\n3) (nil)\n4) \"1\""),
        ("DEL a b c", "(integer) 2"),
        ("DEL a a", "(integer) 0"),
        ("MGET a", "1) (nil)"),
        ("SET a ", "OK"),
        ("GET a", "\"\""),
    ]);
}

#[test]
fn set_takes_conditions() {
    session(&[
        ("SET a 1 XX", "(nil)"),
        ("GET a", "(nil)"),
        ("SET a 1 NX", "OK"),
        ("SET a 2 nx", "(nil)"),
        ("GET a", "\"1\""),
        ("SET a 3 xx", "OK"),
        ("GET a", "\"3\""),
        ("SET a 4 NX XX", SYNTAX),
        ("SET a 4 NX NX", "(nil)"),
        ("SET a 4 SOON", SYNTAX),
        ("GET a", "\"3\""),
    ]);
}

#[test]
fn set_takes_a_time_to_live() {
    session(&[
        ("SET a 1 EX", SYNTAX),
        ("SET a 1 EX 10 PX 10", SYNTAX),
        ("SET a 1 EX ten", NOT_AN_INTEGER),
        ("SET a 1 EX 9223372036854775808", NOT_AN_INTEGER),
        ("SET a 1 EX 010", NOT_AN_INTEGER),
        ("SET a 1 EX 0", "(error) ERR invalid expire time in 'set' command"),
        ("SET a 1 PX -1", "(error) ERR invalid expire time in 'set' command"),
        ("SET a 1 EX 9223372036854775", "(error) ERR invalid expire time in 'set' command"),
        ("SET a 1 EX 9223372036854775807", "(error) ERR invalid expire time in 'set' command"),
        ("SET a 1 PX 9223372036854775807", "(error) ERR invalid expire time in 'set' command"),
        ("GET a", "(nil)"),
        ("SET a 1 NX PX 1000000", "OK"),
        ("GET a", "\"1\""),
        ("SET a 2", "OK"),
        ("TTL a", "(integer) -1"),
    ]);
}

#[test]
fn a_key_expires() {
    if !needs("redis-cli") {
        return;
    }
    let server = start();
    for command in [&["SET", "a", "1", "PX", "1"][..], &["SET", "b", "1", "EX", "1"]] {
        assert_eq!(cli(&server, command), "OK");
        while cli(&server, &["GET", command[1]]) != "(nil)" {}
        assert_eq!(cli(&server, &["TTL", command[1]]), "(integer) -2");
        assert_eq!(cli(&server, &["DEL", command[1]]), "(integer) 0");
        assert_eq!(cli(&server, &["SET", command[1], "2", "XX"]), "(nil)");
    }
}

#[test]
fn a_time_to_live_is_told_in_seconds() {
    if !needs("redis-cli") {
        return;
    }
    let server = start();
    for command in [&["SET", "a", "1", "PX", "100000000"][..], &["EXPIRE", "a", "100000"]] {
        cli(&server, command);
        let told = cli(&server, &["TTL", "a"]);
        let seconds = told.strip_prefix("(integer) ").and_then(|number| number.parse::<u32>().ok());
        // Whatever the machine did in between, it did not take a day.
        assert!((10_000..=100_000).contains(&seconds.expect("a number")), "{told}");
    }
}

#[test]
fn expire_sets_and_deletes() {
    session(&[
        ("EXPIRE a 10", "(integer) 0"),
        ("TTL a", "(integer) -2"),
        ("SET a 1", "OK"),
        ("EXPIRE a ten", NOT_AN_INTEGER),
        ("EXPIRE a 9223372036854775807", "(error) ERR invalid expire time in 'expire' command"),
        ("EXPIRE a -9223372036854775808", "(error) ERR invalid expire time in 'expire' command"),
        ("EXPIRE a 9223372036854775", "(error) ERR invalid expire time in 'expire' command"),
        ("EXPIRE a 10 SOON", "(error) ERR Unsupported option SOON"),
        ("TTL a", "(integer) -1"),
        ("EXPIRE a -1", "(integer) 1"),
        ("GET a", "(nil)"),
        ("SET a 1 EX 1000000", "OK"),
        ("EXPIRE a 0", "(integer) 1"),
        ("TTL a", "(integer) -2"),
        ("SET a 1", "OK"),
        ("TTL a", "(integer) -1"),
    ]);
}

#[test]
fn incr_counts_and_refuses_what_is_no_number() {
    session(&[
        ("INCR a", "(integer) 1"),
        ("INCR a", "(integer) 2"),
        ("GET a", "\"2\""),
        ("SET a -1", "OK"),
        ("INCR a", "(integer) 0"),
        ("SET a 9223372036854775807", "OK"),
        ("INCR a", "(error) ERR increment or decrement would overflow"),
        ("GET a", "\"9223372036854775807\""),
        ("SET a 9223372036854775808", "OK"),
        ("INCR a", NOT_AN_INTEGER),
        ("SET a 01", "OK"),
        ("INCR a", NOT_AN_INTEGER),
        ("SET a one", "OK"),
        ("INCR a", NOT_AN_INTEGER),
        ("SET a 5 EX 1000000", "OK"),
        ("INCR a", "(integer) 6"),
        ("EXPIRE a 0", "(integer) 1"),
    ]);
}

#[test]
fn incr_leaves_the_time_to_live() {
    if !needs("redis-cli") {
        return;
    }
    let server = start();
    cli(&server, &["SET", "a", "5", "EX", "1000000"]);
    assert_eq!(cli(&server, &["INCR", "a"]), "(integer) 6");
    assert!(!["(integer) -1", "(integer) -2"].contains(&cli(&server, &["TTL", "a"]).as_str()));
}

#[test]
fn the_connection_is_asked_about() {
    session(&[
        ("PING", "PONG"),
        ("PING hi", "\"hi\""),
        ("ECHO hi", "\"hi\""),
        ("QUIT", "OK"),
        ("COMMAND COUNT", "(integer) 12"),
        ("COMMAND DOCS get", "(empty array)"),
        ("COMMAND INFO nope", "1) (nil)"),
        (
            "COMMAND INFO ttl",
            "1) 1) \"ttl\"\n   2) (integer) 2\n   3) 1) readonly\n      2) fast\n   4) (integer) 1\n   \
             5) (integer) 1\n   6) (integer) 1",
        ),
        ("CONFIG GET save appendonly", "1) \"appendonly\"\n2) \"no\"\n3) \"save\"\n4) \"\""),
        ("CONFIG GET nope", "(empty array)"),
        ("CONFIG SET save 1", "(error) ERR unknown subcommand 'SET'. Try CONFIG HELP."),
        ("COMMAND NOPE", "(error) ERR unknown subcommand 'NOPE'. Try COMMAND HELP."),
    ]);
}

#[test]
fn a_wrong_number_of_arguments_is_told_with_the_commands_name() {
    let wrong = [
        ("GET", "get"),
        ("GET a b", "get"),
        ("SET a", "set"),
        ("DEL", "del"),
        ("INCR", "incr"),
        ("INCR a b", "incr"),
        ("MGET", "mget"),
        ("EXPIRE a", "expire"),
        ("TTL", "ttl"),
        ("TTL a b", "ttl"),
        ("PING a b", "ping"),
        ("ECHO", "echo"),
        ("ECHO a b", "echo"),
        ("CONFIG", "config"),
        ("CONFIG GET", "config|get"),
        ("COMMAND COUNT a", "command|count"),
    ];
    let told = wrong.map(|(_, name)| format!("(error) ERR wrong number of arguments for '{name}' command"));
    let commands: Vec<_> =
        wrong.iter().zip(&told).map(|((command, _), told)| (*command, told.as_str())).collect();
    session(&commands);
}

#[test]
fn what_is_not_known_is_told_in_the_words_of_redis() {
    session(
        &[
            ("foo bar baz", "(error) ERR unknown command 'foo', with args beginning with: 'bar' 'baz' "),
            ("LPUSH a", "(error) ERR unknown command 'LPUSH', with args beginning with: 'a' "),
        ]
        .map(|(command, told)| (command, told.trim_end())),
    );
}

#[test]
fn the_benchmark_runs_and_its_requests_are_counted() {
    if !needs("redis-benchmark") {
        return;
    }
    let server = start();
    let output = tool("redis-benchmark", &server)
        .args(["-t", "ping,set,get,incr", "-n", "20000", "-c", "50", "-P", "16", "-q"])
        .output()
        .expect("redis-benchmark runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    for test in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR"] {
        assert!(said.contains(&format!("{test}: ")), "{said}");
    }
    // Five tests; and before them one connection that asks for two parameters.
    assert_eq!(server.stop(), "251 connections, 100002 commands\n");
}
