//! An echo server on the executor that is asked for: the other process of tests that count or limit descriptors.
//!
//! Its first line is `listening on IP:PORT`, like that of the example `echo`. After it comes one line for each accept that
//! failed, which begins with `temporary` or `final`. It runs until it is killed.

#![forbid(unsafe_code)]

use std::time::Duration;

use clap::Parser;
use conn::Conn;
use integration_tests::exec::Exec;
use integration_tests::limits;

#[derive(Parser)]
struct Arguments {
    /// What runs the server
    #[arg(value_enum)]
    executor: Exec,

    /// How many descriptors it may have; as many as the system allows if this is not given
    #[arg(long)]
    descriptors: Option<u64>,
}

fn main() {
    let arguments = Arguments::parse();
    let exec = arguments.executor;
    match arguments.descriptors {
        Some(most) => limits::allow_descriptors(most),
        None => limits::allow_all_descriptors(),
    }
    exec.run(async move {
        let listener = listener::listen("tcp", "127.0.0.1:0").await.expect("loopback has a port to give");
        println!("listening on {}", listener.addr().expect("a bound listener"));
        loop {
            match listener.accept().await {
                Ok(conn) => drop(exec.spawn(echo(conn))),
                Err(error) => {
                    let kind = if error.is_temporary() { "temporary" } else { "final" };
                    println!("{kind}: {error}");
                    exec.sleep(Duration::from_millis(10)).await;
                }
            }
        }
    });
}

/// Echoes until the client ends; one that fails ends only itself.
async fn echo(conn: Conn) {
    let mut buf = vec![0; 16 << 10];
    while let Ok(read @ 1..) = conn.read(&mut buf).await {
        if conn.write(&buf[..read]).await.is_err() {
            return;
        }
    }
}
