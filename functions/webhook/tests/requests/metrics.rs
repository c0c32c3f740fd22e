//! What the webhook function counts: one metric a request, or none.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use fleet::PoolMap;
use fleet::ledger::JobMessage;
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{QueueError, SendMessage};
use futures_util::FutureExt as _;
use github::signature::sign;
use kit::recording::record;
use metrics_util::debugging::DebugValue;
use serde_json::json;
use webhook::{Settings, Webhook};

/// A queue that is up or down.
struct Queue {
    up: bool,
}

impl SendMessage for Queue {
    async fn send_message(&self, _: &JobMessage) -> Result<(), QueueError> {
        if self.up { Ok(()) } else { Err(QueueError("connection refused".to_owned())) }
    }
}

fn request(secret: &str, body: &str) -> LambdaFunctionUrlRequest {
    let signature = sign(&secret.into(), body.as_bytes());
    let headers = json!({
        "x-github-event": "workflow_job", "x-github-delivery": "guid-1", "x-hub-signature-256": signature,
    });
    serde_json::from_value(json!({
        "headers": headers, "body": body, "isBase64Encoded": false,
        "requestContext": {"timeEpoch": 0, "http": {}},
    }))
    .unwrap()
}

fn job(action: &str, labels: &[&str]) -> String {
    let job = json!({"id": 42, "labels": labels});
    json!({"action": action, "workflow_job": job, "repository": {"full_name": "octo-org/storefront"}})
        .to_string()
}

/// What one request counts, each as `Name` or `Name{Pool=pool}`.
fn counted(up: bool, request: &LambdaFunctionUrlRequest) -> Vec<String> {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let settings = Settings { secrets: vec!["secret".into()], pools };
    let webhook = Webhook { queue: Queue { up } };
    let (_, recorded) =
        record(|| webhook.handle(&settings, request).now_or_never().expect("nothing here waits"));
    let once = |(name, value)| {
        assert_eq!(value, DebugValue::Counter(1), "{name}");
        name
    };
    recorded.metrics.into_iter().map(once).collect()
}

#[test]
fn every_request_counts_once_or_not_at_all() {
    let queued = job("queued", &["linux", "ARM64", "docker"]);
    for (up, secret, body, expected, why) in [
        (true, "secret", &*queued, &["JobsQueued{Pool=ec2-arm64}"][..], "a job that waits"),
        (true, "secret", &job("in_progress", &["docker"]), &[], "a job that waits no longer"),
        (true, "secret", &job("queued", &["gpu"]), &["JobsUnserved"], "no pool has the label"),
        (true, "secret", &job("queued", &[]), &["JobsUnserved"], "no label at all"),
        (true, "secret", &job("completed", &["gpu"]), &[], "it was counted when it was queued"),
        (true, "secret", &job("queued", &["ubuntu-latest"]), &[], "GitHub's own"),
        (true, "another", &queued, &["DeliveriesRefused"], "not signed with our secret"),
        (true, "secret", &" ".repeat(webhook::BODY_LIMIT + 1), &["DeliveriesRefused"], "too large"),
        (true, "secret", "{}", &["DeliveriesBroken"], "signed, and no job event"),
        (false, "secret", &queued, &["QueueUnavailable"], "the queue is down"),
    ] {
        assert_eq!(counted(up, &request(secret, body)), expected, "{why}");
    }
}
