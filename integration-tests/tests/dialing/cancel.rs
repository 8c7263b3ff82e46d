//! Dials that are dropped: dropping is cancelling.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use conn::{Conn, Dialer, dial};
use futures::FutureExt;
use futures::future::{Either, select};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::listening;
use integration_tests::unanswered::{Refusing, Silent};

use crate::WHILE;

/// Nobody comes while the kernel would have tried an old dial again, which it does after a second.
async fn assert_nobody_comes(silent: &Silent) {
    let later = Instant::now() + Duration::from_millis(1500);
    silent.listener().set_deadline(Some(later)).expect("open");
    let nobody = silent.listener().accept().await;
    assert!(nobody.as_ref().is_err_and(|error| error.is_timeout()), "{nobody:?}");
}

on_every_executor!(
    /// Go: `net.TestDialCancel`
    dial_cancel,
    |exec: Exec| async move {
        let mut silent = Silent::anywhere().await;
        let address = silent.address().to_string();
        let cancel = exec.sleep(WHILE);
        match select(Box::pin(dial("tcp", &address)), Box::pin(cancel)).await {
            Either::Left((dialled, _)) => panic!("ended by itself: {dialled:?}"),
            Either::Right(((), dial)) => drop(dial),
        }
        silent.wake().await;
        assert_nobody_comes(&silent).await;
    }
);

on_every_executor!(
    /// Go: `net.TestDialContextCancelRace`
    dial_context_cancel_race,
    |exec: Exec| async move {
        let mut silent = Silent::anywhere().await;
        let address = silent.address().to_string();
        let mut dial = Box::pin(dial("tcp", &address));
        assert!(dial.as_mut().now_or_never().is_none());
        silent.wake().await;
        // The connection stands, and the dial would say so.
        let accepted = silent.accept().await;
        exec.sleep(WHILE).await;
        drop(dial);
        accepted.set_read_deadline(Some(Instant::now() + Duration::from_secs(60))).expect("open");
        assert_eq!(accepted.read(&mut [0]).await.expect("the end"), 0);
    }
);

/// Echoes a byte to whoever wants it.
async fn echo(conn: Conn) {
    let mut byte = [0];
    if let Ok(1) = conn.read(&mut byte).await {
        // Whoever was dropped does not want it any more.
        let _ = conn.write(&byte).await;
    }
}

on_every_executor!(a_deadline_at_the_moment_of_the_connection_leaves_none_behind, |exec: Exec| async move {
    let (listener, address) = listening().await;
    let serving = listener.clone();
    let server = exec.spawn(async move {
        while let Ok(conn) = serving.accept().await {
            drop(exec.spawn(echo(conn)));
        }
    });
    // From too little time to enough, whatever that is on this machine.
    let (mut timeout, mut connected) = (Duration::from_micros(1), 0);
    while connected < 100 {
        match Dialer::new().timeout(timeout).dial("tcp", &address).await {
            Err(error) => {
                assert!(error.is_timeout(), "{error:?}");
                timeout += timeout / 10 + Duration::from_micros(1);
            }
            Ok(conn) => {
                // It is as good as one that had all the time.
                assert_eq!(conn.write(b"1").await.expect("no time-out"), 1);
                assert_eq!(conn.read(&mut [0]).await.expect("no time-out"), 1);
                timeout -= timeout / 20;
                connected += 1;
            }
        }
    }
    listener.close().await.expect("closed once");
    server.await;
});

/// Dials `address` and gives it up after a time at random, up to 2 ms. True if it was connected.
async fn gives_up(exec: Exec, address: SocketAddr) -> bool {
    let cancel = Box::pin(exec.sleep(Duration::from_micros(fastrand::u64(..2000))));
    let address = address.to_string();
    match select(Box::pin(dial("tcp", &address)), cancel).await {
        Either::Left((dialled, _)) => dialled.is_ok(),
        Either::Right(_) => false,
    }
}

on_every_executor!(
    /// Go: `net.TestTCPSpuriousConnSetupCompletionWithCancel`
    tcp_spurious_conn_setup_completion_with_cancel,
    |exec: Exec| async move {
        let (silent, refusing) = (Silent::anywhere().await, Refusing::anywhere());
        let addresses = [silent.address(), refusing.address()];
        let dials = addresses.into_iter().cycle().take(5).map(|address| {
            exec.spawn(async move {
                for attempt in 0..100 {
                    // What was cancelled must not be taken for the next one's success.
                    assert!(!gives_up(exec, address).await, "attempt {attempt} to connect to {address}");
                }
            })
        });
        futures::future::join_all(dials).await;
    }
);

on_every_executor!(
    /// Go: `net.TestTCPSpuriousConnSetupCompletion`
    tcp_spurious_conn_setup_completion,
    |exec: Exec| async move {
        const DIALLERS: usize = 4;
        let (listener, address) = listening().await;
        let accepting = listener.clone();
        let server = exec.spawn(async move {
            while let Ok(conn) = accepting.accept().await {
                drop(exec.spawn(async move { conn.read(&mut [0]).await.map(drop) }));
            }
        });
        let (sender, mut half_way) = futures::channel::mpsc::unbounded();
        let diallers = [(); DIALLERS].map(|()| {
            let (address, sender) = (address.clone(), sender.clone());
            exec.spawn(async move {
                for attempt in 0..250 {
                    if attempt == 125 {
                        sender.unbounded_send(()).expect("the test waits for it");
                    }
                    let dialer = Dialer::new().timeout(Duration::from_millis(50));
                    let Ok(conn) = dialer.dial("tcp", &address).await else { continue };
                    // Whoever is said to be connected is connected, if only to somebody who is leaving.
                    if let Err(error) = conn.write(b"1").await {
                        let gone = [rustix::io::Errno::CONNRESET, rustix::io::Errno::PIPE];
                        let gone = gone.map(|errno| Some(errno.raw_os_error()));
                        assert!(gone.contains(&error.raw_os_error()), "{error:?}");
                    }
                }
            })
        });
        // The listener goes while they dial.
        futures::StreamExt::next(&mut half_way).await.expect("a dialler");
        listener.close().await.expect("closed once");
        futures::future::join_all(diallers).await;
        server.await;
    }
);
