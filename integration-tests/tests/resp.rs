//! The parser of requests, on input that nobody chose.

use examples::resp::{Limits, Parser, ProtocolError, encode, parse_integer};
use proptest::prelude::*;

type Requests = Vec<Vec<Vec<u8>>>;

/// Small enough that a test reaches them.
const SMALL: Limits = Limits { line: 64, arguments: 8, request: 256 };

/// Everything that a parser makes of `pieces`: the requests, and the error after them.
fn parsed<'a>(
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Requests, Option<ProtocolError>) {
    let mut parser = Parser::new(limits);
    let mut requests = vec![];
    for piece in pieces {
        parser.feed(piece);
        loop {
            match parser.request() {
                Ok(Some(request)) => requests.push(request.iter().map(<[u8]>::to_vec).collect()),
                Ok(None) => break,
                Err(error) => return (requests, Some(error)),
            }
        }
    }
    (requests, None)
}

fn refused(input: &[u8]) -> String {
    let (requests, error) = parsed(Limits::default(), [input]);
    assert_eq!(requests, Requests::new());
    error.expect("refused").to_string()
}

fn words(line: &[u8]) -> Vec<String> {
    let (mut requests, error) = parsed(Limits::default(), [line]);
    assert_eq!((requests.len(), error), (1, None), "{requests:?}");
    requests.remove(0).into_iter().map(|word| String::from_utf8(word).expect("text")).collect()
}

/// Bytes that a parser takes for requests much more often than random ones.
fn nearly_requests() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        (-2..12i64).prop_map(|count| format!("*{count}\r\n").into_bytes()),
        (-2..300i64).prop_map(|length| format!("${length}\r\n").into_bytes()),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..4).prop_map(|arguments| {
            let mut bytes = vec![];
            encode::request(&mut bytes, &arguments);
            bytes
        }),
        "[a-c \"'\\\\x4]{0,70}(\r\n|\n)".prop_map(String::into_bytes),
        "[*$]?[0-9]{0,70}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_grow(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut parser = Parser::new(SMALL);
        for piece in &pieces {
            parser.feed(piece);
            while let Ok(Some(request)) = parser.request() {
                prop_assert!((1..=300).contains(&request.count()));
            }
        }
        prop_assert!(parser.memory() < 1 << 18);
    }

    #[test]
    fn requests_that_were_encoded_are_parsed(
        requests in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..10), 0..10)
    ) {
        let mut bytes = vec![];
        requests.iter().for_each(|request| encode::request(&mut bytes, request));
        prop_assert_eq!(parsed(Limits::default(), [&bytes[..]]), (requests, None));
    }

    #[test]
    fn where_the_input_is_cut_makes_no_difference(
        bytes in nearly_requests(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5)
    ) {
        let whole = parsed(SMALL, [&bytes[..]]);
        prop_assert_eq!(&parsed(SMALL, bytes.chunks(1)), &whole);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        prop_assert_eq!(&parsed(SMALL, cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])), &whole);
    }

    #[test]
    fn words_in_quotes_may_hold_any_byte(wanted in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5)) {
        let word = |word: &Vec<u8>| word.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let line: Vec<_> = wanted.iter().map(|bytes| format!("\"{}\"", word(bytes))).collect();
        let line = line.join(" ") + "\r\n";
        prop_assert_eq!(parsed(Limits::default(), [line.as_bytes()]), (vec![wanted], None));
    }

    #[test]
    fn a_number_has_one_spelling(number: i64, spelling in "[-+]?0{0,2}[0-9]{0,20} ?") {
        prop_assert_eq!(parse_integer(number.to_string().as_bytes()), Some(number));
        let canonical = spelling.parse::<i64>().ok().filter(|number| number.to_string() == spelling);
        prop_assert_eq!(parse_integer(spelling.as_bytes()), canonical);
    }
}

