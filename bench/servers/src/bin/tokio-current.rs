//! tokio, on its scheduler of one thread.

#![forbid(unsafe_code)]

use servers::peers::tokio;

fn main() {
    servers::main(tokio::MODES, tokio::serve_on_current);
}
