//! The crates of this project.

#![forbid(unsafe_code)]

use servers::peers::ours;

fn main() {
    servers::main(ours::MODES, ours::serve);
}
