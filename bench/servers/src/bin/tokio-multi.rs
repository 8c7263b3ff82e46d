//! tokio, on its scheduler of several threads.

#![forbid(unsafe_code)]

use servers::{Options, bind, fail, listening, prepare};

#[path = "tokio/serve.rs"]
mod serve;

fn main() {
    let options = Options::parse_for(&serve::MODES);
    prepare();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = serve::drivers(builder.worker_threads(options.workers), &options)
        .build()
        .unwrap_or_else(|error| fail("the runtime", error));
    let listener = bind(options.address);
    listening(listener.local_addr());
    // What `block_on` runs is no worker's: the accept loop is a task, as tokio's documentation advises.
    let accepting = runtime.spawn(serve::accept(listener, options));
    if let Err(error) = runtime.block_on(accepting) {
        fail("the accept loop", error);
    }
}
