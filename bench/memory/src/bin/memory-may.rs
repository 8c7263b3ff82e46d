//! The memory of an idle connection: the server of `servers::peers::may`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use memory::Counting;
use servers::peers::may;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    memory::main("may", may::serve, None)
}
