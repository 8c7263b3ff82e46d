//! The conformance suite for connections, over TCP and Unix sockets.

/// Over IPv4.
mod tcp4 {
    use integration_tests::conformance;
    use integration_tests::pair::pair;

    conformance!(async || Some(pair().await));
}

/// Over IPv6.
mod tcp6 {
    use conn::Conn;
    use integration_tests::conformance;
    use integration_tests::pair::pair_on;
    use integration_tests::skip::needs_ipv6;

    async fn pair6() -> Option<(Conn, Conn)> {
        if needs_ipv6() { Some(pair_on("[::1]:0").await) } else { None }
    }

    conformance!(pair6);
}

/// Over Unix sockets that carry a stream.
mod unix {
    use integration_tests::conformance;
    use integration_tests::pair::unix_pair;

    conformance!(async || Some(unix_pair("unix").await));
}

/// Over Unix sockets that keep the bounds of packets: nothing in the suite is longer than its reader's buffer.
mod unixpacket {
    use integration_tests::conformance;
    use integration_tests::pair::unix_pair;

    conformance!(async || Some(unix_pair("unixpacket").await));
}
