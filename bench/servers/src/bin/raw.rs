//! A hand-written epoll loop.

#![forbid(unsafe_code)]

use servers::peers::raw;

fn main() {
    servers::main(raw::MODES, raw::serve);
}
