//! Errors as programs meet them: which operation, why, and whether it is worth another try.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use conn::{Error, OpError, dial};
use futures::FutureExt;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::{listening, pair};

on_every_executor!(
    /// Go: `net.TestDialAddrError`
    dial_addr_error,
    |_| async {
        for (network, host) in [("tcp4", "::1"), ("tcp6", "127.0.0.1"), ("tcp6", "::ffff:127.0.0.1")] {
            let error = dial(network, &conn::join_host_port(host, "0")).await.unwrap_err();
            assert_eq!((error.op(), error.net()), ("dial", network));
            match error.cause() {
                Error::Address(cause) => assert_eq!(cause.addr(), host),
                cause => panic!("not an error of the address: {cause}"),
            }
        }
    }
);

on_every_executor!(
    /// Go: `net.TestAcceptError`
    accept_error,
    |exec: Exec| async move {
        let (listener, address) = listening().await;
        let (late, was_late) = futures::channel::oneshot::channel();
        let accepting = listener.clone();
        let serving = exec.spawn(async move {
            let (mut late, mut accepted) = (Some(late), 0);
            loop {
                // An error: the listener is closed, as the accept says too.
                let _ = accepting.set_deadline(Some(Instant::now() + Duration::from_millis(5)));
                match accepting.accept().await {
                    Ok(_) => accepted += 1,
                    Err(error) if error.is_timeout() => {
                        assert!(error.is_temporary() && error.op() == "accept", "{error}");
                        late.take().map(|late| late.send(()));
                    }
                    Err(error) => {
                        assert!(error.is_closed() && !error.is_temporary(), "{error}");
                        return accepted;
                    }
                }
            }
        });
        was_late.await.expect("an accept that is late");
        let conn = dial("tcp", &address).await.expect("a connection");
        assert_eq!(conn.read(&mut [0]).await.expect("the end"), 0);
        listener.close().await.expect("closed once");
        assert_eq!(serving.await, 1, "what came after a time-out was not accepted");
    }
);

on_every_executor!(
    /// Go: `net.TestContextError`
    context_error,
    |exec: Exec| async move {
        let (client, server) = pair().await;
        // An operation is cancelled by dropping it, which leaves no error to anybody.
        assert!(client.read(&mut [0]).now_or_never().is_none());
        // One that ran out of time is what every Rust program takes for it.
        client.set_read_deadline(Some(Instant::now())).expect("open");
        let error = std::io::Error::from(client.read(&mut [0]).await.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let inside = error.get_ref().and_then(|error| error.downcast_ref::<OpError>());
        assert_eq!(inside.map(OpError::cause), Some(&Error::DeadlineExceeded));
        // So is a dial.
        let late = conn::Dialer::new().deadline(Instant::now()).dial("tcp", "127.0.0.1:1").await;
        let late = late.unwrap_err();
        assert!(late.is_timeout(), "{late}");
        assert_eq!(std::io::Error::from(late).kind(), ErrorKind::TimedOut);
        // The connection goes on.
        client.set_read_deadline(None).expect("open");
        let writing = exec.spawn(async move { server.write(b"word").await });
        assert_eq!(client.read(&mut [0; 8]).await.expect("data"), 4);
        writing.await.expect("written");
    }
);

on_every_executor!(
    /// Go: `net.TestNotTemporaryRead`
    not_temporary_read,
    |exec: Exec| async move {
        let (client, server) = pair().await;
        let reading = exec.spawn(async move { client.read(&mut [0]).await });
        server.set_linger(Some(Duration::ZERO)).expect("open");
        server.close().await.expect("closed once");
        let error = reading.await.unwrap_err();
        assert_eq!(std::io::Error::from(error.clone()).kind(), ErrorKind::ConnectionReset);
        assert!(!error.is_temporary() && !error.is_timeout(), "{error}");
    }
);
