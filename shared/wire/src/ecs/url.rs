//! The server.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use serde_json::{Value, json};

use super::{Exchange, TARGET, answer};
use crate::Resident;
use crate::http::{AsyncAnswer, Served, json};
use sandbox::Sandbox;

/// ECS's endpoint. It is served until this is dropped.
#[derive(Debug)]
pub struct EcsUrl {
    url: String,
    _served: Served,
}

impl EcsUrl {
    /// Serves the ECS of a sandbox, or of a world, on a port of 127.0.0.1; 0 for any free one.
    /// `witness` sees each request and answer before the client has the answer.
    pub async fn serve<T: AsRef<Sandbox> + 'static>(
        resident: Resident<T>,
        port: u16,
        witness: impl Fn(&Exchange) + Clone + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let served = Served::start(port, EcsAnswer { resident, witness }).await?;
        Ok(Self { url: format!("http://{}", served.address()), _served: served })
    }

    /// Where it listens: the `endpoint_url` of the SDK's clients.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Whether a request is one to ECS.
pub(crate) fn is_of_ecs<B>(request: &Request<B>) -> bool {
    operation(request).is_some()
}

fn operation<B>(request: &Request<B>) -> Option<&str> {
    request.headers().get("x-amz-target")?.to_str().ok()?.strip_prefix(TARGET)
}

/// ECS's part of a server.
pub(crate) struct EcsAnswer<T, W> {
    pub(crate) resident: Resident<T>,
    pub(crate) witness: W,
}

impl<T, W: Clone> Clone for EcsAnswer<T, W> {
    fn clone(&self) -> Self {
        Self { resident: self.resident.clone(), witness: self.witness.clone() }
    }
}

impl<T, W> AsyncAnswer for EcsAnswer<T, W>
where
    T: AsRef<Sandbox> + 'static,
    W: Fn(&Exchange) + Clone + Send + Sync + 'static,
{
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let operation = operation(&request).map(str::to_owned);
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let request = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        let (Some(operation), Some(request)) = (operation, request) else {
            return of_protocol(
                400,
                &json!({"__type": "SerializationException", "message": "No request of ECS."}),
            );
        };
        let asked = self.resident.ask(move |world| answer(world.as_ref(), &operation, &request)).await;
        let Some(exchange) = asked else {
            return of_protocol(
                500,
                &json!({"__type": "ServerException", "message": "The sandbox is gone."}),
            );
        };
        (self.witness)(&exchange);
        of_protocol(exchange.status, &exchange.answer)
    }
}

fn of_protocol(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = json(status, body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}
