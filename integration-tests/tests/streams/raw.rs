//! The socket in the program's own hands, for a call or for a while.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Instant;

use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send, sockopt};

use crate::{NETWORKS, pair_on};

on_every_executor!(
    /// Go: `net.TestRawConnReadWrite`
    raw_conn_read_write,
    |exec: Exec| async move {
        for (network, address) in NETWORKS {
            let Some((client, server)) = pair_on(network, address).await else { continue };
            let mut tries = 0;
            let reader = exec.spawn(async move {
                let mut buf = [0; 64];
                let mut read = Err(Errno::AGAIN);
                let done = server.raw_read(|socket| {
                    tries += 1;
                    read = recv(socket, &mut buf, RecvFlags::empty()).map(|(read, _)| read);
                    read != Err(Errno::AGAIN)
                });
                done.await.expect("it is done");
                (buf[..read.expect("data")].to_vec(), tries, server)
            });
            let mut written = Err(Errno::AGAIN);
            let write = client.raw_write(|socket| {
                written = send(socket, b"hello", SendFlags::NOSIGNAL);
                written != Err(Errno::AGAIN)
            });
            write.await.expect("it is done");
            assert_eq!(written, Ok(5));
            let (read, tries, server) = reader.await;
            assert_eq!(read, b"hello", "{network}");
            assert!((1..=3).contains(&tries), "{tries} tries: it waits in between");
            // Deadlines and close end raw waits too.
            server.set_read_deadline(Some(Instant::now())).expect("open");
            let late = server.raw_read(|_| false).await.expect_err("past");
            assert!(late.is_timeout());
            assert_eq!(late.op(), "raw-read");
            server.close().await.expect("closed once");
            assert!(server.raw_read(|_| true).await.expect_err("closed").is_closed());
            assert!(server.raw_write(|_| true).await.expect_err("closed").is_closed());
        }
    }
);

on_every_executor!(
    /// Go: `net.TestRawConnControl`
    raw_conn_control,
    |_| async move {
        for (network, address) in NETWORKS {
            let listener = match listener::listen(network, address).await {
                Err(_) if network == "tcp6" => continue,
                listener => listener.expect("a listener"),
            };
            let listens = listener.control(|socket| sockopt::socket_acceptconn(socket)).expect("open");
            assert_eq!(listens, Ok(true), "{network}");
            listener.close().await.expect("closed once");
            let closed = listener.control(|_| ()).expect_err("closed");
            assert!(closed.is_closed());
            let Some((client, _server)) = pair_on(network, address).await else { continue };
            let listens = client.control(|socket| sockopt::socket_acceptconn(socket)).expect("open");
            assert_eq!(listens, Ok(false), "{network}");
            client.close().await.expect("closed once");
            let closed = client.control(|_| ()).expect_err("closed");
            assert!(closed.is_closed());
            assert_eq!(closed.op(), "raw-control");
        }
    }
);

on_every_executor!(a_close_waits_for_a_guard_and_ends_what_waits_at_once, |exec: Exec| async move {
    let (client, _server) = integration_tests::pair::pair().await;
    let waits = client.clone();
    let mut waits = exec.spawn(async move { waits.read(&mut [0; 8]).await });
    assert!(futures::poll!(&mut waits).is_pending());
    let other = client.clone();
    let guard = other.borrow().expect("open");
    let number = guard.as_fd().as_raw_fd();
    let mut close = Box::pin(client.close());
    assert!(waits.await.expect_err("closed").is_closed());
    assert!(futures::poll!(close.as_mut()).is_pending(), "the descriptor is lent");
    assert!(sockopt::socket_type(guard.as_fd()).is_ok(), "descriptor {number} is open");
    drop(guard);
    close.await.expect("closed once");
    assert!(other.borrow().is_err());
});
