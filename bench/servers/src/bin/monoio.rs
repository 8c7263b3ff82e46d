//! monoio, on epoll.

#![forbid(unsafe_code)]

use servers::peers::monoio;

fn main() {
    servers::main(monoio::MODES, monoio::serve);
}
