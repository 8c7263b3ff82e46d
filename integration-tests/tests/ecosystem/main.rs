//! What others wrote, on top of ours: `conn::Stream` under adapters, protocols and programs that know nothing of it.
//!
//! | module | what runs on the stream |
//! | --- | --- |
//! | `halves` | tasks that share a connection through its halves |
//! | `adapters` | `tokio_util`: `compat` with tokio's `copy_bidirectional`, `Framed` |
//! | `server` | a server of `hyper`'s, whom the programs of `http` visit |
//! | `http` | `curl` and `wrk` |
//! | `tls` | `rustls` on both ends |
//! | `openssl` | `rustls` on our end, `openssl` as the other |

#![forbid(unsafe_code)]

mod adapters;
mod halves;
mod http;
mod openssl;
mod server;
mod tls;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use futures::channel::oneshot;

/// As many bytes, the same in every run.
fn noise(count: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(|| random.u8(..)).take(count).collect()
}

/// A program that is ended if it has not ended by itself after ten minutes, as one that waits for a lost byte would.
fn program(name: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["600", name]);
    command
}

/// Runs a program to its end on a thread of its own, with `input` as its standard input: an executor is not held up by it.
async fn output_of(mut command: Command, input: Vec<u8>) -> Output {
    let (send, receive) = oneshot::channel();
    std::thread::spawn(move || {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("an installed program starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("its output");
        // A program that ends early has said why on its standard error.
        let _ = writer.join().expect("the writer does not panic");
        send.send(output)
    });
    receive.await.expect("the program's thread ends")
}

/// What a program printed, which must have ended well.
#[track_caller]
fn printed(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
