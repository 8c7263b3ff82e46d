//! `curl` and `wrk` against `hyper` on our connections.

use std::error::Error;
use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use conn::{OpError, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::skip::needs;

use crate::server::{GREETING, Server};
use crate::{noise, output_of, printed, program};

/// `curl` that follows no settings of the machine's and fails on a status that is an error.
fn curl(arguments: &[&str]) -> Command {
    let mut command = program("curl");
    command.args(["-q", "--noproxy", "*", "--silent", "--show-error", "--fail"]).args(arguments);
    command
}

on_every_executor!(curl_asks_twice_on_one_connection, |exec: Exec| async move {
    if !needs("curl") {
        return;
    }
    let server = Server::start(exec).await;
    let url = server.url();
    let command = curl(&["--write-out", "%{http_version} %{http_code} %{num_connects}\n", &url, &url]);
    let output = output_of(command, vec![]).await;
    // The second finds the connection of the first.
    assert_eq!(printed(output), format!("{GREETING}1.1 200 1\n{GREETING}1.1 200 0\n"));
    let served = server.stop().await;
    assert!(served.errors.is_empty(), "{:?}", served.errors);
    assert_eq!((served.connections, served.requests), (1, 2));
});

on_every_executor!(mebibytes_that_curl_posts_come_back_unchanged, |exec: Exec| async move {
    if !needs("curl") {
        return;
    }
    let body = noise(8 << 20);
    let server = Server::start(exec).await;
    let command = curl(&["--data-binary", "@-", &server.url()]);
    let output = output_of(command, body.clone()).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout.len(), body.len());
    assert!(output.stdout == body, "other bytes than those that went");
    let served = server.stop().await;
    assert!(served.errors.is_empty(), "{:?}", served.errors);
    assert_eq!((served.connections, served.requests), (1, 1));
});

/// How many requests `wrk` reports; its report names failures only if there are some.
fn reported(report: &str) -> usize {
    assert!(!report.contains("Socket errors"), "{report}");
    assert!(!report.contains("Non-2xx"), "{report}");
    let line =
        report.lines().find(|line| line.contains(" requests in ")).unwrap_or_else(|| panic!("{report}"));
    line.split_whitespace().next().expect("not empty").parse().expect("a number")
}

/// Our error at the bottom of `hyper`'s.
fn ours(error: &hyper::Error) -> Option<&OpError> {
    let sources = std::iter::successors(error.source(), |error| (**error).source());
    sources.filter_map(|error| error.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref()).last()
}

on_every_executor!(a_reset_is_told_in_our_words, |exec: Exec| async move {
    let server = Server::start(exec).await;
    let client = dial("tcp", server.address()).await.expect("connected");
    client.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").await.expect("written");
    // The server is in the midst of the request.
    assert_ne!(client.read(&mut [0; 8]).await.expect("an answer"), 0);
    client.set_linger(Some(Duration::ZERO)).expect("set");
    client.close().await.expect("the first close");
    let served = server.stop().await;
    let [error] = &served.errors[..] else { panic!("{:?}", served.errors) };
    let ours = ours(error).unwrap_or_else(|| panic!("{error:?} hides it"));
    assert_eq!(ours.kind(), ErrorKind::ConnectionReset);
    assert!(ours.to_string().starts_with("read tcp 127.0.0.1:"), "{ours}");
});

/// Whether the client left, as `wrk` does in the midst of its requests.
fn has_left(error: &hyper::Error) -> bool {
    let kind = ours(error).map(OpError::kind);
    matches!(kind, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)) || error.is_incomplete_message()
}

on_every_executor!(wrk_is_served_without_an_error, |exec: Exec| async move {
    if !needs("wrk") {
        return;
    }
    let server = Server::start(exec).await;
    let mut command = program("wrk");
    // A busy machine may take its time over an answer.
    command.args(["-t2", "-c50", "-d2s", "--timeout", "60s", &server.url()]);
    let report = printed(output_of(command, vec![]).await);
    let reported = reported(&report);
    let served = server.stop().await;
    assert!(served.errors.iter().all(has_left), "{:?}", served.errors);
    assert!(0 < reported && reported <= served.requests, "{} of ours, {report}", served.requests);
    // None was given up for another; the one beside the fifty is what it finds the address with.
    assert!(served.connections <= 51, "{} connections, {report}", served.connections);
});
