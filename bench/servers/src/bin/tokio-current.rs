//! tokio, on its scheduler of one thread.

#![forbid(unsafe_code)]

use servers::{Options, bind, fail, listening, prepare, refuse};

#[path = "tokio/serve.rs"]
mod serve;

fn main() {
    let options = Options::parse_for(&serve::MODES);
    if options.workers != 1 {
        refuse("this scheduler has one thread, so --workers is 1");
    }
    prepare();
    let runtime = serve::drivers(&mut tokio::runtime::Builder::new_current_thread(), &options)
        .build()
        .unwrap_or_else(|error| fail("the runtime", error));
    let listener = bind(options.address);
    listening(listener.local_addr());
    runtime.block_on(serve::accept(listener, options));
}
