//! A runtime that the kernel has no room for: it says what was refused, and nothing is left of what was started.

use std::io::ErrorKind;

use integration_tests::alone::{alone_as, alone_in};
use integration_tests::limits::{GREAT_THREADS, allow_all_descriptors, allow_descriptors, allow_memory};
use netfd::Netpoll;
use runtime::Runtime;

use crate::{assert_threads, count, runtime};

#[test]
fn a_runtime_without_descriptors_says_that_its_poller_is_missing() {
    alone_as(module_path!(), "a_runtime_without_descriptors_says_that_its_poller_is_missing", || {
        allow_descriptors(3);
        let error = Runtime::new(1).expect_err("there is no descriptor left");
        assert_eq!(error.to_string(), "the poller cannot be made: Too many open files (os error 24)");
        allow_all_descriptors();
        let runtime = Runtime::new(1).expect("there are some again");
        assert_eq!(runtime.block_on(runtime.go(async { 7 })).ok(), Some(7));
    });
}

#[test]
fn a_runtime_without_room_for_its_threads_says_which_it_could_not_start() {
    alone_in(
        &GREAT_THREADS,
        module_path!(),
        "a_runtime_without_room_for_its_threads_says_which_it_could_not_start",
        || {
            const WORKERS: usize = 8;
            // It stays, with its thread.
            Netpoll::global().expect("the process-wide poller");
            let before = count("task");
            // Room for three of them.
            allow_memory(Some(3 * 1024 + 512));
            let refused = Runtime::new(WORKERS);
            allow_memory(None);
            let error = refused.expect_err("there is no room for so many");
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            let refused = "worker 4 of 8 cannot be started: Resource temporarily unavailable (os error 11)";
            assert_eq!(error.to_string(), refused);
            assert_threads(before);
            let runtime = Runtime::new(WORKERS).expect("there is room again");
            assert_eq!(runtime.block_on(runtime.go(async { 7 })).ok(), Some(7));
        },
    );
}

#[test]
fn a_worker_that_blocks_and_cannot_be_replaced_panics_with_the_reason() {
    alone_in(
        &GREAT_THREADS,
        module_path!(),
        "a_worker_that_blocks_and_cannot_be_replaced_panics_with_the_reason",
        || {
            let (runtime, _) = runtime(1);
            // The process-wide poller, by which the inner one waits, stays.
            Netpoll::global().expect("a poller");
            let blocks = runtime.go(async {
                allow_memory(Some(512));
                // Only another thread could run it.
                runtime::block_on(runtime::go(async {})).expect("it ends");
            });
            let ended = runtime.block_on(blocks);
            allow_memory(None);
            let panic =
                ended.expect_err("there is no room for a thread").into_panic().expect("it was not cancelled");
            assert_eq!(
                panic.downcast_ref::<String>().expect("a text"),
                "a worker cannot block, for no thread can be started in its place: \
             Resource temporarily unavailable (os error 11)"
            );
            // And the worker goes on.
            assert_eq!(runtime.block_on(runtime.go(async { 7 })).ok(), Some(7));
        },
    );
}
