//! Copies from one connection to another.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use conn::Conn;
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;

use crate::{pair_on, pattern, read_all};

/// A way through: what goes in at the one end comes out at the other by a copy in the midst.
struct Way {
    inlet: Conn,
    from: Conn,
    to: Conn,
    outlet: Conn,
}

const WAYS: [(&str, &str); 4] = [("tcp", "tcp"), ("unix", "tcp"), ("tcp", "unix"), ("unix", "unix")];

async fn way(from: &str, to: &str) -> Way {
    let address = |network| if network == "tcp" { "127.0.0.1:0" } else { "" };
    let (inlet, from) = pair_on(from, address(from)).await.expect("these networks are there");
    let (to, outlet) = pair_on(to, address(to)).await.expect("these networks are there");
    Way { inlet, from, to, outlet }
}

on_every_executor!(
    /// Go: `net.TestSplice`
    splice,
    |exec: Exec| async move {
        for (from, to) in WAYS {
            for length in [0, 1, 1 << 10, 5 << 20] {
                let Way { inlet, from, to, outlet } = way(from, to).await;
                let data = pattern(length);
                let sent = data.clone();
                let writer = exec.spawn(async move {
                    // In pieces, so that the copy has to wait for more.
                    for piece in sent.chunks(100_000) {
                        inlet.write(piece).await.expect("written");
                    }
                });
                let reader = exec.spawn(async move { read_all(&outlet).await });
                let copied = to.copy_from(&from, None).await.expect("copied");
                to.close().await.expect("closed once");
                writer.await;
                assert_eq!(copied, data.len() as u64);
                assert!(reader.await == data, "{length} bytes came through unchanged");
            }
        }
    }
);

on_every_executor!(a_copy_takes_no_more_than_it_was_asked_to, |_| async move {
    for (from, to) in WAYS {
        let Way { inlet, from, to, outlet } = way(from, to).await;
        inlet.write(b"one two three").await.expect("written");
        assert_eq!(to.copy_from(&from, Some(4)).await.expect("copied"), 4);
        assert_eq!(from.copy_to(&to, Some(4)).await.expect("copied"), 4);
        assert_eq!(to.copy_from(&from, Some(0)).await.expect("nothing to do"), 0);
        let mut buf = [0; 64];
        let mut text = Vec::new();
        while text.len() < 8 {
            let read = outlet.read(&mut buf).await.expect("data");
            text.extend_from_slice(&buf[..read]);
        }
        assert_eq!(text, b"one two ");
        let rest = from.read(&mut buf).await.expect("what was left");
        assert_eq!(&buf[..rest], b"three");
    }
});

on_every_executor!(a_copy_ends_with_its_deadline_or_a_close, |exec: Exec| async move {
    let Way { inlet, from, to, outlet: _outlet } = way("tcp", "tcp").await;
    inlet.write(b"some").await.expect("written");
    from.readable().await.expect("data");
    from.set_read_deadline(Some(Instant::now() + std::time::Duration::from_millis(20))).expect("open");
    let error = to.copy_from(&from, None).await.expect_err("the source says no more");
    assert!(error.is_timeout());
    assert_eq!((error.op(), error.written()), ("readfrom", 4));
    from.set_read_deadline(None).expect("open");
    let (copies, source) = (to.clone(), from.clone());
    let mut copy = exec.spawn(async move { copies.copy_from(&source, None).await });
    assert!(futures::poll!(&mut copy).is_pending());
    from.close().await.expect("closed once");
    assert!(copy.await.expect_err("closed").is_closed());
});

on_every_executor!(a_copy_ends_with_the_close_of_where_it_writes_to, |exec: Exec| async move {
    for (from, to) in WAYS {
        let Way { inlet, from, to, outlet: _outlet } = way(from, to).await;
        let (copies, source) = (to.clone(), from.clone());
        let mut copy = exec.spawn(async move { copies.copy_from(&source, None).await });
        assert!(futures::poll!(&mut copy).is_pending(), "the source is silent");
        to.close().await.expect("closed once");
        assert!(copy.await.expect_err("closed").is_closed());
        // One that begins after the close takes nothing out of the source.
        inlet.write(b"still there").await.expect("written");
        from.readable().await.expect("data");
        assert!(to.copy_from(&from, None).await.expect_err("closed").is_closed());
        let mut buf = [0; 64];
        let read = from.read(&mut buf).await.expect("what was left");
        assert_eq!(&buf[..read], b"still there");
    }
});

