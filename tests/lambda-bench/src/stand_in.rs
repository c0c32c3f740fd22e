//! AWS, answering at once over TLS: what is measured is the functions, not those whom they call.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use mayfly::local::Parameter;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The server, until the runtime ends.
#[derive(Debug)]
pub(crate) struct StandIn {
    /// Its endpoint.
    pub(crate) url: String,
    answers: Arc<Answers>,
    folder: TempDir,
}

/// What it answers from, and what it was asked.
#[derive(Debug)]
struct Answers {
    parameters: Vec<Parameter>,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl StandIn {
    /// Begins to serve, with these parameters in the Parameter Store.
    pub(crate) async fn start(parameters: Vec<Parameter>) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem())?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}", listener.local_addr()?);
        let answers = Arc::new(Answers { parameters, calls: Mutex::default() });
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&answers)));
        Ok(Self { url, answers, folder })
    }

    /// The certificate that its clients have to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// How often an operation was called since this was asked last; all counts begin anew.
    pub(crate) fn take_calls(&self, operation: &str) -> u64 {
        std::mem::take(&mut *self.answers.calls()).remove(operation).unwrap_or_default()
    }
}

impl Answers {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whatever is asked for, it is done; the ledger's table is always empty.
    fn answer(&self, operation: &str, asked: &Value) -> Value {
        *self.calls().entry(operation.to_owned()).or_default() += 1;
        match operation {
            "GetParametersByPath" => self.parameters_under(asked["Path"].as_str().unwrap_or_default()),
            "SendMessage" => json!({"MessageId": "00000000-0000-4000-8000-000000000000"}),
            "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": {}}),
            "RunTask" => json!({
                "tasks": [{"taskArn": "arn:aws:ecs:us-east-1:123456789012:task/ecs/0123456789abcdef"}],
                "failures": [],
            }),
            _ => json!({}),
        }
    }

    fn parameters_under(&self, path: &str) -> Value {
        let path = Path::new(path);
        let found = self.parameters.iter().filter(|it| Path::new(&it.name).starts_with(path));
        let found = found.map(|it| json!({"Name": it.name, "Value": it.value, "Type": "String"}));
        json!({"Parameters": found.collect::<Vec<_>>()})
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

/// AWS's JSON protocols: the operation is in `X-Amz-Target`, after its service's name.
async fn respond(request: Request<Incoming>, answers: &Answers) -> Response<Full<Bytes>> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let asked = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
    Response::new(Full::from(answers.answer(&operation, &asked).to_string()))
}
