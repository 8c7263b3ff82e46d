//! `openssl`'s client against `rustls` on our connection.

use std::path::PathBuf;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use integration_tests::exec::Exec;
use integration_tests::on_every_executor;
use integration_tests::pair::listening;
use integration_tests::skip::needs;

use crate::tls::{Identity, NAME};
use crate::{noise, output_of, program};

/// A file that goes with its guard.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("cargo's folder for tests can be written to");
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // An error: it is not there, which is as well.
        let _ = std::fs::remove_file(&self.0);
    }
}

on_every_executor!(a_mebibyte_from_its_client_comes_back, |exec: Exec| async move {
    if !needs("openssl") {
        return;
    }
    let sent = noise(1 << 20);
    let identity = Identity::new();
    let trusted = File::new(&format!("{exec:?}.pem"), &identity.pem());
    let (listener, address) = listening().await;
    let size = sent.len();
    let server = exec.spawn(async move {
        let mut stream =
            identity.accept(listener.accept().await.expect("accepted")).await.expect("a session");
        let mut received = vec![0; size];
        stream.read_exact(&mut received).await.expect("read");
        stream.write_all(&received).await.expect("written");
        stream.close().await.expect("the end of the session is told");
        // Its own end of the session, at which it ends as we have.
        assert_eq!(stream.read(&mut [0; 8]).await.expect("the end of the session was told"), 0);
    });
    let mut command = program("openssl");
    // Quiet means also: letters in the input are no commands, and its end is not the session's.
    command.args(["s_client", "-quiet", "-connect", &address, "-servername", NAME]);
    command.args(["-verify_return_error", "-verify_hostname", NAME, "-CAfile"]).arg(&trusted.0);
    let output = output_of(command, sent.clone()).await;
    // A connection that ends before its session is an error to it.
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == sent, "other bytes than those that went");
    server.await;
});
