//! may.

#![forbid(unsafe_code)]

use servers::peers::may;

fn main() {
    servers::main(may::MODES, may::serve);
}
