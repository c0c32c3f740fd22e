//! What is really sent to a service, and what its answers meet on their way to the SDK's client.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use crate::emulators::http_client;

/// What one call meets.
#[derive(Debug, Clone)]
pub enum CallFault {
    /// The service is not reached: this status and JSON are the answer.
    Answer(u16, String),
    /// The service does it, and the connection breaks before its answer is there.
    AnswerLost,
}

/// An HTTP client whose calls meet faults, one after the other. It writes down what it is asked to send.
#[derive(Debug, Clone)]
pub struct FaultyClient {
    inner: SharedHttpClient,
    faults: Arc<Mutex<VecDeque<(&'static str, CallFault)>>>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl FaultyClient {
    /// Fair weather.
    pub fn fair() -> Self {
        Self { inner: http_client(), faults: Arc::default(), bodies: Arc::default() }
    }

    /// What the next calls of an operation meet. Operations that do not come next meet nothing.
    pub fn meets(&self, operation: &'static str, faults: impl IntoIterator<Item = CallFault>) {
        self.faults.lock().unwrap().extend(faults.into_iter().map(|fault| (operation, fault)));
    }

    /// The bodies of the requests up to now, in order.
    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    /// Whether everything has struck that was to.
    pub fn is_fair(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }
}

impl HttpClient for FaultyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (faults, bodies) = (Arc::clone(&self.faults), Arc::clone(&self.bodies));
        SharedHttpConnector::new(Connector { inner, faults, bodies })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    faults: Arc<Mutex<VecDeque<(&'static str, CallFault)>>>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Connector {
    fn strikes(&self, request: &HttpRequest) -> Option<CallFault> {
        let target = request.headers().get("x-amz-target")?;
        let mut faults = self.faults.lock().unwrap();
        let strikes = faults.front().is_some_and(|(operation, _)| target.ends_with(&format!(".{operation}")));
        if strikes { faults.pop_front().map(|(_, fault)| fault) } else { None }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("a body that is in memory");
        self.bodies.lock().unwrap().push(String::from_utf8_lossy(body).into_owned());
        match self.strikes(&request) {
            None => self.inner.call(request),
            Some(CallFault::Answer(status, json)) => {
                let status = status.try_into().expect("a status of HTTP");
                HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(json))))
            }
            Some(CallFault::AnswerLost) => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let answer = answer.await?;
                    assert!(answer.status().is_success(), "the service did it: {answer:?}");
                    Err(ConnectorError::io("connection reset by peer".into()))
                })
            }
        }
    }
}
