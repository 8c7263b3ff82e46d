//! The accept loop.

use std::error::Error;
use std::sync::Arc;

use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::select;
use listener::{Backoff, Listener};

use super::Service;
use super::connections::Connections;

/// Serves each connection in a task of its own, until the listener is closed and they are done.
pub(super) async fn serve(
    name: &str,
    listener: &Listener,
    connections: &Arc<Connections>,
    service: &Arc<impl Service>,
) -> Result<(), Box<dyn Error>> {
    // Each task owns a sender and sends nothing: when the last one is gone, the receiver sees the end.
    let (running, mut ended) = mpsc::channel::<()>(0);
    let mut backoff = Backoff::new();
    loop {
        match listener.accept().await {
            Ok(conn) => {
                backoff.reset();
                let (connections, service, running) = (connections.clone(), service.clone(), running.clone());
                runtime::go(async move {
                    let id = connections.begin(&conn);
                    // A client that resets ends its own connection and nothing else.
                    let _ = service.serve(&conn).await;
                    connections.end(id);
                    drop(running);
                });
            }
            Err(error) if error.is_closed() => break,
            Err(error) => match backoff.after(&error) {
                Some(pause) => {
                    eprintln!("{name}: {error}; trying again in {pause:?}");
                    runtime::sleep(pause).await;
                }
                None => return Err(error.into()),
            },
        }
    }
    drop(running);
    // Counted from the signal, which may have come during a pause.
    select(ended.next(), runtime::sleep(connections.grace())).await;
    Ok(())
}
