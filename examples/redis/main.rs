//! A key-value server that speaks the Redis protocol, on all floors: `cargo run --release --example redis`, then
//! `redis-cli -p 6380`.
//!
//! ```text
//!   Conn ──read──► resp::Parser ──► commands ──► Store
//!     ▲                                │
//!     └──── one write ◄── Output ◄── Reply      as many replies as there were requests in what was read
//! ```
//!
//! It knows GET, SET with EX, PX, NX and XX, DEL, INCR, MGET, EXPIRE, TTL, PING, ECHO, QUIT, and as much of COMMAND and
//! CONFIG GET as `redis-cli` and `redis-benchmark` ask for. Its errors are in the words of Redis 7.
//!
//! What strangers can make it hold is bounded:
//!
//! | what | limit | beyond it |
//! | --- | --- | --- |
//! | a request | 16 MiB, of at most 1 Mi arguments | a protocol error, and the connection ends |
//! | a line | 64 KiB | the same |
//! | keys, values and unfinished requests of all clients | 256 MiB | `-OOM`; the connection of an unfinished request ends |
//! | replies to a client that does not read | 64 KiB, and the values of one request | nothing more is read from it |
//! | connections | as many as the process may have descriptors | those that come later wait |

#![forbid(unsafe_code)]

mod commands;
mod connection;
mod failure;
mod memory;
mod output;
mod reply;
mod store;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use conn::{Conn, OpError};
use examples::serve::{Program, Service};
use memory::Memory;
use store::Store;

/// What keys, values and unfinished requests may take together.
const MEMORY: usize = 256 << 20;

fn main() -> ExitCode {
    let program = Program {
        name: "redis",
        about: "Keeps values under keys for clients of the Redis protocol, until SIGINT (Ctrl-C) or SIGTERM; \
                port 6380 is the one beside Redis's own",
        address: "127.0.0.1:6380",
    };
    program.run(Redis::new())
}

/// What all connections share.
struct Redis {
    memory: Arc<Memory>,
    store: Store,
    /// How many have been answered.
    commands: AtomicU64,
}

impl Redis {
    fn new() -> Redis {
        let memory = Arc::new(Memory::new(MEMORY));
        Redis { store: Store::new(memory.clone()), memory, commands: AtomicU64::new(0) }
    }
}

impl Service for Redis {
    async fn serve(&self, conn: &Conn) -> Result<(), OpError> {
        connection::serve(self, conn).await
    }

    fn totals(&self) -> String {
        format!("{} commands", self.commands.load(Relaxed))
    }
}
