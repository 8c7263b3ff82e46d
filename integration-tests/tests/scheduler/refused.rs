//! A runtime that the kernel has no room for: the error says what was refused, and nothing is left of what was started.

use std::io::ErrorKind;

use integration_tests::alone::alone_as;
use integration_tests::limits::{allow_all_descriptors, allow_descriptors, allow_memory};
use netfd::Netpoll;
use runtime::Runtime;

use crate::{assert_threads, count};

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
    alone_as(module_path!(), "a_runtime_without_room_for_its_threads_says_which_it_could_not_start", || {
        const WORKERS: usize = 64;
        // It stays, with its thread.
        Netpoll::global().expect("the process-wide poller");
        let before = count("task");
        // Room for some of their stacks, which take 2 MiB each.
        allow_memory(Some(9 << 20));
        let refused = Runtime::new(WORKERS);
        allow_memory(None);
        let error = refused.expect_err("there is no room for so many");
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        let text = error.to_string();
        let which =
            text.strip_prefix("worker ").and_then(|text| text.split_once(" of 64 cannot be started: "));
        let (number, why) = which.unwrap_or_else(|| panic!("{text:?}"));
        assert!((2..WORKERS).contains(&number.parse().expect("a number")), "{text}");
        assert_eq!(why, "Resource temporarily unavailable (os error 11)");
        assert_threads(before);
        let runtime = Runtime::new(WORKERS).expect("there is room again");
        assert_eq!(runtime.block_on(runtime.go(async { 7 })).ok(), Some(7));
    });
}
