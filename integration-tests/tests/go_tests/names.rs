//! Go's names for tests, and what such a test is called here.

/// Whether a name is that of a test: `net.TestDial`, `nettest.testBasicIO`.
pub(crate) fn is_a_test(go: &str) -> bool {
    go.split_once('.').is_some_and(|(package, name)| {
        let name = name.strip_prefix(if package == "nettest" { "test" } else { "Test" });
        name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
    })
}

/// `net.TestTCPListener` is `tcp_listener`.
pub(crate) fn in_snake_case(go: &str) -> String {
    let name = go.split_once('.').map_or(go, |(_, name)| name);
    // One word, whatever its letters.
    let name: Vec<char> = name[4..].replace("IPv", "Ip").chars().collect();
    let mut snake = String::new();
    for (at, letter) in name.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| name[before]);
        let after = name.get(at + 1);
        let begins_word = match before {
            None | Some('_') => false,
            Some(before) if letter.is_ascii_digit() => before.is_ascii_lowercase() && before != 'p',
            Some(before) if letter.is_ascii_uppercase() => {
                !before.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase)
            }
            Some(_) => false,
        };
        if begins_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake.replace("ip6", "ipv6")
}

#[test]
fn names_are_taken_apart_as_a_reader_would() {
    let names = [
        ("net.TestTCPListener", "tcp_listener"),
        ("poll.TestEOFError", "eof_error"),
        ("net.TestListenIPv6WildcardAddr", "listen_ipv6_wildcard_addr"),
        ("net.TestIPv6LinkLocalUnicastTCP", "ipv6_link_local_unicast_tcp"),
        ("net.TestBuffers_WriteTo", "buffers_write_to"),
        ("net.TestVariousDeadlines4Proc", "various_deadlines_4_proc"),
        ("net.TestSpuriousENOTAVAIL", "spurious_enotavail"),
        ("net.TestDialerDualStackFDLeak", "dialer_dual_stack_fd_leak"),
        ("nettest.testBasicIO", "basic_io"),
    ];
    for (go, here) in names {
        assert!(is_a_test(go), "{go}");
        assert_eq!(in_snake_case(go), here);
    }
    for other in ["net.Dial", "net.testHookDial", "net.Testing", "nettest.TestConn", "TestDial"] {
        assert!(!is_a_test(other), "{other}");
    }
}
