//! What one delivery costs the webhook function: verify, parse and route a payload of 13 KB.
//!
//! `make bench`; the figures are in docs/PERFORMANCE.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark is not a product"
)]

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use fleet::PoolMap;
use fleet::ledger::JobMessage;
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{QueueError, SendMessage};
use futures_util::FutureExt as _;
use github::signature::{check, sign};
use github::{WorkflowJobDelivery, verify};
use serde_json::{Value, json};
use webhook::{Webhook, WebhookDeployment, WebhookSettings};

/// A payload in GitHub's shape.
const PAYLOAD: &str = include_str!("../../../events/github/queued-ec2-arm64-spot.json");

/// The size that real payloads have, in bytes.
const SIZE: usize = 13_000;

struct TakesAll;

impl SendMessage for TakesAll {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        black_box(message);
        Ok(())
    }
}

fn main() {
    divan::main();
}

/// The payload as GitHub sends it, without white space, filled up to its usual size.
fn body() -> String {
    let mut payload: Value = serde_json::from_str(PAYLOAD).unwrap();
    let missing = SIZE.saturating_sub(payload.to_string().len());
    payload["repository"]["description"] = json!("x".repeat(missing));
    payload.to_string()
}

fn request(body: &str) -> LambdaFunctionUrlRequest {
    let signature = sign(&"secret".into(), body.as_bytes());
    serde_json::from_value(json!({
        "headers": {"x-github-event": "workflow_job", "x-github-delivery": "1", "x-hub-signature-256": signature},
        "body": body, "isBase64Encoded": false, "requestContext": {"timeEpoch": 0, "http": {}},
    }))
    .unwrap()
}

#[divan::bench]
fn the_whole_way_to_the_queue(bencher: Bencher<'_, '_>) {
    let body = body();
    let request = request(&body);
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let deployed = WebhookDeployment { organisation: "octo-org".to_owned(), pools, job_names: true };
    let settings = WebhookSettings { secrets: vec!["secret".into()], deployed };
    let webhook = Webhook { queue: TakesAll };
    let handle = || {
        webhook.handle(&settings, black_box(&request)).now_or_never().expect("nothing here waits").status_code
    };
    assert_eq!(handle(), 202);
    bencher.counter(BytesCount::of_str(&body)).bench_local(handle);
}

#[divan::bench]
fn verify_alone(bencher: Bencher<'_, '_>) {
    let body = body();
    let (secrets, header) = (["secret".into()], sign(&"secret".into(), body.as_bytes()));
    bencher
        .counter(BytesCount::of_str(&body))
        .bench_local(|| check(Some(&header), black_box(body.as_bytes()), &secrets).unwrap());
}

#[divan::bench]
fn parse_alone(bencher: Bencher<'_, '_>) {
    let body = body();
    let request = request(&body);
    let delivery = verify(&request.headers, body.as_bytes(), &["secret".into()]).unwrap();
    bencher
        .counter(BytesCount::of_str(&body))
        .bench_local(|| black_box(&delivery).payload::<WorkflowJobDelivery>("workflow_job").unwrap());
}

#[divan::bench]
fn route_alone(bencher: Bencher<'_, '_>) {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let labels = ["self-hosted", "linux", "arm64", "docker", "spot"].into_iter().collect();
    bencher.bench_local(|| {
        fleet::routing::route(black_box(&pools), black_box(&labels), false).unwrap().priority
    });
}
