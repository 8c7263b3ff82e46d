//! The exchanges of `tcp` over tokio.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::spawn;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::{Exchange, PIPE, computed};

/// How long `total` messages there and back take.
///
/// # Errors
/// The first error of a client.
pub fn exchange(runtime: &Runtime, exchange: Exchange, total: u64) -> io::Result<Duration> {
    let (connections, messages, clients) = exchange.shares(total);
    runtime.block_on(async {
        let listener = TcpListener::bind(exchange.address).await?;
        let address = Arc::new(listener.local_addr()?.to_string());
        let accepting = spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawn(async move {
                    stream.set_nodelay(true)?;
                    limited(exchange, server(stream, messages)).await
                });
            }
        });
        let begin = Instant::now();
        let clients: Vec<JoinHandle<io::Result<()>>> = (0..clients)
            .map(|_| {
                let address = address.clone();
                spawn(async move {
                    for _ in 0..connections {
                        let stream = TcpStream::connect(&*address).await?;
                        stream.set_nodelay(true)?;
                        limited(exchange, client(stream, messages)).await?;
                    }
                    Ok(())
                })
            })
            .collect();
        for client in clients {
            client.await??;
        }
        let took = begin.elapsed();
        accepting.abort();
        Ok(took)
    })
}

/// tokio has no deadline of a connection: what it has is a limit round all that is done with it.
async fn limited(exchange: Exchange, work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    if exchange.timeout { timeout(Exchange::AWAY, work).await? } else { work.await }
}

async fn server(mut stream: TcpStream, messages: u64) -> io::Result<()> {
    let mut buf = [0; Exchange::MESSAGE];
    for _ in 0..messages {
        stream.read_exact(&mut buf).await?;
        stream.write_all(&buf).await?;
    }
    Ok(())
}

async fn client(mut stream: TcpStream, messages: u64) -> io::Result<()> {
    let mut buf = [0; Exchange::MESSAGE];
    for _ in 0..messages {
        stream.write_all(&buf).await?;
        stream.read_exact(&mut buf).await?;
    }
    Ok(())
}

/// Two ends of a connection.
///
/// # Errors
/// What the kernel says.
pub async fn pair(address: &str) -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(address).await?;
    let (client, (server, _)) =
        futures::try_join!(TcpStream::connect(listener.local_addr()?), listener.accept())?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

/// How long `total` bytes take that go there and back on one connection for each worker, with a task for each direction of
/// each end.
///
/// # Errors
/// The first error of a task.
pub fn concurrent(runtime: &Runtime, address: &str, total: u64) -> io::Result<Duration> {
    let pairs = crate::workers();
    let each = total.div_ceil(pairs as u64);
    runtime.block_on(async {
        let mut ends = Vec::new();
        for _ in 0..pairs {
            ends.push(pair(address).await?);
        }
        let begin = Instant::now();
        let mut tasks: Vec<JoinHandle<io::Result<()>>> = Vec::new();
        for (client, server) in ends {
            let (to_writer, mut from_reader) = tokio::sync::mpsc::channel(PIPE);
            let (mut client_reader, mut client_writer) = client.into_split();
            let (mut server_reader, mut server_writer) = server.into_split();
            tasks.push(spawn(async move {
                for nth in 0..each {
                    client_writer.write_all(&[computed(nth)]).await?;
                }
                Ok(())
            }));
            tasks.push(spawn(async move {
                for _ in 0..each {
                    let byte = server_reader.read_u8().await?;
                    to_writer.send(byte).await.map_err(io::Error::other)?;
                }
                Ok(())
            }));
            tasks.push(spawn(async move {
                while let Some(byte) = from_reader.recv().await {
                    server_writer.write_all(&[computed(byte.into())]).await?;
                }
                Ok(())
            }));
            tasks.push(spawn(async move {
                for _ in 0..each {
                    client_reader.read_u8().await?;
                }
                Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(begin.elapsed())
    })
}
