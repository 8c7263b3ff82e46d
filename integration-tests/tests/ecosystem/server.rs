//! An HTTP/1.1 server of `hyper`'s, on the connections of a listener.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use conn::Conn;
use futures::StreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use integration_tests::exec::Exec;
use integration_tests::pair::listening;
use listener::Listener;
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// What a GET is answered with.
pub(crate) const GREETING: &str = "Hello, world!\n";

/// A server that runs.
pub(crate) struct Server {
    listener: Listener,
    address: String,
    serving: Pin<Box<dyn Future<Output = Served> + Send>>,
}

/// What a server has seen.
pub(crate) struct Served {
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    /// Of connections that did not end as they should.
    pub(crate) errors: Vec<hyper::Error>,
}

impl Server {
    pub(crate) async fn start(exec: Exec) -> Server {
        let (listener, address) = listening().await;
        let serving = exec.spawn(serve(exec, listener.clone()));
        Server { listener, address, serving }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Takes no more connections, and waits for the end of those that it has.
    pub(crate) async fn stop(self) -> Served {
        self.listener.close().await.expect("the first close");
        self.serving.await
    }
}

async fn serve(exec: Exec, listener: Listener) -> Served {
    let requests = Arc::new(AtomicUsize::new(0));
    let mut connections = vec![];
    let mut incoming = listener.incoming();
    while let Some(accepted) = incoming.next().await {
        match accepted {
            Ok(conn) => connections.push(exec.spawn(serve_one(conn, requests.clone()))),
            Err(error) => assert!(error.is_closed(), "{error}"),
        }
    }
    let ends = futures::future::join_all(connections).await;
    Served {
        connections: ends.len(),
        requests: requests.load(Relaxed),
        errors: ends.into_iter().filter_map(Result::err).collect(),
    }
}

async fn serve_one(conn: Conn, requests: Arc<AtomicUsize>) -> hyper::Result<()> {
    let service = service_fn(|request| {
        requests.fetch_add(1, Relaxed);
        async { Ok::<_, Infallible>(answer(request)) }
    });
    let io = TokioIo::new(conn.into_stream().compat());
    hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
}

/// A greeting to a GET; to any other method its own body, which goes out while it still comes in.
fn answer(request: Request<Incoming>) -> Response<BoxBody<Bytes, hyper::Error>> {
    Response::new(match *request.method() {
        Method::GET => Full::from(GREETING).map_err(|never| match never {}).boxed(),
        _ => request.into_body().boxed(),
    })
}
