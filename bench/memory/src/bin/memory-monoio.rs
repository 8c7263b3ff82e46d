//! The memory of an idle connection: the server of `servers::peers::monoio`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use memory::Counting;
use servers::peers::monoio;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    memory::main("monoio", monoio::serve, None)
}
