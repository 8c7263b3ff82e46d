//! Unix sockets: their names, their files, their peers, and what they carry beside bytes.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use conn::{Addr, UnixAddr, dial};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use listener::listen;

use crate::pair_on;

/// A path that no other test has.
fn path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    std::env::temp_dir().join(format!("unix-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed)))
}

on_every_executor!(
    /// Go: `net.TestUnixConnLocalAndRemoteNames`
    unix_conn_local_and_remote_names,
    |_| async move {
        let place = path().display().to_string();
        for local in [None, Some(path().display().to_string()), Some(format!("@{}", path().display()))] {
            let listener = listen("unix", &place).await.expect("a listener");
            assert_eq!(listener.addr().map(|addr| addr.to_string()), Some(place.clone()));
            let from = local.as_deref().map_or(UnixAddr::Unnamed, UnixAddr::from);
            let mut dialer = conn::Dialer::new();
            if local.is_some() {
                dialer = dialer.local_addr(Addr::Unix(from.clone()));
            }
            let (client, server) = futures::join!(dialer.dial("unix", &place), listener.accept());
            let (client, server) = (client.expect("a connection"), server.expect("a connection"));
            let (from, to) = (Addr::Unix(from), Addr::Unix(UnixAddr::from(place.as_str())));
            assert_eq!((client.local_addr(), client.remote_addr()), (Some(from.clone()), Some(to.clone())));
            assert_eq!((server.local_addr(), server.remote_addr()), (Some(to.clone()), Some(from.clone())));
            if let Some(UnixAddr::Path(made)) = from.as_unix() {
                std::fs::remove_file(made).expect("the file that the client's name made");
            }
        }
    }
);

on_every_executor!(
    /// Go: `net.TestUnixUnlink`
    unix_unlink,
    |_| async move {
        let place = path();
        let name = place.display().to_string();
        let exists = || place.exists();
        // Closed, it is gone; and a second close does not remove what another has put there.
        let first = listen("unix", &name).await.expect("a listener");
        assert!(exists());
        first.close().await.expect("closed once");
        assert!(!exists());
        let second = listen("unix", &name).await.expect("the name is free again");
        first.close().await.expect_err("closed before");
        assert!(exists());
        // A duplicate keeps the file for others.
        let duplicate = second.duplicate().expect("open");
        second.set_unlink_on_close(false);
        second.close().await.expect("closed once");
        assert!(exists());
        drop(duplicate);
        std::fs::remove_file(&place).expect("it was left");
        // The last handle removes it too.
        let third = listen("unix", &name).await.expect("a listener");
        let clone = third.clone();
        drop(third);
        assert!(exists());
        drop(clone);
        assert!(!exists());
    }
);

on_every_executor!(
    /// Go: `net.TestUnixConnReadEOF`
    unix_conn_read_eof,
    |_| async move {
        for network in ["unix", "unixpacket"] {
            let (client, server) = pair_on(network, "").await.expect("Unix sockets are there");
            client.write(b"last").await.expect("written");
            client.close().await.expect("closed once");
            let mut buf = [0; 8];
            assert_eq!(server.read(&mut buf).await.expect("data"), 4, "{network}");
            assert_eq!(server.read(&mut buf).await.expect("the end"), 0, "{network}");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestUnixAbstractLongNameNulStart`
    unix_abstract_long_name_nul_start,
    |_| async move {
        // As long as the kernel allows, its NUL included.
        let unique = format!("{}-{:?}", path().display(), std::thread::current().id());
        let name = format!("\0{unique}{}", "x".repeat(107 - unique.len()));
        let listener = listen("unix", &name).await.expect("a listener");
        assert_eq!(listener.addr().as_ref().and_then(Addr::as_unix), Some(&UnixAddr::from(name.as_str())));
        let (client, server) = futures::join!(dial("unix", &name), listener.accept());
        assert_eq!(client.expect("a connection").remote_addr(), listener.addr());
        drop(server);
        let longer = format!("{name}x");
        let error = listen("unix", &longer).await.expect_err("too long");
        assert!(error.to_string().ends_with("bind: invalid argument"), "{error}");
    }
);

on_every_executor!(
    /// Go: `net.TestUnixAndUnixpacketServer`
    unix_and_unixpacket_server,
    |exec: Exec| async move {
        for network in ["unix", "unixpacket"] {
            for address in [path().display().to_string(), format!("@{}", path().display())] {
                let listener = listen(network, &address).await.expect("a listener");
                let echo = exec.spawn(async move {
                    let conn = listener.accept().await.expect("a connection");
                    let mut buf = [0; 64];
                    while let Ok(read @ 1..) = conn.read(&mut buf).await {
                        conn.write(&buf[..read]).await.expect("written");
                    }
                    listener.close().await.expect("closed once");
                });
                let client = dial(network, &address).await.expect("a connection");
                assert_eq!(client.remote_addr().map(|addr| addr.network()), Some(network));
                for message in ["one", "another"] {
                    client.write(message.as_bytes()).await.expect("written");
                    let mut buf = [0; 64];
                    let read = client.read(&mut buf).await.expect("the echo");
                    assert_eq!(&buf[..read], message.as_bytes());
                }
                client.close().await.expect("closed once");
                echo.await;
            }
        }
    }
);

on_every_executor!(packets_of_many_pieces_keep_their_bounds, |_| async move {
    let (client, server) = pair_on("unixpacket", "").await.expect("Unix sockets are there");
    let sent: Vec<u8> = (0..200).collect();
    let pieces: Vec<_> = sent.chunks(1).map(std::io::IoSlice::new).collect();
    assert_eq!(client.write_vectored(&pieces).await.expect("written"), 200);
    let mut received = [[0; 1]; 300];
    let mut bufs: Vec<_> = received.iter_mut().map(|buf| std::io::IoSliceMut::new(buf)).collect();
    assert_eq!(server.read_vectored(&mut bufs).await.expect("a packet"), 200);
    assert_eq!(received.as_flattened()[..200], sent);
});

on_every_executor!(packets_keep_their_bounds, |_| async move {
    let (client, server) = pair_on("unixpacket", "").await.expect("Unix sockets are there");
    for packet in ["one", "two", "three"] {
        client.write(packet.as_bytes()).await.expect("written");
    }
    let mut buf = [0; 64];
    for packet in ["one", "two", "three"] {
        let read = server.read(&mut buf).await.expect("a packet");
        assert_eq!(&buf[..read], packet.as_bytes());
    }
});

on_every_executor!(
    /// Go: `net.TestUnixListenerSpecificMethods`
    unix_listener_specific_methods,
    |_| async move {
        let listener = listen("unix", &path().display().to_string()).await.expect("a listener");
        listener.set_deadline(Some(std::time::Instant::now())).expect("open");
        assert!(listener.accept().await.expect_err("past").is_timeout());
        listener.set_deadline(None).expect("open");
        listener.duplicate().expect("open");
        assert_eq!(listener.addr().map(|addr| addr.network()), Some("unix"));
        listener.close().await.expect("closed once");
        assert!(listener.duplicate().expect_err("closed").is_closed());
    }
);

on_every_executor!(
    /// Go: `net.TestUnixConnSpecificMethods`
    unix_conn_specific_methods,
    |_| async move {
        let (client, server) = pair_on("unix", "").await.expect("Unix sockets are there");
        client.set_read_buffer(1 << 16).expect("open");
        client.set_write_buffer(1 << 16).expect("open");
        client.close_write().expect("open");
        assert_eq!(server.read(&mut [0; 8]).await.expect("the end"), 0);
        server.close_read().expect("open");
        // What is TCP's own is the kernel's error.
        let error = client.set_no_delay(true).expect_err("no TCP");
        assert_eq!(error.op(), "set");
        assert!(error.to_string().ends_with("setsockopt: operation not supported"), "{error}");
        let peer = client.peer_credentials().expect("a Unix socket");
        assert_eq!(peer.process, Some(std::process::id()));
        assert_eq!(peer.user, rustix::process::geteuid().as_raw());
    }
);

on_every_executor!(descriptors_travel_with_their_byte, |_| async move {
    let (client, server) = pair_on("unix", "").await.expect("Unix sockets are there");
    let place = path();
    let mut file = File::create_new(&place).expect("a file");
    std::fs::remove_file(&place).expect("it lives on without a name");
    file.write_all(b"within").expect("written");
    // Bytes before it, on it, behind it: a read stops at the one that it is attached to.
    client.write(b"before").await.expect("written");
    let sent = client.send_descriptors(b"with", &[file.as_fd(), file.as_fd()]).await.expect("sent");
    assert_eq!(sent, 4);
    client.write(b"behind").await.expect("written");
    let mut buf = [0; 64];
    let (mut all, mut received) = (Vec::new(), Vec::new());
    while all.len() < 16 {
        let part = server.receive_descriptors(&mut buf).await.expect("data");
        all.extend_from_slice(&buf[..part.read]);
        received.extend(part.descriptors);
        assert!(!part.truncated);
    }
    assert_eq!(all, b"beforewithbehind");
    assert_eq!(received.len(), 2);
    let mut copy = File::from(received.pop().expect("two"));
    copy.rewind().expect("a file");
    let mut text = String::new();
    copy.read_to_string(&mut text).expect("text");
    assert_eq!(text, "within");
    // Plain reads go past them, to the last byte.
    client.send_descriptors(b"ten bytes.", &[file.as_fd()]).await.expect("sent");
    client.write(b"ten more..").await.expect("written");
    let mut left = 20;
    while left > 0 {
        left -= server.read(&mut buf).await.expect("no byte is left behind");
    }
    let nothing = client.send_descriptors(b"", &[file.as_fd()]).await.expect_err("no byte");
    assert!(nothing.to_string().contains("a byte to go with"), "{nothing}");
});

on_every_executor!(what_is_unixs_alone_is_an_error_elsewhere, |_| async move {
    let (client, server) = pair_on("tcp", "127.0.0.1:0").await.expect("TCP is there");
    let file = File::open("/dev/null").expect("Linux has it");
    let lost = client.send_descriptors(b"x", &[file.as_fd()]).await.expect_err("TCP carries none");
    assert!(lost.to_string().ends_with("sendmsg: operation not supported"), "{lost}");
    let lost = server.receive_descriptors(&mut [0; 8]).await.expect_err("TCP carries none");
    assert!(lost.to_string().ends_with("recvmsg: operation not supported"), "{lost}");
    assert!(client.peer_credentials().is_err(), "nobody must be taken for somebody");
    let (client, _server) = pair_on("unix", "").await.expect("Unix sockets are there");
    client.receive_descriptors(&mut []).await.expect_err("no room for the byte");
});

on_every_executor!(a_second_close_does_not_remove_what_another_has_put_there, |_| async move {
    let place = path();
    let name = place.display().to_string();
    let first = listen("unix", &name).await.expect("a listener");
    first.close().await.expect("closed once");
    let second = listen("unix", &name).await.expect("the name is free again");
    first.set_unlink_on_close(true);
    drop(first);
    assert!(place.exists());
    second.close().await.expect("closed once");
});

on_every_executor!(a_dialler_without_a_name_stays_without_one, |_| async move {
    let listener = listen("unix", "").await.expect("a listener");
    let name = listener.addr().expect("a bound listener").to_string();
    let dialer = conn::Dialer::new().local_addr(Addr::Unix(UnixAddr::Unnamed));
    let (client, server) = futures::join!(dialer.dial("unix", &name), listener.accept());
    client.expect("a connection");
    let seen = server.expect("a connection");
    assert_eq!(seen.remote_addr().as_ref(), Some(&Addr::Unix(UnixAddr::Unnamed)));
});
