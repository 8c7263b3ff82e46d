//! A host that has addresses of both families: `[::]` stands for this host over IPv6, and then over IPv4.

use std::time::{Duration, Instant};

use conn::Dialer;
use integration_tests::on_every_executor;
use integration_tests::unanswered::Silent;
use listener::{ListenConfig, Listener, listen};

use crate::{FAR, assert_timed_out};

/// A listener on each loopback address, IPv4's and IPv6's, with one port; and an address that stands for both.
pub(crate) async fn both_families(six: ListenConfig) -> (Listener, Listener, String) {
    for _ in 0..100 {
        let four = listen("tcp4", "127.0.0.1:0").await.expect("a listener");
        let port = four.addr().and_then(|addr| addr.port()).expect("a bound listener");
        // The port may be somebody else's in the other family.
        if let Ok(six) = six.listen("tcp6", &format!("[::1]:{port}")).await {
            return (four, six, format!("[::]:{port}"));
        }
    }
    panic!("no port is free in both families");
}

on_every_executor!(
    /// Go: `net.TestDialerDualStack`
    dialer_dual_stack,
    |_| async {
        for delay in [None, Some(FAR)] {
            let (four, six, address) = both_families(ListenConfig::new()).await;
            let dialer = Dialer::new().fallback_delay(delay);
            let conn = dialer.dial("tcp", &address).await.expect("a connection");
            assert_eq!(conn.remote_addr(), six.addr());
            // The other family serves when the first does not; nobody waits for a time that serves nothing.
            six.close().await.expect("closed once");
            let conn = dialer.dial("tcp", &address).await.expect("a connection");
            assert_eq!(conn.remote_addr(), four.addr());
            four.close().await.expect("closed once");
            let error = dialer.dial("tcp", &address).await.unwrap_err();
            assert_eq!(error.to_string(), format!("dial tcp {address}: connect: connection refused"));
        }
    }
);

on_every_executor!(
    /// Go: `net.TestDialerFallbackDelay`
    dialer_fallback_delay,
    |_| async {
        let (four, six, address) = both_families(ListenConfig::new().backlog(0)).await;
        let _silent = Silent::over(six);
        let brief = Duration::from_nanos(1);
        let explicit = Duration::from_millis(200);
        let cases = [
            (Dialer::new().fallback_delay(Some(brief)), brief),
            (Dialer::new().fallback_delay(Some(explicit)), explicit),
            (Dialer::new(), Duration::from_millis(300)),
        ];
        for (dialer, delay) in cases {
            let begun = Instant::now();
            let conn = dialer.dial("tcp", &address).await.expect("a connection");
            assert!(begun.elapsed() >= delay, "{:?} after a delay of {delay:?}", begun.elapsed());
            assert_eq!(conn.remote_addr(), four.addr());
        }
        // Without the other family's help the first one's silence is what the dial ends in.
        for dialer in [Dialer::new().fallback_delay(Some(FAR)), Dialer::new().fallback_delay(None)] {
            let alone = dialer.timeout(Duration::from_millis(50)).dial("tcp", &address).await;
            assert_timed_out(alone);
        }
    }
);
