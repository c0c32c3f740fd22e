//! The Runtime API of one execution environment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use serde_json::json;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

use super::InvokeError;
use crate::http::{AsyncAnswer, answer, json};

/// One event for the process.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) payload: Bytes,
    /// Milliseconds since 1970.
    pub(super) deadline: i64,
    pub(super) answer: oneshot::Sender<Result<Bytes, InvokeError>>,
}

/// What the process asks for, and what it says.
#[derive(Debug, Clone)]
pub(super) struct RuntimeApi(Arc<RuntimeState>);

#[derive(Debug)]
struct RuntimeState {
    function_arn: HeaderValue,
    events: AsyncMutex<mpsc::Receiver<Invocation>>,
    in_hand: Mutex<Option<InHand>>,
    /// Whether the process has asked for its first event: its init phase is over.
    initialised: watch::Sender<bool>,
    init_error: Mutex<Option<String>>,
}

/// An event's id, and who waits for its answer.
type InHand = (String, oneshot::Sender<Result<Bytes, InvokeError>>);

/// The calls of a process.
#[derive(Debug, PartialEq, Eq)]
enum RuntimeCall<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
    Unknown,
}

impl<'a> RuntimeCall<'a> {
    fn read(method: &Method, path: &'a str) -> Self {
        let Some(rest) = path.strip_prefix("/2018-06-01/runtime/") else { return Self::Unknown };
        let mut words = rest.split('/');
        match (method.as_str(), words.next(), words.next(), words.next()) {
            ("GET", Some("invocation"), Some("next"), None) => Self::Next,
            ("POST", Some("invocation"), Some(id), Some("response")) => Self::Response(id),
            ("POST", Some("invocation"), Some(id), Some("error")) => Self::Error(id),
            ("POST", Some("init"), Some("error"), None) => Self::InitError,
            _ => Self::Unknown,
        }
    }
}

impl RuntimeApi {
    pub(super) fn new(function: &str, events: mpsc::Receiver<Invocation>) -> Self {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
        Self(Arc::new(RuntimeState {
            function_arn: HeaderValue::try_from(arn).unwrap_or_else(|_| HeaderValue::from_static("unknown")),
            events: AsyncMutex::new(events),
            in_hand: Mutex::new(None),
            initialised: watch::Sender::new(false),
            init_error: Mutex::new(None),
        }))
    }

    /// Waits until the process has asked for its first event.
    pub(super) async fn initialised(&self) {
        // The sender lives as long as this does.
        let _ = self.0.initialised.subscribe().wait_for(|initialised| *initialised).await;
    }

    /// What the process said of a failed init phase.
    pub(super) fn init_error(&self) -> Option<String> {
        self.0.init_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next event, as soon as there is one.
    async fn next(&self) -> Response<Full<Bytes>> {
        self.0.initialised.send_replace(true);
        let Some(invocation) = self.0.events.lock().await.recv().await else {
            // The environment is at its end, and the process with it.
            return std::future::pending().await;
        };
        let mut response = answer(200, invocation.payload);
        let headers = response.headers_mut();
        let text = |text: &str| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0"));
        headers.insert("lambda-runtime-aws-request-id", text(&invocation.id));
        headers.insert("lambda-runtime-deadline-ms", invocation.deadline.into());
        headers.insert("lambda-runtime-invoked-function-arn", self.0.function_arn.clone());
        let trace = format!("Root=1-{:08x}-{:024x};Parent={:016x};Sampled=0", 1, 1, 1);
        headers.insert("lambda-runtime-trace-id", text(&trace));
        *self.in_hand() = Some((invocation.id, invocation.answer));
        response
    }

    /// The process's answer to the event that it has in hand. Any other is refused, as Lambda does.
    fn take(&self, id: &str, outcome: Result<Bytes, InvokeError>) -> Response<Full<Bytes>> {
        let mut in_hand = self.in_hand();
        match in_hand.take_if(|(expected, _)| expected == id) {
            Some((_, waiting)) => {
                // Nobody waits any longer where the event has timed out.
                let _ = waiting.send(outcome);
                json(202, &json!({"status": "OK"}))
            }
            None => json(400, &json!({"errorType": "InvalidRequestID", "errorMessage": "it is not in hand"})),
        }
    }

    fn in_hand(&self) -> MutexGuard<'_, Option<InHand>> {
        self.0.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncAnswer for RuntimeApi {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let call = RuntimeCall::read(&head.method, head.uri.path());
        if call == RuntimeCall::Next {
            return self.next().await;
        }
        let Ok(body) = body.collect().await else { return answer(400, "{}") };
        let body = body.to_bytes();
        let said = || String::from_utf8_lossy(&body).into_owned();
        match call {
            RuntimeCall::Response(id) => self.take(id, Ok(body.clone())),
            RuntimeCall::Error(id) => self.take(id, Err(InvokeError::Failed(said()))),
            RuntimeCall::InitError => {
                *self.0.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(said());
                json(202, &json!({"status": "OK"}))
            }
            RuntimeCall::Next | RuntimeCall::Unknown => json(404, &json!({"errorMessage": "no such call"})),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart() {
        for (method, path, call) in [
            (Method::GET, "/2018-06-01/runtime/invocation/next", RuntimeCall::Next),
            (Method::POST, "/2018-06-01/runtime/invocation/7/response", RuntimeCall::Response("7")),
            (Method::POST, "/2018-06-01/runtime/invocation/7/error", RuntimeCall::Error("7")),
            (Method::POST, "/2018-06-01/runtime/init/error", RuntimeCall::InitError),
            (Method::GET, "/2018-06-01/runtime/invocation/7/response", RuntimeCall::Unknown),
            (Method::GET, "/", RuntimeCall::Unknown),
        ] {
            assert_eq!(RuntimeCall::read(&method, path), call, "{method} {path}");
        }
    }
}
