//! A small HTTP server on this machine's own address.

use std::convert::Infallible;
use std::net::SocketAddr;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// A server on a port of 127.0.0.1. It ends when this is dropped, and all its connections with it.
#[derive(Debug)]
pub(super) struct Served {
    address: SocketAddr,
    task: AbortHandle,
}

/// A port of 127.0.0.1 that is listened on, and not served yet.
#[derive(Debug)]
pub(super) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Begins to listen; port 0 is any free one. The error names the port.
    pub(super) async fn to(port: u16) -> Result<Self, String> {
        let bound = async {
            let listener = TcpListener::bind(("127.0.0.1", port)).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|error: std::io::Error| {
            format!("port {port} of 127.0.0.1 cannot be listened on: {error}")
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to serve.
    pub(super) fn serve(self, answer: impl AsyncAnswer) -> Served {
        Served { address: self.address, task: tokio::spawn(serve(self.listener, answer)).abort_handle() }
    }
}

impl Served {
    /// Begins to serve; port 0 is any free one. The error names the port.
    pub(super) async fn start(port: u16, answer: impl AsyncAnswer) -> Result<Self, String> {
        Ok(Bound::to(port).await?.serve(answer))
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<A>(listener: TcpListener, answer: A)
where
    A: AsyncAnswer,
{
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let answer = answer.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer.clone();
                async move { Ok::<_, Infallible>(answer.answer(request).await) }
            });
            // A client that goes away in mid-request is its own matter.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Whatever answers requests.
pub(super) trait AsyncAnswer: Clone + Send + 'static {
    /// Answers one.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// An answer of a status with a JSON body.
pub(super) fn json(status: u16, body: &serde_json::Value) -> Response<Full<Bytes>> {
    answer(status, body.to_string())
}

/// An answer of a status with a body that is JSON already.
pub(super) fn answer(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
