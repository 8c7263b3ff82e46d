//! Whatever number of waiting connections is asked for: a listener, never a panic.

use futures::executor::block_on;
use listener::ListenConfig;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_number_is_a_backlog(backlog: i32) {
        let listener = block_on(ListenConfig::new().backlog(backlog).listen("tcp", "127.0.0.1:0"));
        let listener = listener.expect("the kernel takes what it can");
        let address = listener.addr().expect("bound").to_string();
        let connected = std::net::TcpStream::connect(address).expect("there is room for one");
        block_on(listener.accept()).expect("a connection");
        drop(connected);
    }
}
