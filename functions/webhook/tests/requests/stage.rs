//! A queue, and requests as GitHub sends them.

use std::cell::RefCell;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::PoolMap;
use fleet::ledger::JobMessage;
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{QueueError, SendMessage};
use futures_util::FutureExt as _;
use github::signature::sign;
use serde_json::{Value, json};
use webhook::{Webhook, WebhookDeployment, WebhookSettings};

pub(crate) const SECRET: &str = "a webhook secret";

/// A queue that keeps every message, or takes none.
#[derive(Default)]
pub(crate) struct RecordingQueue {
    pub(crate) taken: RefCell<Vec<JobMessage>>,
    pub(crate) down: bool,
}

impl SendMessage for &RecordingQueue {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        if self.down {
            return Err(QueueError("connection refused".to_owned()));
        }
        self.taken.borrow_mut().push(message.clone());
        Ok(())
    }
}

/// A request as a Function URL passes it on, with the given headers.
pub(crate) fn request(headers: &[(&str, &str)], body: &str, is_base64: bool) -> LambdaFunctionUrlRequest {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
    serde_json::from_value(json!({
        "version": "2.0", "headers": headers, "body": body, "isBase64Encoded": is_base64,
        "requestContext": {"timeEpoch": 0, "http": {"method": "POST"}},
    }))
    .unwrap()
}

/// A request that GitHub signed.
pub(crate) fn signed(event: &str, body: &str) -> LambdaFunctionUrlRequest {
    let signature = sign(&SECRET.into(), body.as_bytes());
    let headers =
        [("x-github-event", event), ("x-github-delivery", "guid-1"), ("x-hub-signature-256", &signature)];
    request(&headers, body, false)
}

pub(crate) fn job(action: &str, labels: &[&str], more: &Value) -> String {
    let mut job = json!({"id": 42, "status": action, "labels": labels});
    job.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({"action": action, "workflow_job": job, "repository": {"full_name": "octo-org/storefront"}})
        .to_string()
}

pub(crate) fn answer(
    queue: &RecordingQueue,
    request: &LambdaFunctionUrlRequest,
) -> LambdaFunctionUrlResponse {
    answer_of(queue, DEFAULT_POOLS, request)
}

/// The same with the pools of another map.
pub(crate) fn answer_of(
    queue: &RecordingQueue,
    pools: &str,
    request: &LambdaFunctionUrlRequest,
) -> LambdaFunctionUrlResponse {
    answer_deployed(queue, deployed(pools), request)
}

/// As a stack with this map is deployed.
pub(crate) fn deployed(pools: &str) -> WebhookDeployment {
    let pools = PoolMap::from_toml(pools).unwrap();
    WebhookDeployment { organisation: "octo-org".to_owned(), pools, job_names: true }
}

/// The same where it is deployed in another way.
pub(crate) fn answer_deployed(
    queue: &RecordingQueue,
    deployed: WebhookDeployment,
    request: &LambdaFunctionUrlRequest,
) -> LambdaFunctionUrlResponse {
    let settings = WebhookSettings { secrets: vec!["an older secret".into(), SECRET.into()], deployed };
    Webhook { queue }.handle(&settings, request).now_or_never().expect("nothing here waits")
}

pub(crate) fn body(response: &LambdaFunctionUrlResponse) -> Value {
    serde_json::from_str(response.body.as_deref().unwrap()).unwrap()
}
