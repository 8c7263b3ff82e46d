//! tokio, on its scheduler of several threads.

#![forbid(unsafe_code)]

use servers::peers::tokio;

fn main() {
    servers::main(tokio::MODES, tokio::serve_on_multi);
}
