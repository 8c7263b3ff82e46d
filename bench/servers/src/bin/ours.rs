//! The crates of this project. With `RUST_LOG` set it traces to standard error, as a user's program would.

#![forbid(unsafe_code)]

use servers::peers::ours;
use tracing_subscriber::EnvFilter;

fn main() {
    // Not for use here alone: in a program that nowhere turns tracing on, the optimizer sees that it is never on, and takes
    // it out. Then what it costs while it is off could not be measured.
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_some() {
        let filter = EnvFilter::from_default_env();
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    servers::main(ours::MODES, ours::serve);
}
