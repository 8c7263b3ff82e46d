//! Copies from a file to a connection.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::pair;
use rustix::pipe::pipe;

use crate::{pair_on, pattern, read_all};

/// A file without a name that holds `data`, its cursor at the beginning.
fn file(data: &[u8]) -> File {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("sendfile-{}-{next}", std::process::id()));
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).expect("a file");
    std::fs::remove_file(&path).expect("it lives on without a name");
    file.write_all(data).expect("written");
    file.rewind().expect("a file");
    file
}

on_every_executor!(
    /// Go: `net.TestSendfile`
    sendfile,
    |exec: Exec| async move {
        for (network, address) in [("tcp", "127.0.0.1:0"), ("unix", "")] {
            let (client, server) = pair_on(network, address).await.expect("these networks are there");
            let data = pattern(400_000);
            let reader = exec.spawn(async move { read_all(&server).await });
            let sent = client.copy_from(&file(&data), None).await.expect("sent");
            client.close().await.expect("closed once");
            assert_eq!(sent, data.len() as u64);
            assert!(reader.await == data, "{network}");
        }
    }
);

on_every_executor!(
    /// Go: `net.TestSendfileParts`
    sendfile_parts,
    |_| async move {
        let (client, server) = pair().await;
        let file = file(b"one two three");
        for part in [3, 4, 100] {
            client.copy_from(&file, Some(part)).await.expect("sent");
        }
        client.close().await.expect("closed once");
        assert_eq!(read_all(&server).await, b"one two three");
    }
);

on_every_executor!(
    /// Go: `net.TestSendfileSeeked`
    sendfile_seeked,
    |_| async move {
        let (client, server) = pair().await;
        let mut file = file(b"one two three");
        file.seek(SeekFrom::Start(4)).expect("a file");
        assert_eq!(client.copy_from(&file, Some(3)).await.expect("sent"), 3);
        assert_eq!(file.stream_position().expect("a file"), 7, "the cursor moves along");
        client.close().await.expect("closed once");
        assert_eq!(read_all(&server).await, b"two");
    }
);

on_every_executor!(
    /// Go: `net.TestSendfilePipe`
    sendfile_pipe,
    |_| async move {
        // No file that sendfile takes: it goes through a buffer.
        let (client, server) = pair().await;
        let (read, write) = pipe().expect("a pipe");
        File::from(write).write_all(b"through a pipe").expect("written");
        assert_eq!(client.copy_from(&File::from(read), None).await.expect("sent"), 14);
        client.close().await.expect("closed once");
        assert_eq!(read_all(&server).await, b"through a pipe");
    }
);

on_every_executor!(files_that_only_read_can_read_are_sent_too, |_| async move {
    let (client, server) = pair().await;
    let file = File::open("/proc/self/limits").expect("Linux has it");
    let sent = client.copy_from(&file, None).await.expect("sent");
    client.close().await.expect("closed once");
    let text = read_all(&server).await;
    assert_eq!(sent, text.len() as u64);
    assert!(text.starts_with(b"Limit"), "the file's text");
});

on_every_executor!(
    /// Go: `net.TestSendfileOnWriteTimeoutExceeded`
    sendfile_on_write_timeout_exceeded,
    |_| async move {
        let (client, server) = pair().await;
        let mut file = file(b"never sent");
        client.set_write_deadline(Some(Instant::now() - Duration::from_secs(1))).expect("open");
        let error = client.copy_from(&file, None).await.expect_err("past");
        assert!(error.is_timeout());
        assert_eq!(error.written(), 0);
        assert_eq!(file.stream_position().expect("a file"), 0, "nothing was taken from it");
        client.close().await.expect("closed once");
        assert_eq!(read_all(&server).await, b"");
    }
);

on_every_executor!(
    /// Go: `net.TestSendfileWithExactLimit`
    sendfile_with_exact_limit,
    |_| async move {
        let (client, server) = pair().await;
        assert_eq!(client.copy_from(&file(b"exactly"), Some(7)).await.expect("sent"), 7);
        client.close().await.expect("closed once");
        assert_eq!(read_all(&server).await, b"exactly");
    }
);

on_every_executor!(
    /// Go: `net.TestSendfileWithLimitLargerThanFile`
    sendfile_with_limit_larger_than_file,
    |_| async move {
        let (client, server) = pair().await;
        assert_eq!(client.copy_from(&file(b"short"), Some(1 << 40)).await.expect("sent"), 5);
        client.close().await.expect("closed once");
        assert_eq!(read_all(&server).await, b"short");
    }
);

on_every_executor!(
    /// Go: `net.TestSendfileWithLargeFile`
    sendfile_with_large_file,
    |exec: Exec| async move {
        // More than one call sends, and more than the socket holds.
        let data = pattern(24 << 20);
        let (client, server) = pair().await;
        let reader = exec.spawn(async move { read_all(&server).await });
        assert_eq!(client.copy_from(&file(&data), None).await.expect("sent"), data.len() as u64);
        client.close().await.expect("closed once");
        assert!(reader.await == data);
    }
);

on_every_executor!(a_dropped_copy_leaves_the_cursor_behind_what_was_sent, |exec: Exec| async move {
    let data = pattern(32 << 20);
    let (client, server) = pair().await;
    let mut file = file(&data);
    {
        let mut copy = Box::pin(client.copy_from(&file, None));
        assert!(futures::poll!(copy.as_mut()).is_pending(), "no socket holds so much");
    }
    assert!(file.stream_position().expect("a file") > 0);
    let reader = exec.spawn(async move { read_all(&server).await });
    client.copy_from(&file, None).await.expect("the rest");
    client.close().await.expect("closed once");
    assert!(reader.await == data, "nothing was lost, and nothing came twice");
});
