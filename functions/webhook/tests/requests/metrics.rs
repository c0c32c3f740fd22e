//! What the webhook function counts: at most one metric for each request.

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
use webhook::{Webhook, WebhookDeployment, WebhookSettings};

/// A queue that is up or down.
struct FailingQueue {
    up: bool,
}

impl SendMessage for FailingQueue {
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

/// The same for a public repository.
fn public(job: &str) -> String {
    job.replace(r#""full_name""#, r#""private":false,"full_name""#)
}

/// What one request counts, each as `Name` or `Name{Pool=pool}`, or with its reason.
fn counted(up: bool, request: &LambdaFunctionUrlRequest) -> Vec<String> {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let deployed = WebhookDeployment { organisation: "octo-org".to_owned(), pools, job_names: true };
    let settings = WebhookSettings { secrets: vec!["secret".into()], deployed };
    let webhook = Webhook { queue: FailingQueue { up } };
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
    let foreign = |action| job(action, &["linux"]).replace("octo-org/", "hubot/");
    for (up, secret, body, expected, why) in [
        (true, "secret", &*queued, &["JobsQueued{Pool=ec2-arm64}"][..], "a job that waits"),
        (true, "secret", &job("in_progress", &["docker"]), &[], "a job that waits no longer"),
        (true, "secret", &job("queued", &["docker", "gpu"]), &["JobsUnserved{Reason=NoPool}"], "our job"),
        (true, "secret", &public(&queued), &["JobsUnserved{Reason=PublicRepository}"], "no pool takes it"),
        (true, "secret", &job("queued", &["gpu"]), &[], "perhaps a larger GitHub-hosted runner"),
        (true, "secret", &job("queued", &["ubuntu-latest"]), &[], "GitHub's own"),
        (
            true,
            "secret",
            &public(&job("queued", &["ubuntu-latest"])),
            &[],
            "the same, in a public repository",
        ),
        (true, "secret", &job("queued", &["dependabot"]), &[], "GitHub's own"),
        (true, "secret", &job("queued", &["runs-on=1/runner=2cpu-linux-x64"]), &[], "another system's"),
        (true, "secret", &job("queued", &["self-hosted", "codebuild-a-1-1"]), &[], "another system's"),
        (true, "secret", &job("queued", &[]), &["DeliveriesEmpty"], "no label at all"),
        (true, "secret", &job("completed", &["docker", "gpu"]), &[], "it was counted when it was queued"),
        (true, "secret", &job("completed", &[]), &[], "the end of a job"),
        (true, "secret", &foreign("queued"), &["DeliveriesForeign"], "a user's repository"),
        (true, "secret", &foreign("completed"), &["DeliveriesForeign"], "the same"),
        (true, "another", &queued, &["DeliveriesRefused"], "not signed with our secret"),
        (true, "secret", &" ".repeat(webhook::BODY_LIMIT + 1), &["DeliveriesRefused"], "too large"),
        (true, "secret", "{}", &["DeliveriesEmpty"], "signed, but empty"),
        (true, "secret", r#"{"action":"queued","workflow_job":null}"#, &["DeliveriesEmpty"], "it has no job"),
        (true, "secret", "7", &["DeliveriesBroken"], "signed, but not an object"),
        (true, "secret", r#"{"action":7}"#, &["DeliveriesBroken"], "signed, but of the wrong type"),
        (false, "secret", &queued, &["QueueUnavailable"], "the queue is down"),
    ] {
        assert_eq!(counted(up, &request(secret, body)), expected, "{why}");
    }
}
