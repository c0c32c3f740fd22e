//! A Function URL: HTTP requests become events of payload format 2.0, and answers responses.

use http::{HeaderName, HeaderValue, Request, Response, header, request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Function, InvokeError};
use crate::http::{AsyncAnswer, Served, answer, json};
use sandbox::delivery::function_url_event;

/// The largest request that Lambda takes, in bytes.
const REQUEST_LIMIT: usize = 6 * 1024 * 1024;

/// A function's URL. It is served until this is dropped.
#[derive(Debug)]
pub struct FunctionUrl {
    url: String,
    _served: Served,
}

impl FunctionUrl {
    /// Serves a function on a port of 127.0.0.1; 0 for any free one. Each request's body, and the
    /// status that it was answered with, is told to `seen`.
    pub async fn serve(function: Function, port: u16, seen: Seen) -> Result<Self, String> {
        let served = Served::start(port, Front { function, seen }).await?;
        Ok(Self { url: format!("http://{}/", served.address()), _served: served })
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Who is told of each request's body, and of the status of its answer.
pub type Seen = Arc<dyn Fn(&[u8], u16) + Send + Sync>;

#[derive(Clone)]
struct Front {
    function: Function,
    seen: Seen,
}

impl AsyncAnswer for Front {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, REQUEST_LIMIT).collect().await else {
            return json(413, &json!({"Message": "Request Entity Too Large"}));
        };
        let body = body.to_bytes();
        let payload = Bytes::from(event(&head, &body).to_string());
        let function = self.function.clone();
        // A client that goes away ends no invocation.
        let answered = match tokio::spawn(async move { function.invoke(payload).await }).await {
            Ok(Ok(answer)) => response(&answer),
            Ok(Err(InvokeError::Throttled)) => json(429, &json!({"Message": "Too Many Requests"})),
            Ok(Err(_)) | Err(_) => json(502, &json!({"Message": "Internal Server Error"})),
        };
        (self.seen)(&body, answered.status().as_u16());
        answered
    }
}

/// The event of a request. A body that is text by its type and its bytes stays as it is; any other
/// is encoded.
fn event(head: &request::Parts, body: &[u8]) -> Value {
    let of =
        |name: &HeaderName| head.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    let headers = head.headers.keys().map(|name| (name.as_str(), of(name).collect::<Vec<_>>().join(",")));
    let kind = of(&header::CONTENT_TYPE).next().unwrap_or_default();
    let is_text = ["text/", "application/json", "application/xml", "application/javascript"]
        .iter()
        .any(|text| kind.starts_with(text));
    let mut event = match std::str::from_utf8(body) {
        Ok(text) if is_text => function_url_event(headers, text),
        _ => {
            let mut event = function_url_event(headers, &base64(body));
            set(&mut event, "/isBase64Encoded", true.into());
            event
        }
    };
    set(&mut event, "/rawPath", head.uri.path().into());
    set(&mut event, "/rawQueryString", head.uri.query().unwrap_or_default().into());
    set(&mut event, "/requestContext/http/path", head.uri.path().into());
    set(&mut event, "/requestContext/http/method", head.method.as_str().into());
    event
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn set(event: &mut Value, at: &str, value: Value) {
    if let Some(place) = event.pointer_mut(at) {
        *place = value;
    }
}

/// An answer of payload format 2.0; one without a `statusCode` is the body itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
}

fn response(bytes: &Bytes) -> Response<Full<Bytes>> {
    let Ok(found) = serde_json::from_slice::<Answer>(bytes) else { return answer(200, bytes.clone()) };
    let mut response = answer(found.status_code, found.body.unwrap_or_default());
    for (name, value) in found.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
