//! A TCP echo server on all floors: `cargo run --release --example echo`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use clap::Parser;
use conn::Conn;
use futures::FutureExt;
use runtime::Runtime;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long open connections may go on after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Echoes what it is sent, over TCP, until SIGINT (Ctrl-C) or SIGTERM.
#[derive(Parser)]
#[command(name = "echo", version)]
struct Arguments {
    /// Where to listen: HOST:PORT, or :PORT for every address; port 0 is one that the kernel chooses
    #[arg(default_value = "127.0.0.1:7000")]
    address: String,

    /// How many threads run tasks
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    workers: usize,
}

#[derive(Default)]
struct Totals {
    connections: AtomicU64,
    open: AtomicU64,
    bytes: AtomicU64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new(arguments.workers)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let totals = Arc::new(Totals::default());
    runtime.block_on(async {
        let listener = listener::listen("tcp", &arguments.address).await?;
        println!("listening on {}", listener.addr().ok_or("the kernel does not tell the address")?);

        let closing = listener.clone();
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                // Closed at the call; an error says that it was closed before.
                let _ = closing.close().now_or_never();
            }
        });

        loop {
            match listener.accept().await {
                Ok(conn) => {
                    totals.connections.fetch_add(1, Relaxed);
                    totals.open.fetch_add(1, Relaxed);
                    let totals = totals.clone();
                    runtime::go(async move {
                        // A client that resets ends its own connection and nothing else.
                        let _ = echo(&conn, &totals).await;
                        totals.open.fetch_sub(1, Relaxed);
                    });
                }
                Err(error) if error.is_closed() => break,
                Err(error) if error.is_temporary() => {
                    eprintln!("echo: {error}; going on");
                    runtime::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }

        let deadline = Instant::now() + GRACE;
        while totals.open.load(Relaxed) > 0 && Instant::now() < deadline {
            runtime::sleep(Duration::from_millis(10)).await;
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    runtime.shutdown();
    println!("{} connections, {} bytes", totals.connections.load(Relaxed), totals.bytes.load(Relaxed));
    Ok(())
}

async fn echo(conn: &Conn, totals: &Totals) -> Result<(), conn::OpError> {
    let mut buf = vec![0; 16 << 10];
    loop {
        let read = conn.read(&mut buf).await?;
        if read == 0 {
            return conn.close().await;
        }
        conn.write(&buf[..read]).await?;
        totals.bytes.fetch_add(read as u64, Relaxed);
    }
}
