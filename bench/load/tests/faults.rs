//! A generator that cannot notice a bad server measures nothing: here are servers, each bad in one way.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use load::report::Report;
use load::{Length, Message, Mode, Options};

/// What the server answers to what it has read; `before` is how many bytes it read before that.
type Answer = fn(before: usize, read: &[u8]) -> Vec<u8>;

/// Serves every connection with `answer`, until the test's process ends.
fn server(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("accepted");
            thread::spawn(move || serve(stream, answer));
        }
    });
    address
}

/// Ends with the connection, however the generator ends that.
fn serve(mut stream: TcpStream, answer: Answer) {
    let mut buf = vec![0; 1 << 16];
    let mut before = 0;
    while let Ok(read @ 1..) = stream.read(&mut buf) {
        if stream.write_all(&answer(before, &buf[..read])).is_err() {
            return;
        }
        before += read;
    }
}

/// A hundred messages of 1,000 bytes on `connections` connections.
fn run(address: SocketAddr, mode: Mode, connections: usize) -> Report {
    let mut options = Options::new(address).ending(Length::Requests(100));
    options.mode = mode;
    options.connections = connections;
    options.size = 1000;
    options.patience = Duration::from_millis(300);
    load::run(&options, &mut Vec::new()).expect("it measures")
}

/// The one thing that went wrong on the one connection.
fn error_of(answer: Answer, mode: Mode) -> String {
    let report = run(server(answer), mode, 1);
    assert!(report.errors > 0, "nothing was noticed: {report:?}");
    report.first_errors.first().expect("told").clone()
}

/// Whether byte `at` of the stream is in what was read, and where.
fn holds(before: usize, read: &[u8], at: usize) -> Option<usize> {
    at.checked_sub(before).filter(|index| *index < read.len())
}

#[test]
fn a_good_server_is_good() {
    for mode in [Mode::Echo, Mode::Short] {
        for connections in [1, 7] {
            let report = run(server(|_, read| read.to_vec()), mode, connections);
            assert_eq!((report.errors, report.requests), (0, Some(100)), "{report:?}");
            assert!(report.latency_us.is_some(), "{report:?}");
        }
    }
}

#[test]
fn in_lockstep_exactly_so_many_are_done_too() {
    let mut options = Options::new(server(|_, read| read.to_vec())).ending(Length::Requests(101));
    options.connections = 7;
    options.lockstep = true;
    let report = load::run(&options, &mut Vec::new()).expect("it measures");
    assert_eq!((report.errors, report.requests), (0, Some(101)), "{report:?}");
}

#[test]
fn in_lockstep_a_window_begins_and_ends_between_steps() {
    let mut options = Options::new(server(|_, read| read.to_vec()));
    options = options.ending(Length::Time(Duration::from_millis(3)));
    options.warmup = Duration::from_millis(1);
    options.connections = 7;
    options.message = Message::InTurns;
    options.lockstep = true;
    let mut signs = Vec::new();
    let report = load::run(&options, &mut signs).expect("it measures");
    let turns = report.turns.expect("several windows");
    assert_eq!((report.errors, turns.len()), (0, 320));
    assert!(turns.iter().all(|done| done % 7 == 0), "only whole steps count: {turns:?}");
    assert_eq!(report.requests, Some(turns.iter().sum()));
    assert_eq!(signs, "measuring\nmeasured\n".repeat(320).as_bytes());
}

#[test]
fn a_byte_that_was_changed_is_noticed() {
    let error = error_of(
        |before, read| {
            let mut answer = read.to_vec();
            if let Some(index) = holds(before, read, 4321) {
                answer[index] ^= 1;
            }
            answer
        },
        Mode::Echo,
    );
    // Message 1 begins the stream.
    assert!(error.ends_with("message 5: byte 321 is not the one that was sent"), "{error}");
}

#[test]
fn a_byte_that_was_changed_is_noticed_on_short_connections() {
    let error = error_of(
        |before, read| {
            let mut answer = read.to_vec();
            if let Some(index) = holds(before, read, 999) {
                answer[index] ^= 1;
            }
            answer
        },
        Mode::Short,
    );
    assert!(error.ends_with("byte 999 is not the one that was sent"), "{error}");
}

#[test]
fn a_byte_that_was_dropped_is_noticed() {
    let error = error_of(
        |before, read| {
            let mut answer = read.to_vec();
            if let Some(index) = holds(before, read, 4321) {
                answer.remove(index);
            }
            answer
        },
        Mode::Echo,
    );
    assert!(error.ends_with("message 5: byte 321 is not the one that was sent"), "{error}");
}

#[test]
fn a_last_byte_that_was_dropped_is_noticed() {
    let error = error_of(
        |before, read| {
            let mut answer = read.to_vec();
            if let Some(index) = holds(before, read, 4999) {
                answer.remove(index);
            }
            answer
        },
        Mode::Echo,
    );
    assert!(error.ends_with("1 bytes are missing"), "{error}");
}

#[test]
fn bytes_out_of_their_order_are_noticed() {
    let error = error_of(
        |before, read| {
            let mut answer = read.to_vec();
            if let Some(index) = holds(before, read, 4321).filter(|index| index + 1 < read.len()) {
                assert_ne!(answer[index], answer[index + 1], "the pattern has others there");
                answer.swap(index, index + 1);
            }
            answer
        },
        Mode::Echo,
    );
    assert!(error.ends_with("message 5: byte 321 is not the one that was sent"), "{error}");
}

#[test]
fn a_byte_too_many_is_noticed() {
    let error = error_of(
        |before, read| {
            let mut answer = read.to_vec();
            if holds(before, read, 4999).is_some() {
                answer.push(0);
            }
            answer
        },
        Mode::Echo,
    );
    // It comes with the message, or after it and so before, or with, the next.
    assert!(
        error.contains("bytes more came back than were sent")
            || error.ends_with("byte 0 is not the one that was sent"),
        "{error}"
    );
}

#[test]
fn a_message_that_comes_again_instead_of_the_next_is_noticed() {
    let error = error_of(
        |_, read| {
            static FIRST: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            FIRST.get_or_init(|| read.to_vec()).clone()
        },
        Mode::Echo,
    );
    assert!(error.contains("message 2: byte 0"), "{error}");
}

#[test]
fn a_server_that_is_silent_is_noticed() {
    let error = error_of(|_, _| Vec::new(), Mode::Echo);
    assert!(error.ends_with("1000 bytes are missing"), "{error}");
}

#[test]
fn a_server_that_goes_away_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accepted");
        let mut buf = [0; 1000];
        stream.read_exact(&mut buf).expect("the first message");
        stream.write_all(&buf[..500]).expect("half of it");
        // Read, so that the close is in order.
    });
    let report = run(address, Mode::Echo, 1);
    served.join().expect("the server does not panic");
    let error = &report.first_errors[0];
    assert!(error.ends_with("the server closed it before the answer was whole"), "{error}");
    assert_eq!(report.requests, Some(0), "{report:?}");
}

#[test]
fn where_nobody_listens_nothing_is_measured() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let options = Options::new(address);
    let error = load::run(&options, &mut Vec::new()).expect_err("refused");
    assert!(format!("{error:#}").contains("connect"), "{error:#}");
    // Short connections are counted one by one, up to a bound.
    let report = run(address, Mode::Short, 1);
    assert!(report.errors >= 1 && report.requests == Some(0), "{report:?}");
}
