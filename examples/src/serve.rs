//! What the example servers share: the command line, the accept loop, and an end in good order.
//!
//! ```text
//!   NAME [ADDRESS] [--workers N]
//!     │
//!   listening on IP:PORT          the first line, on standard output
//!     │
//!   accept ─► Service::serve, in a task for each connection
//!     │
//!   SIGINT or SIGTERM             nobody else is accepted, nobody reads any more; what was read is answered
//!     │                           for at most five seconds; a second signal ends that
//!   N connections, …              the last line, exit 0
//! ```
//!
//! What stands in the way of a start is one line on standard error and exit 1. `RUST_LOG` chooses what is traced, which
//! goes to standard error, too.

mod accepting;
mod connections;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::NonEmptyStringValueParser;
use clap::{CommandFactory, FromArgMatches, Parser};
use conn::{Conn, OpError};
use futures::FutureExt;
use runtime::Runtime;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use connections::Connections;
pub use connections::finish;

/// What a server does with its connections.
pub trait Service: Send + Sync + 'static {
    /// Serves one connection to its end. After a signal the reads of `conn` fail with a timeout: then what was read
    /// should be answered, and the connection be ended by [`finish`].
    ///
    /// An error ends this connection and nothing else.
    fn serve(&self, conn: &Conn) -> impl Future<Output = Result<(), OpError>> + Send;

    /// What there has been beside connections, such as `5 bytes`.
    fn totals(&self) -> String;
}

/// A server's program.
pub struct Program {
    /// Its name, which begins its messages.
    pub name: &'static str,
    /// What `--help` says of it: one sentence, without its full stop.
    pub about: &'static str,
    /// Where it listens unless it is told.
    pub address: &'static str,
}

#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen: HOST:PORT, or :PORT for every address; port 0 is one that the kernel chooses
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    address: String,

    /// How many threads run tasks
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    workers: usize,
}

impl Program {
    /// Runs until a signal; the exit code. It is `main`'s last expression.
    pub fn run(&self, service: impl Service) -> ExitCode {
        let arguments = match self.arguments() {
            Ok(arguments) => arguments,
            // Help and version.
            Err(text) if !text.use_stderr() => text.exit(),
            Err(error) => return self.failed(error.to_string().lines().next().unwrap_or_default()),
        };
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .init();
        match self.serve(&arguments, Arc::new(service)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn arguments(&self) -> Result<Arguments, clap::Error> {
        let command = Arguments::command()
            .name(self.name)
            .about(self.about)
            .mut_arg("address", |address| address.required(false).default_value(self.address));
        Arguments::from_arg_matches(&command.try_get_matches()?)
    }

    fn failed(&self, why: &str) -> ExitCode {
        eprintln!("{}: {}", self.name, why.trim_start_matches("error: "));
        ExitCode::FAILURE
    }

    fn serve(&self, arguments: &Arguments, service: Arc<impl Service>) -> Result<(), Box<dyn Error>> {
        let runtime = Runtime::new(arguments.workers)?;
        let connections = Arc::new(Connections::default());
        runtime.block_on(async {
            let listener = listener::listen("tcp", &arguments.address).await?;
            let address = listener.addr().ok_or("the kernel does not tell the address")?;
            // From here on: before, while a name is looked up, a signal ends the program as it always does.
            let mut signals = Signals::new([SIGINT, SIGTERM])?;
            writeln!(std::io::stdout(), "listening on {address}")
                .map_err(|error| format!("standard output: {error}"))?;
            std::thread::spawn({
                let (listener, connections) = (listener.clone(), connections.clone());
                move || {
                    let mut signals = signals.forever();
                    if signals.next().is_some() {
                        // Closed at the call; an error says that it was closed before.
                        let _ = listener.close().now_or_never();
                        connections.finish();
                    }
                    if let Some(signal) = signals.next() {
                        // As a shell reports one that a signal has ended.
                        std::process::exit(128 + signal);
                    }
                }
            });
            accepting::serve(self.name, &listener, &connections, &service).await
        })?;
        // What is still there after its time of grace goes with the runtime.
        runtime.shutdown();
        let connections = match connections.count() {
            1 => "1 connection".to_owned(),
            count => format!("{count} connections"),
        };
        // Whoever read the first line may have gone.
        let _ = writeln!(std::io::stdout(), "{connections}, {}", service.totals());
        Ok(())
    }
}
