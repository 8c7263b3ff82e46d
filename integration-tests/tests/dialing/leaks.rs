//! What dials leave behind in a process: nothing. Each is counted in a process of its own.

use std::io;
use std::time::Duration;

use conn::{Dialer, dial};
use futures::future::{Either, join_all, select};
use integration_tests::alone::alone;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::unanswered::{Refusing, Silent};
use listener::ListenConfig;

use crate::families::both_families;
use crate::{WHILE, past};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux lists them").count()
}

/// There are as many descriptors as before, if not at once.
async fn assert_settles(exec: Exec, before: usize) {
    for _ in 0..1000 {
        if descriptors() == before {
            return;
        }
        exec.sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(descriptors(), before);
}

on_every_executor!(
    /// Go: `net.TestDialerDualStackFDLeak`
    dialer_dual_stack_fd_leak,
    |exec: Exec| alone(module_path!(), exec, async move {
        // The first family answers; or it does not, and its attempt is given up.
        for silent in [false, true] {
            let config = ListenConfig::new();
            let config = if silent { config.backlog(0) } else { config };
            let (_four, six, address) = both_families(config).await;
            let _silent = silent.then(|| Silent::over(six.clone()));
            let dialer = Dialer::new().fallback_delay(Some(Duration::from_millis(1)));
            let before = descriptors();
            let dials = (0..10).map(|_| {
                let (dialer, address) = (dialer.clone(), address.clone());
                exec.spawn(async move {
                    let conn = dialer.dial("tcp", &address).await.expect("a connection");
                    conn.close().await.expect("closed once");
                })
            });
            join_all(dials).await;
            assert_settles(exec, before).await;
        }
    })
);

on_every_executor!(dials_that_fail_or_are_dropped_leave_no_descriptor, |exec: Exec| alone(
    module_path!(),
    exec,
    async move {
        let (silent, refusing) = (Silent::anywhere().await, Refusing::anywhere());
        let [silent, refused] = [silent.address(), refusing.address()].map(|address| address.to_string());
        let before = descriptors();
        for _ in 0..20 {
            dial("tcp", &refused).await.expect_err("refused");
            Dialer::new().deadline(past()).dial("tcp", &silent).await.expect_err("too late");
            let hurried = Dialer::new().timeout(Duration::from_millis(2));
            hurried.dial("tcp", &silent).await.expect_err("too late");
            let hook = Dialer::new().control(|_| Err(io::Error::other("no")));
            hook.dial("tcp", &silent).await.expect_err("not wanted");
            match select(Box::pin(dial("tcp", &silent)), Box::pin(exec.sleep(WHILE / 50))).await {
                Either::Left((dialled, _)) => panic!("ended by itself: {dialled:?}"),
                Either::Right(((), dropped)) => drop(dropped),
            }
        }
        assert_settles(exec, before).await;
    }
));
