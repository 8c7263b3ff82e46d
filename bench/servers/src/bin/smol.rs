//! smol.

#![forbid(unsafe_code)]

use servers::peers::smol;

fn main() {
    servers::main(smol::MODES, smol::serve);
}
