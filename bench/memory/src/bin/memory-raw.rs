//! The memory of an idle connection: the server of `servers::peers::raw`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use memory::Counting;
use servers::peers::raw;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    memory::main("raw", raw::serve, None)
}
