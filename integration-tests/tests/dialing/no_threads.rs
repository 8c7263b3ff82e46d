//! A name where no thread can be had to look it up.

use std::time::Duration;

use integration_tests::alone::alone_in;
use integration_tests::limits::{GREAT_THREADS, allow_memory};
use listener::listen;

#[test]
fn a_look_up_without_a_thread_says_so_and_the_next_one_works() {
    alone_in(
        &GREAT_THREADS,
        module_path!(),
        "a_look_up_without_a_thread_says_so_and_the_next_one_works",
        || {
            runtime::block_on(async {
                let listener = listen("tcp", "127.0.0.1:0").await.expect("a listener");
                let port = listener.addr().and_then(|addr| addr.port()).expect("a bound listener");
                let address = format!("localhost:{port}");
                allow_memory(Some(512));
                let refused = conn::dial_timeout("tcp", &address, Duration::from_secs(60)).await;
                allow_memory(None);
                let error = refused.expect_err("there is no room for a thread");
                assert_eq!(error.to_string(), "dial tcp: lookup localhost: resource temporarily unavailable");
                assert!(error.is_temporary() && !error.is_timeout());
                conn::dial("tcp", &address).await.expect("there is room again");
            });
        },
    );
}
