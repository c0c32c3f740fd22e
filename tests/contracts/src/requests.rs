//! What is really sent to a service.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};

use crate::moto::http_client;

/// An HTTP client that writes down the body of each request before it sends it.
#[derive(Debug, Clone)]
pub struct Requests {
    inner: SharedHttpClient,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { inner: http_client(), bodies: Arc::default() }
    }
}

impl Requests {
    /// The bodies that were sent up to now, in order.
    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }
}

impl HttpClient for Requests {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, bodies: Arc::clone(&self.bodies) })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("a body that is in memory");
        self.bodies.lock().unwrap().push(String::from_utf8_lossy(body).into_owned());
        self.inner.call(request)
    }
}
