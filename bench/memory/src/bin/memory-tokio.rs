//! The memory of an idle connection: the server of `servers::peers::tokio`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use memory::Counting;
use servers::peers::tokio;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    memory::main("tokio", tokio::serve_on_current, None)
}
