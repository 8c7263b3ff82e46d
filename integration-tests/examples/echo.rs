//! A TCP echo server on all floors: `cargo run --release --example echo`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use conn::Conn;
use futures::channel::mpsc;
use futures::future::{FutureExt, select};
use futures::stream::StreamExt;
use listener::Listener;
use runtime::Runtime;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long connections may take after a signal to write what they have read.
const GRACE: Duration = Duration::from_secs(5);
/// How long a client is silent that sends no more.
const QUIET: Duration = Duration::from_millis(100);

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

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version.
        Err(text) if !text.use_stderr() => text.exit(),
        Err(error) => return failed(error.to_string().lines().next().unwrap_or_default()),
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("echo: {}", why.trim_start_matches("error: "));
    ExitCode::FAILURE
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new(arguments.workers)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let connections = Arc::new(Connections::default());
    runtime.block_on(async {
        let listener = listener::listen("tcp", &arguments.address).await?;
        let address = listener.addr().ok_or("the kernel does not tell the address")?;
        writeln!(std::io::stdout(), "listening on {address}")
            .map_err(|error| format!("standard output: {error}"))?;
        std::thread::spawn({
            let (listener, connections) = (listener.clone(), connections.clone());
            move || {
                if signals.forever().next().is_some() {
                    // Closed at the call; an error says that it was closed before.
                    let _ = listener.close().now_or_never();
                    connections.finish();
                }
            }
        });
        serve(&listener, &connections).await
    })?;
    // What is still there after its time of grace goes with the runtime.
    runtime.shutdown();
    // Whoever read the first line may have gone.
    let _ = writeln!(std::io::stdout(), "{connections}");
    Ok(())
}

/// Serves each connection in a task of its own, until the listener is closed and they are done.
async fn serve(listener: &Listener, connections: &Arc<Connections>) -> Result<(), Box<dyn Error>> {
    // Each task owns a sender and sends nothing: when the last one is gone, the receiver sees the end.
    let (running, mut ended) = mpsc::channel::<()>(0);
    let mut pause = Duration::ZERO;
    loop {
        match listener.accept().await {
            Ok(conn) => {
                pause = Duration::ZERO;
                let (connections, running) = (connections.clone(), running.clone());
                runtime::go(async move {
                    let id = connections.begin(&conn);
                    // A client that resets ends its own connection and nothing else.
                    let _ = echo(&conn, &connections).await;
                    connections.end(id);
                    drop(running);
                });
            }
            Err(error) if error.is_closed() => break,
            Err(error) if error.is_temporary() => {
                // As in Go's servers: 5 ms, doubled each time, up to 1 s.
                pause = (pause * 2).clamp(Duration::from_millis(5), Duration::from_secs(1));
                eprintln!("echo: {error}; trying again in {pause:?}");
                runtime::sleep(pause).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    drop(running);
    // Counted from the signal, which may have come during a pause.
    select(ended.next(), runtime::sleep(connections.grace())).await;
    Ok(())
}

async fn echo(conn: &Conn, connections: &Connections) -> Result<(), conn::OpError> {
    let mut buf = vec![0; 16 << 10];
    loop {
        match conn.read(&mut buf).await {
            Ok(0) => return conn.close().await,
            Ok(read) => {
                conn.write(&buf[..read]).await?;
                connections.bytes.fetch_add(read as u64, Relaxed);
            }
            // The server ends; what was read has been written.
            Err(error) if error.is_timeout() => return finish(conn).await,
            Err(error) => return Err(error),
        }
    }
}

/// Ends a connection of which the client gets all that was written: input that nobody has read would make the end a
/// reset, and the kernel would drop what it has not sent yet.
async fn finish(conn: &Conn) -> Result<(), conn::OpError> {
    conn.close_write()?;
    let mut unread = vec![0; 16 << 10];
    loop {
        conn.set_read_deadline(Some(Instant::now() + QUIET))?;
        if !matches!(conn.read(&mut unread).await, Ok(1..)) {
            return conn.close().await;
        }
    }
}

/// The connections that are open, and the totals.
#[derive(Default)]
struct Connections {
    open: Mutex<Open>,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Open {
    conns: BTreeMap<u64, Conn>,
    /// How many there have been.
    count: u64,
    /// Since when no connection reads any more.
    finishing: Option<Instant>,
}

impl Connections {
    fn begin(&self, conn: &Conn) -> u64 {
        let mut open = self.open();
        open.count += 1;
        let id = open.count;
        open.conns.insert(id, conn.clone());
        if open.finishing.is_some() {
            end_reading(conn);
        }
        id
    }

    fn end(&self, id: u64) {
        self.open().conns.remove(&id);
    }

    /// Lets each connection write what it has read, and read no more.
    fn finish(&self) {
        let mut open = self.open();
        open.finishing = Some(Instant::now());
        open.conns.values().for_each(end_reading);
    }

    /// What is left of the time that connections have to finish.
    fn grace(&self) -> Duration {
        let since = self.open().finishing.map_or(Duration::ZERO, |signal| signal.elapsed());
        GRACE.saturating_sub(since)
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read that waits ends at once, and so does every later one.
fn end_reading(conn: &Conn) {
    // An error says that the connection was closed meanwhile.
    let _ = conn.set_read_deadline(Some(Instant::now()));
}

impl std::fmt::Display for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} connections, {} bytes", self.open().count, self.bytes.load(Relaxed))
    }
}
