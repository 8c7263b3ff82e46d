//! The memory of an idle connection: the server of `servers::peers::ours`, and one that holds no buffer while it waits.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use listener::conn::Conn;
use listener::{Listener, OpError};
use memory::Counting;
use runtime::Runtime;
use servers::Options;
use servers::peers::ours;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    memory::main("ours", ours::serve, Some(serve_with_pool))
}

fn serve_with_pool(options: Options, ready: Box<dyn FnOnce(SocketAddr)>) {
    let runtime = Runtime::new(options.workers).expect("the runtime starts");
    let address = options.address.to_string();
    let listener = runtime.block_on(listener::listen("tcp", &address)).expect("it listens");
    let bound = listener.addr().expect("a listener is bound").to_string();
    ready(bound.parse().expect("the address of a TCP listener"));
    let pool = Arc::new(Pool { buffers: Mutex::new(Vec::new()), size: options.buffer });
    runtime.go(accept(listener, pool));
    // The workers do the rest.
    loop {
        std::thread::park();
    }
}

async fn accept(listener: Listener, pool: Arc<Pool>) {
    loop {
        let conn = listener.accept().await.expect("the listener accepts");
        runtime::go(connection(conn, pool.clone()));
    }
}

/// An error ends this connection and nothing else.
async fn connection(conn: Conn, pool: Arc<Pool>) {
    let _ended: Result<(), OpError> = echo(&conn, &pool).await;
}

async fn echo(conn: &Conn, pool: &Pool) -> Result<(), OpError> {
    loop {
        conn.readable().await?;
        let mut buf = pool.take();
        match conn.read(&mut buf).await? {
            0 => return Ok(()),
            read => conn.write(&buf[..read]).await?,
        };
        pool.put(buf);
    }
}

/// Buffers that nobody uses at the moment.
struct Pool {
    buffers: Mutex<Vec<Box<[u8]>>>,
    size: usize,
}

impl Pool {
    fn take(&self) -> Box<[u8]> {
        let pooled = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.unwrap_or_else(|| vec![0; self.size].into())
    }

    fn put(&self, buf: Box<[u8]>) {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buf);
    }
}
