//! A thread for each connection.

#![forbid(unsafe_code)]

use servers::peers::blocking;

fn main() {
    servers::main(blocking::MODES, blocking::serve);
}
