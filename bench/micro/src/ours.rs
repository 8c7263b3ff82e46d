//! The exchanges of `tcp` over the crates of this project.

use std::time::{Duration, Instant};

use conn::{Conn, OpError};
use listener::Listener;
use runtime::{JoinHandle, Runtime, go};

use crate::{Exchange, PIPE, computed};

/// How long `total` messages there and back take.
///
/// # Errors
/// The first error of a client.
pub fn exchange(runtime: &Runtime, exchange: Exchange, total: u64) -> Result<Duration, OpError> {
    let (connections, messages, clients) = exchange.shares(total);
    runtime.block_on(async {
        let listener = listener::listen("tcp", exchange.address).await?;
        let address = listener.addr().map(|addr| addr.to_string()).unwrap_or_default();
        go(accept(listener.clone(), exchange, messages));
        let begin = Instant::now();
        let clients: Vec<_> =
            (0..clients).map(|_| go(client(address.clone(), exchange, connections, messages))).collect();
        for client in clients {
            joined(client).await?;
        }
        let took = begin.elapsed();
        listener.close().await?;
        Ok(took)
    })
}

/// A panic of a task is the benchmark's.
async fn joined<T>(task: JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|error| panic!("a task of the benchmark: {error}"))
}

async fn accept(listener: Listener, exchange: Exchange, messages: u64) {
    while let Ok(conn) = listener.accept().await {
        go(async move { server(conn, exchange, messages).await });
    }
}

async fn server(conn: Conn, exchange: Exchange, messages: u64) -> Result<(), OpError> {
    if exchange.timeout {
        conn.set_deadline(Some(Instant::now() + Exchange::AWAY))?;
    }
    let mut buf = [0; Exchange::MESSAGE];
    for _ in 0..messages {
        receive(&conn, &mut buf).await?;
        conn.write(&buf).await?;
    }
    conn.close().await
}

async fn client(address: String, exchange: Exchange, connections: u64, messages: u64) -> Result<(), OpError> {
    for _ in 0..connections {
        let conn = conn::dial("tcp", &address).await?;
        if exchange.timeout {
            conn.set_deadline(Some(Instant::now() + Exchange::AWAY))?;
        }
        let mut buf = [0; Exchange::MESSAGE];
        for _ in 0..messages {
            conn.write(&buf).await?;
            receive(&conn, &mut buf).await?;
        }
        conn.close().await?;
    }
    Ok(())
}

async fn receive(conn: &Conn, buf: &mut [u8]) -> Result<(), OpError> {
    let mut got = 0;
    while got < buf.len() {
        match conn.read(&mut buf[got..]).await? {
            0 => panic!("the stream ended after {got} bytes of a message"),
            read => got += read,
        }
    }
    Ok(())
}

/// Two ends of a connection.
///
/// # Errors
/// What the kernel says.
pub async fn pair(address: &str) -> Result<(Conn, Conn), OpError> {
    let listener = listener::listen("tcp", address).await?;
    let bound = listener.addr().map(|addr| addr.to_string()).unwrap_or_default();
    futures::try_join!(conn::dial("tcp", &bound), listener.accept())
}

/// How long `total` bytes take that go there and back on one connection for each worker, with a task for each direction of
/// each end.
///
/// # Errors
/// The first error of a task.
pub fn concurrent(runtime: &Runtime, address: &str, total: u64) -> Result<Duration, OpError> {
    let pairs = crate::workers();
    let each = total.div_ceil(pairs as u64);
    runtime.block_on(async {
        let mut ends = Vec::new();
        for _ in 0..pairs {
            ends.push(pair(address).await?);
        }
        let begin = Instant::now();
        let mut tasks: Vec<JoinHandle<Result<(), OpError>>> = Vec::new();
        for (client, server) in ends {
            let (to_writer, mut from_reader) = tokio::sync::mpsc::channel(PIPE);
            let (client_writer, client_reader) = (client.clone(), client);
            let (server_writer, server_reader) = (server.clone(), server);
            tasks.push(go(async move {
                for nth in 0..each {
                    client_writer.write(&[computed(nth)]).await?;
                }
                Ok(())
            }));
            tasks.push(go(async move {
                for _ in 0..each {
                    let mut byte = [0];
                    receive(&server_reader, &mut byte).await?;
                    to_writer.send(byte[0]).await.expect("the writer takes all of them");
                }
                Ok(())
            }));
            tasks.push(go(async move {
                while let Some(byte) = from_reader.recv().await {
                    server_writer.write(&[computed(byte.into())]).await?;
                }
                Ok(())
            }));
            tasks.push(go(async move {
                for _ in 0..each {
                    receive(&client_reader, &mut [0]).await?;
                }
                Ok(())
            }));
        }
        for task in tasks {
            joined(task).await?;
        }
        Ok(begin.elapsed())
    })
}
