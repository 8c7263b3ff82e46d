//! A TCP echo server on all floors: `cargo run --release --example echo`.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use conn::{Conn, OpError};
use examples::serve::{Program, Service, finish};

fn main() -> ExitCode {
    let program = Program {
        name: "echo",
        about: "Echoes what it is sent, over TCP, until SIGINT (Ctrl-C) or SIGTERM",
        address: "127.0.0.1:7000",
    };
    program.run(Echo::default())
}

#[derive(Default)]
struct Echo {
    bytes: AtomicU64,
}

impl Service for Echo {
    async fn serve(&self, conn: &Conn) -> Result<(), OpError> {
        let mut buf = vec![0; 16 << 10];
        loop {
            match conn.read(&mut buf).await {
                Ok(0) => return conn.close().await,
                Ok(read) => {
                    conn.write(&buf[..read]).await?;
                    self.bytes.fetch_add(read as u64, Relaxed);
                }
                // The server ends; what was read has been written.
                Err(error) if error.is_timeout() => return finish(conn).await,
                Err(error) => return Err(error),
            }
        }
    }

    fn totals(&self) -> String {
        format!("{} bytes", self.bytes.load(Relaxed))
    }
}
