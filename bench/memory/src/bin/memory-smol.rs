//! The memory of an idle connection: the server of `servers::peers::smol`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use memory::Counting;
use servers::peers::smol;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    memory::main("smol", smol::serve, None)
}
