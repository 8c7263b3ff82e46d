//! `host:port`, as Go takes it apart and puts it together.

use conn::{join_host_port, split_host_port};
use proptest::prelude::*;

#[test]
fn an_address_is_split_at_the_ports_colon() {
    let table = [
        ("localhost:", "localhost", ""),
        ("localhost:1", "localhost", "1"),
        ("golang.org:http", "golang.org", "http"),
        ("127.0.0.1:80", "127.0.0.1", "80"),
        (":80", "", "80"),
        (":", "", ""),
        ("[::1]:", "::1", ""),
        ("[::1]:80", "::1", "80"),
        ("[]:80", "", "80"),
        ("[fe80::1%lo0]:80", "fe80::1%lo0", "80"),
        ("[localhost]:80", "localhost", "80"),
    ];
    for (address, host, port) in table {
        assert_eq!(split_host_port(address), Ok((host, port)), "{address}");
    }
}

#[test]
fn an_address_that_cannot_be_split_is_refused_in_gos_words() {
    let table = [
        ("", "missing port in address"),
        ("localhost", "address localhost: missing port in address"),
        ("127.0.0.1", "address 127.0.0.1: missing port in address"),
        ("[]", "address []: missing port in address"),
        ("[::1]", "address [::1]: missing port in address"),
        ("[::1]80", "address [::1]80: missing port in address"),
        ("[a]b:80", "address [a]b:80: missing port in address"),
        ("[a][b]:1", "address [a][b]:1: missing port in address"),
        ("[::1]]:1", "address [::1]]:1: missing port in address"),
        ("::1", "address ::1: too many colons in address"),
        ("::1:80", "address ::1:80: too many colons in address"),
        (":::", "address :::: too many colons in address"),
        ("a:b:c", "address a:b:c: too many colons in address"),
        ("[::1]:80:90", "address [::1]:80:90: too many colons in address"),
        ("[::1", "address [::1: missing ']' in address"),
        ("[a:1", "address [a:1: missing ']' in address"),
        ("[:", "address [:: missing ']' in address"),
        ("a[:1", "address a[:1: unexpected '[' in address"),
        ("a[b]:1", "address a[b]:1: unexpected '[' in address"),
        ("[[::1]:1", "address [[::1]:1: unexpected '[' in address"),
        ("[a]:[b", "address [a]:[b: unexpected '[' in address"),
        ("]:[", "address ]:[: unexpected '[' in address"),
        ("x:[", "address x:[: unexpected '[' in address"),
        ("a]:1", "address a]:1: unexpected ']' in address"),
        ("[a]:b]", "address [a]:b]: unexpected ']' in address"),
        ("]:", "address ]:: unexpected ']' in address"),
        ("x:]", "address x:]: unexpected ']' in address"),
    ];
    for (address, text) in table {
        let error = split_host_port(address).unwrap_err();
        assert_eq!(error.to_string(), text);
        assert_eq!(error.addr(), address);
    }
}

#[test]
fn a_host_with_colons_is_joined_in_brackets() {
    let table = [
        ("a", "1", "a:1"),
        ("::1", "80", "[::1]:80"),
        ("", "x", ":x"),
        ("a%b", "2", "a%b:2"),
        ("fe80::1%lo", "3", "[fe80::1%lo]:3"),
    ];
    for (host, port, address) in table {
        assert_eq!(join_host_port(host, port), address);
    }
}

proptest! {
    #[test]
    fn what_was_joined_is_split_again(host in "[^\\[\\]]*", port in "[^\\[\\]:]*") {
        let address = join_host_port(&host, &port);
        prop_assert_eq!(split_host_port(&address), Ok((host.as_str(), port.as_str())));
    }

    #[test]
    fn what_was_split_is_joined_to_the_same_meaning(address in "[\\[\\]:%a1]{0,12}") {
        if let Ok((host, port)) = split_host_port(&address) {
            let joined = join_host_port(host, port);
            prop_assert_eq!(split_host_port(&joined), Ok((host, port)));
        }
    }

    #[test]
    fn no_text_makes_it_panic(address in ".*") {
        let _ = split_host_port(&address);
    }

    #[test]
    fn a_split_address_has_no_brackets_left(address in "[\\[\\]:a]{0,10}") {
        if let Ok((host, port)) = split_host_port(&address) {
            prop_assert!(!host.contains(['[', ']']) && !port.contains(['[', ']', ':']));
        }
    }
}