on_every_executor!(a_copy_goes_on_behind_urgent_data, |exec: Exec| async move {
    for ends_at_once in [true, false] {
        let Way { inlet, from, to, outlet } = way("tcp", "tcp").await;
        inlet.write(b"before").await.expect("written");
        let sent = inlet.control(|socket| rustix::net::send(socket, b"!", rustix::net::SendFlags::OOB));
        sent.expect("open").expect("sent");
        inlet.write(b"behind").await.expect("written");
        if ends_at_once {
            inlet.close_write().expect("open");
        }
        let reader = exec.spawn(async move { read_all(&outlet).await });
        let source = from.clone();
        let copier = to.clone();
        let copy = exec.spawn(async move { copier.copy_from(&source, None).await });
        if !ends_at_once {
            exec.sleep(std::time::Duration::from_millis(50)).await;
            inlet.close_write().expect("open");
        }
        assert_eq!(copy.await.expect("copied"), 12);
        to.close().await.expect("closed once");
        assert_eq!(reader.await, b"beforebehind");
    }
});

/// Wakes the thread that polls, and counts the wakes that come from that very thread: a copy that gives way, not the poller.
struct Polling {
    thread: Thread,
    gave_way: AtomicUsize,
}

impl Wake for Polling {
    fn wake(self: Arc<Self>) {
        if std::thread::current().id() == self.thread.id() {
            self.gave_way.fetch_add(1, Relaxed);
        }
        self.thread.unpark();
    }
}

/// How often a copy gave way.
fn gives_way(copy: impl Future<Output = Result<u64, conn::OpError>>) -> usize {
    let polling = Arc::new(Polling { thread: std::thread::current(), gave_way: AtomicUsize::new(0) });
    let waker = Waker::from(polling.clone());
    let mut copy = std::pin::pin!(copy);
    loop {
        match copy.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(copied) => {
                assert_eq!(copied.expect("copied"), LONG as u64);
                return polling.gave_way.load(Relaxed);
            }
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Many times what a copy moves in one go.
const LONG: usize = 64 << 20;

#[test]
fn a_copy_gives_way_once_in_a_while_though_both_ends_are_ready() {
    // Peers on threads of their own, so that the copy finds something to do whenever it looks.
    let reader = |mut theirs: UnixStream| {
        std::thread::spawn(move || std::io::copy(&mut theirs, &mut std::io::sink()).expect("data"))
    };
    let path = std::env::temp_dir().join(format!("copy-{}", std::process::id()));
    std::fs::write(&path, pattern(LONG)).expect("written");
    let file = std::fs::File::open(&path).expect("a file");
    std::fs::remove_file(&path).expect("it lives on without a name");
    let (to, theirs) = UnixStream::pair().expect("a pair of sockets");
    let (to, reads) = (Conn::from_socket(to).expect("a connection"), reader(theirs));
    // At most 1 MiB is moved at once, and every fourth time it gives way.
    assert!(gives_way(to.copy_from(&file, None)) >= 16);
    drop(to);
    assert_eq!(reads.join().expect("no panic"), LONG as u64);

    let (from, mut feeds) = UnixStream::pair().expect("a pair of sockets");
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut feeds, &pattern(LONG)));
    let (to, theirs) = UnixStream::pair().expect("a pair of sockets");
    let (from, to) =
        (Conn::from_socket(from).expect("a connection"), Conn::from_socket(to).expect("a connection"));
    let reads = reader(theirs);
    assert!(gives_way(to.copy_from(&from, None)) >= 16);
    drop(to);
    feeder.join().expect("no panic").expect("written");
    assert_eq!(reads.join().expect("no panic"), LONG as u64);
}

on_every_executor!(packets_are_copied_whole, |_| async move {
    let Way { inlet, from, to, outlet } = {
        let (inlet, from) = pair_on("unixpacket", "").await.expect("Unix sockets are there");
        let (to, outlet) = pair_on("unixpacket", "").await.expect("Unix sockets are there");
        Way { inlet, from, to, outlet }
    };
    for length in [100_000, 10] {
        inlet.write(&pattern(length)).await.expect("written");
        assert_eq!(to.copy_from(&from, Some(length as u64)).await.expect("copied"), length as u64);
        let mut buf = vec![0; 1 << 20];
        assert_eq!(outlet.read(&mut buf).await.expect("a packet"), length);
    }
});