#[test]
fn what_is_no_request_is_refused_in_the_words_of_redis() {
    for (input, words) in [
        ("*abc\r\n", "invalid multibulk length"),
        ("*\r\n", "invalid multibulk length"),
        ("*+1\r\n", "invalid multibulk length"),
        ("*1048577\r\n", "invalid multibulk length"),
        ("*99999999999999999999\r\n", "invalid multibulk length"),
        ("*1\r\n:3\r\n", "expected '$', got ':'"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$\r\n", "invalid bulk length"),
        ("*1\r\n$16777217\r\n", "invalid bulk length"),
        ("*1\r\n$9223372036854775807\r\n", "invalid bulk length"),
        ("PING \"abc\r\n", "unbalanced quotes in request"),
        ("PING \"abc\"d\r\n", "unbalanced quotes in request"),
        ("PING 'abc\r\n", "unbalanced quotes in request"),
    ] {
        assert_eq!(refused(input.as_bytes()), format!("Protocol error: {words}"), "{input:?}");
    }
    for (start, words) in [
        ("", "too big inline request"),
        ("*", "too big mbulk count string"),
        ("*1\r\n$", "too big bulk count string"),
    ] {
        let input = start.to_owned() + &"1".repeat(65537);
        assert_eq!(refused(input.as_bytes()), format!("Protocol error: {words}"));
    }
}

#[test]
fn a_line_may_be_as_long_as_the_limit() {
    let line = "A".repeat(65536);
    assert_eq!(words(format!("{line}\n").as_bytes()), [line.as_str()]);
    assert_eq!(refused(format!("{line}A\n").as_bytes()), "Protocol error: too big inline request");
}

#[test]
fn a_request_may_be_as_large_as_the_limit() {
    let limits = Limits { request: 21, ..SMALL };
    // Nine bytes before it, two behind it.
    for (length, fits) in [(10, true), (11, false)] {
        let input = format!("*1\r\n${length}\r\n{}\r\n", "x".repeat(length));
        let (requests, error) = parsed(limits, [input.as_bytes()]);
        assert_eq!(requests.len(), usize::from(fits));
        assert_eq!(error, (!fits).then_some(ProtocolError::InvalidBulkLength));
    }
    let many = "*8\r\n".to_owned() + &"$0\r\n\r\n".repeat(8);
    assert_eq!(
        parsed(limits, [many.as_bytes()]).1,
        Some(ProtocolError::InvalidBulkLength),
        "empty arguments, too"
    );
}

#[test]
fn empty_requests_are_passed_over() {
    let input = b"*0\r\n\r\n   \r\n*-5\r\n\nPING\r\n";
    assert_eq!(parsed(Limits::default(), [&input[..]]).0, [[b"PING"]]);
}

#[test]
fn words_are_taken_as_redis_takes_them() {
    assert_eq!(words(b"  PING  hi \r\n"), ["PING", "hi"]);
    assert_eq!(words(b"PI\"NG\" a\"b c\"\n"), ["PING", "ab c"]);
    assert_eq!(words(b"x \"a b\\x41\\n\\q\\\"\" ''\n"), ["x", "a bA\nq\"", ""]);
    assert_eq!(words(b"x 'a\\'b\\n'\n"), ["x", "a'b\\n"]);
    assert_eq!(words(b"x\t\x0by\x0cz\ra\n"), ["x", "y\x0cz", "a"]);
}

#[test]
fn the_byte_after_a_carriage_return_is_not_looked_at() {
    assert_eq!(parsed(Limits::default(), [&b"*1\rX$4\r\nPINGxy"[..]]).0, [[b"PING"]]);
}

#[test]
fn after_an_error_there_is_only_the_error() {
    let mut parser = Parser::default();
    parser.feed(b"PING\r\n*x\r\nPING\r\n");
    assert_eq!(parser.request().map(|request| request.map(|request| request.count())), Ok(Some(1)));
    for _ in 0..2 {
        assert_eq!(parser.request().err(), Some(ProtocolError::InvalidMultibulkLength));
        parser.feed(b"PING\r\n");
    }
}

#[test]
fn memory_grows_with_what_has_arrived_and_not_with_what_was_announced() {
    let mut parser = Parser::default();
    parser.feed(b"*1048576\r\n$16000000\r\n");
    assert!(parser.request().expect("no error yet").is_none());
    assert!(parser.memory() < 1 << 17, "{}", parser.memory());
    parser.feed(&vec![0; 16_000_002]);
    assert!(parser.request().expect("no error yet").is_none());
    assert!(parser.memory() < 64 << 20, "{}", parser.memory());
}

#[test]
fn memory_that_a_large_request_needed_is_given_back() {
    let mut parser = Parser::default();
    let mut bytes = vec![];
    encode::request(&mut bytes, &vec![b"x"; 1 << 20]);
    parser.feed(&bytes);
    assert_eq!(parser.request().expect("a request").map(|request| request.count()), Some(1 << 20));
    assert!(parser.request().expect("no error").is_none());
    assert!(parser.memory() < 1 << 18, "{}", parser.memory());
}

#[test]
fn replies_are_written_as_the_protocol_has_them() {
    let mut out = vec![];
    encode::simple(&mut out, "OK");
    encode::error(&mut out, b"ERR a\r\n+b");
    encode::integer(&mut out, i64::MIN);
    encode::array(&mut out, 2);
    encode::bulk(&mut out, b"a\r\n");
    encode::null(&mut out);
    let expected = "+OK\r\n-ERR a  +b\r\n:-9223372036854775808\r\n*2\r\n$3\r\na\r\n\r\n$-1\r\n";
    assert_eq!(String::from_utf8(out).as_deref(), Ok(expected));
}
