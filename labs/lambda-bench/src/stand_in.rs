//! AWS and GitHub, answering at once over TLS: the bench measures the functions, not the services that they
//! call.

mod answers;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::deployed::Parameter;

use self::answers::{Answers, AwsRequest};
use crate::subject;

/// The server, until the runtime ends.
#[derive(Debug)]
pub(crate) struct StandIn {
    /// Its endpoint.
    pub(crate) url: String,
    answers: Arc<Answers>,
    folder: TempDir,
}

impl StandIn {
    /// Starts to serve, with these parameters in the Parameter Store, and this map beside the functions.
    pub(crate) async fn start(parameters: Vec<Parameter>, map: &str) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem())?;
        std::fs::write(folder.path().join("pools.json"), map)?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", listener.local_addr()?);
        let answers = Arc::new(Answers::new(parameters, subject::items()?));
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&answers)));
        Ok(Self { url, answers, folder })
    }

    /// The certificate that its clients have to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The map of pools.
    pub(crate) fn map(&self) -> PathBuf {
        self.folder.path().join("pools.json")
    }

    /// How often an operation was called since the last call of this; resets all counts.
    pub(crate) fn take_calls(&self, operation: &str) -> u64 {
        self.answers.take_calls(operation)
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, answers: Arc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that goes away in mid-request is its own matter.
        tokio::spawn(serve(stream, tls.clone(), Arc::clone(&answers)));
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, answers: Arc<Answers>) -> Result<()> {
    stream.set_nodelay(true)?;
    let stream = tls.accept(stream).await?;
    let service = service_fn(|request| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(respond(request, &answers).await) }
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.context("a connection")
}

async fn respond(request: Request<Incoming>, answers: &Answers) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    Response::new(Full::from(answers.answer(&AwsRequest::of(target, head.uri.path(), &body))))
}
