//! The deadline of a listener.

use std::time::{Duration, Instant};

use conn::dial;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::listening;

use crate::{WHILE, assert_closed, assert_timed_out, past};

on_every_executor!(
    /// Go: `net.TestAcceptTimeout`
    accept_timeout,
    |_| async {
        let (listener, address) = listening().await;
        let waiting = dial("tcp", &address).await.expect("a connection");
        // Also where somebody waits to be accepted; and it says so as often as it is asked.
        listener.set_deadline(Some(past())).expect("open");
        assert_timed_out(listener.accept().await, "accept");
        assert_timed_out(listener.accept().await, "accept");
        // Nobody is lost by it.
        listener.set_deadline(None).expect("open");
        let accepted = listener.accept().await.expect("the one who waits");
        let known = |addr: Option<&netfd::Addr>| addr.expect("a known address").to_string();
        assert_eq!(known(accepted.remote_addr().as_ref()), known(waiting.local_addr().as_ref()));

        let due = Instant::now() + Duration::from_millis(50);
        listener.set_deadline(Some(due)).expect("open");
        let error = listener.accept().await.unwrap_err();
        assert!(Instant::now() >= due, "a deadline fired early");
        assert_eq!(error.to_string(), format!("accept tcp {address}: i/o timeout"));
        assert_timed_out(Err::<(), _>(error), "accept");
        assert_timed_out(listener.accept().await, "accept");
    }
);

on_every_executor!(
    /// Go: `net.TestAcceptTimeoutMustReturn`
    accept_timeout_must_return,
    |exec: Exec| async move {
        let (listener, _) = listening().await;
        let accept = exec.spawn(async move {
            listener.set_deadline(None).expect("open");
            let due = Instant::now() + Duration::from_millis(10);
            listener.set_deadline(Some(due)).expect("open");
            let accepted = listener.accept().await;
            assert!(Instant::now() >= due, "a deadline fired early");
            accepted
        });
        assert_timed_out(accept.await, "accept");
    }
);

on_every_executor!(
    /// Go: `net.TestAcceptTimeoutMustNotReturn`
    accept_timeout_must_not_return,
    |exec: Exec| async move {
        let (listener, _) = listening().await;
        let accepting = listener.clone();
        let accept = exec.spawn(async move {
            accepting.set_deadline(Some(past())).expect("open");
            accepting.set_deadline(None).expect("open");
            accepting.accept().await
        });
        exec.sleep(WHILE).await;
        listener.close().await.expect("closed once");
        assert_closed(accept.await, "accept");
    }
);
