//! What the webhook function answers: every status, with its reason.

use std::cell::RefCell;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet::PoolMap;
use fleet::ledger::{JobAction, JobMessage};
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{QueueError, SendMessage};
use futures_util::FutureExt as _;
use github::signature::sign;
use serde_json::{Value, json};
use webhook::{BODY_LIMIT, Deployed, Settings, Webhook};

const SECRET: &str = "a webhook secret";

/// A queue that keeps what it takes, or takes nothing.
#[derive(Default)]
struct Queue {
    taken: RefCell<Vec<JobMessage>>,
    down: bool,
}

impl SendMessage for &Queue {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        if self.down {
            return Err(QueueError("connection refused".to_owned()));
        }
        self.taken.borrow_mut().push(message.clone());
        Ok(())
    }
}

/// A request as a Function URL hands it over, headers as named.
fn request(headers: &[(&str, &str)], body: &str, is_base64: bool) -> LambdaFunctionUrlRequest {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
    serde_json::from_value(json!({
        "version": "2.0", "headers": headers, "body": body, "isBase64Encoded": is_base64,
        "requestContext": {"timeEpoch": 0, "http": {"method": "POST"}},
    }))
    .unwrap()
}

/// A request that GitHub signed.
fn signed(event: &str, body: &str) -> LambdaFunctionUrlRequest {
    let signature = sign(&SECRET.into(), body.as_bytes());
    let headers =
        [("x-github-event", event), ("x-github-delivery", "guid-1"), ("x-hub-signature-256", &signature)];
    request(&headers, body, false)
}

fn job(action: &str, labels: &[&str], more: &Value) -> String {
    let mut job = json!({"id": 42, "status": action, "labels": labels});
    job.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({"action": action, "workflow_job": job, "repository": {"full_name": "octo-org/storefront"}})
        .to_string()
}

fn answer(queue: &Queue, request: &LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
    answer_of(queue, DEFAULT_POOLS, request)
}

/// The same with the pools of a map.
fn answer_of(queue: &Queue, pools: &str, request: &LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
    let pools = PoolMap::from_toml(pools).unwrap();
    let deployed = Deployed { organisation: "octo-org".to_owned(), pools };
    let settings = Settings { secrets: vec!["an older secret".into(), SECRET.into()], deployed };
    Webhook { queue }.handle(&settings, request).now_or_never().expect("nothing here waits")
}

fn body(response: &LambdaFunctionUrlResponse) -> Value {
    serde_json::from_str(response.body.as_deref().unwrap()).unwrap()
}

#[test]
fn a_job_that_a_pool_serves_is_queued() {
    let queue = Queue::default();
    let response =
        answer(&queue, &signed("workflow_job", &job("queued", &["linux", "ARM64", "docker"], &json!({}))));
    assert_eq!(response.status_code, 202);
    assert_eq!(response.headers["content-type"], "application/json");
    let expected = json!({"message": "queued for the launcher", "pool": "ec2-arm64", "job": 42});
    assert_eq!(body(&response), expected);

    let taken = queue.taken.into_inner();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].delivery.as_str(), "guid-1");
    assert_eq!(taken[0].job_event.action, JobAction::Queued);
    assert_eq!(taken[0].job_event.repository.as_str(), "octo-org/storefront");
}

#[test]
fn what_moves_no_job_is_answered_200_with_the_reason() {
    for (event, payload, says) in [
        ("ping", "{}".to_owned(), "ping"),
        ("push", "{}".to_owned(), "the event push is not for Mayfly; it takes workflow_job"),
        ("workflow_job", job("waiting", &["linux"], &json!({})), "approval"),
        ("workflow_job", job("queued", &["linux"], &json!({"status": "waiting"})), "approval"),
        ("workflow_job", job("dreaming", &["linux"], &json!({})), "the action dreaming moves no job"),
        ("workflow_job", job("queued", &["linux", "gpu"], &json!({})), "fargate-x64 lacks \"gpu\""),
        ("workflow_job", job("queued", &["ubuntu-latest"], &json!({})), "GitHub-hosted"),
        ("workflow_job", job("queued", &[], &json!({})), "name a label beside the group"),
    ] {
        let queue = Queue::default();
        let response = answer(&queue, &signed(event, &payload));
        let message = body(&response)["message"].as_str().unwrap().to_owned();
        assert_eq!(response.status_code, 200, "{event} {payload}");
        assert!(message.contains(says), "{message:?} does not say {says:?}");
        assert!(queue.taken.borrow().is_empty(), "{event} {payload}");
    }
}

#[test]
fn a_job_that_runs_on_a_runner_of_ours_is_queued_even_if_its_pool_has_left_the_map() {
    let runner = fleet::RunnerId::from_random(1).github_name(&fleet::PoolName::new("gone").unwrap());
    let queue = Queue::default();
    let payload = job("in_progress", &["linux", "gpu"], &json!({"runner_id": 7, "runner_name": runner}));
    let response = answer(&queue, &signed("workflow_job", &payload));
    assert_eq!((response.status_code, body(&response).get("pool")), (202, None));
    assert_eq!(queue.taken.borrow()[0].job_event.pool, None);
}

#[test]
fn a_job_that_no_pool_serves_is_queued_with_its_begin_and_its_end_alone() {
    let elsewhere = json!({"runner_id": 5, "runner_name": "GitHub Actions 5"});
    let (gone, hosted) = (&["linux", "fargate-gone"][..], &["ubuntu-latest"][..]);
    for (action, labels, more, status, why) in [
        ("queued", gone, json!({}), 200, "nothing is launched for it"),
        ("in_progress", gone, json!({}), 202, "somebody else's runner took it: it no longer waits"),
        ("completed", gone, json!({}), 202, "it was cancelled while it waited"),
        ("queued", hosted, json!({}), 200, "GitHub's own"),
        ("in_progress", hosted, elsewhere.clone(), 202, "it may have been one of ours by its name"),
        ("completed", hosted, elsewhere.clone(), 202, "the same"),
        ("queued", &[], json!({}), 200, "nobody knows whose it is"),
        ("in_progress", &[], elsewhere.clone(), 202, "nobody knows whose it was"),
        ("completed", &[], elsewhere, 202, "the same"),
        ("completed", &[], json!({"labels": null}), 202, "no labels, not even none"),
    ] {
        let queue = Queue::default();
        let payload = job(action, labels, &more);
        let response = answer(&queue, &signed("workflow_job", &payload));
        assert_eq!(response.status_code, status, "{why}");
        let taken = queue.taken.into_inner();
        let pools: Vec<_> = taken.into_iter().map(|message| message.job_event.pool).collect();
        assert_eq!(pools, vec![None; usize::from(status == 202)], "{why}");
    }
}

#[test]
fn an_unproven_body_is_answered_401_and_goes_nowhere() {
    let payload = job("queued", &["linux"], &json!({}));
    let right = sign(&SECRET.into(), payload.as_bytes());
    for (signature, why) in [
        (None, "none"),
        (Some(sign(&"another".into(), payload.as_bytes())), "another secret"),
        (Some(sign(&SECRET.into(), b"another body")), "another body"),
        (Some(right.replace("sha256=", "sha1=")), "another algorithm"),
        (Some(right[..20].to_owned()), "truncated"),
        (Some("sha256".to_owned()), "malformed"),
    ] {
        let mut headers = vec![("x-github-event", "workflow_job"), ("x-github-delivery", "guid-1")];
        headers.extend(signature.as_deref().map(|signature| ("x-hub-signature-256", signature)));
        let queue = Queue::default();
        let response = answer(&queue, &request(&headers, &payload, false));
        assert_eq!(response.status_code, 401, "{why}");
        assert!(queue.taken.borrow().is_empty(), "{why}");
        let text = response.body.unwrap();
        assert!(
            !text.contains(SECRET) && !text.contains(&right["sha256=".len()..]),
            "{why}: {text} gives it away"
        );
    }
}

#[test]
fn the_bytes_are_those_that_were_sent_whatever_their_encoding_and_the_headers_case() {
    let payload = job("queued", &["linux"], &json!({"name": "überall ✓"}));
    let signature = sign(&SECRET.into(), payload.as_bytes());
    let headers = [
        ("X-GitHub-Event", "workflow_job"),
        ("X-GITHUB-DELIVERY", "guid-1"),
        ("X-Hub-Signature-256", &*signature),
    ];
    for (body, is_base64) in [(payload.clone(), false), (STANDARD.encode(&payload), true)] {
        let response = answer(&Queue::default(), &request(&headers, &body, is_base64));
        assert_eq!(response.status_code, 202, "base64: {is_base64}");
    }
    let broken = answer(&Queue::default(), &request(&headers, "no base64!", true));
    assert_eq!(broken.status_code, 400);
}

#[test]
fn a_broken_delivery_under_a_good_signature_is_answered_400_and_says_what_is_wrong() {
    for (request, says) in [
        (signed("workflow_job", "{"), "does not read as workflow_job: EOF"),
        (signed("workflow_job", "[1, 2, 3]"), "invalid type: integer `1`, expected a string"),
        (signed("workflow_job", r#"{"action":"queued","workflow_job":{"id":"x"}}"#), "expected u64"),
        (signed("workflow_job", "payload=%7B%7D"), "set the webhook's content type to application/json"),
        (signed("", "{}"), "the x-github-event header is missing"),
    ] {
        let response = answer(&Queue::default(), &request);
        let message = body(&response)["message"].as_str().unwrap().to_owned();
        assert_eq!(response.status_code, 400, "{message}");
        assert!(message.contains(says), "{message:?} does not say {says:?}");
    }
}

#[test]
fn a_delivery_that_says_too_little_is_answered_200_and_says_what_is_absent() {
    let of = |job: &str, repository: &str| {
        format!(r#"{{"action":"queued","workflow_job":{job},"repository":{repository}}}"#)
    };
    let repository = r#"{"full_name":"octo-org/storefront"}"#;
    for (payload, says) in [
        ("{}".to_owned(), "the payload has no action"),
        (r#"{"action":"queued"}"#.to_owned(), "the payload has no workflow_job"),
        (of("null", repository), "the payload has no workflow_job"),
        (of("{}", repository), "the payload has no workflow_job.id"),
        (of(r#"{"id":1}"#, "null"), "the payload has no repository"),
        (of(r#"{"id":1}"#, "{}"), "the payload has no repository.full_name"),
        (
            of(r#"{"id":1,"labels":null}"#, repository),
            "the job has no labels, which every pool would serve; name a label beside the group",
        ),
    ] {
        let queue = Queue::default();
        let response = answer(&queue, &signed("workflow_job", &payload));
        assert_eq!(
            (response.status_code, body(&response)["message"].as_str()),
            (200, Some(says)),
            "{payload}"
        );
        assert!(queue.taken.borrow().is_empty(), "{payload}");
    }
}

/// The repository's name decides, and nothing else that the payload says.
#[test]
fn a_job_of_somebody_elses_repository_is_answered_200_and_goes_nowhere() {
    for (repository, belongs) in [
        ("octo-org/storefront", true),
        ("Octo-ORG/storefront", true),
        ("hubot/storefront", false),
        ("octo-org2/storefront", false),
        ("octo-org", false),
    ] {
        for action in ["queued", "waiting", "in_progress", "completed", "dreaming"] {
            let queue = Queue::default();
            let payload = json!({
                "action": action, "workflow_job": {"id": 42, "status": action, "labels": ["linux"]},
                "repository": {"full_name": repository, "owner": {"login": "octo-org"}, "private": true},
                "organization": {"login": "octo-org"}, "installation": {"id": 5},
            });
            let response = answer(&queue, &signed("workflow_job", &payload.to_string()));
            let moves = belongs && !["waiting", "dreaming"].contains(&action);
            assert_eq!(queue.taken.borrow().len(), usize::from(moves), "{action} of {repository}");
            if !belongs {
                let says = format!("{repository} does not belong to octo-org");
                assert_eq!(body(&response), json!({"message": says}), "{action}");
                assert_eq!(response.status_code, 200, "{action} of {repository}");
            }
        }
    }
}

#[test]
fn a_job_of_a_public_repository_is_served_by_pools_that_take_them_alone() {
    let payload = |action: &str, repository: Value| {
        let job = json!({"id": 42, "labels": ["docker"]});
        json!({"action": action, "workflow_job": job, "repository": repository}).to_string()
    };
    let named = |more: Value| {
        let mut repository = json!({"full_name": "octo-org/storefront"});
        repository.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        repository
    };
    let says = "the repository is public, and ec2-x64 takes no jobs of public repositories; allow them with \
                public_repositories = true, and in the settings of its runner group";
    for (repository, is_public) in [
        (named(json!({"private": false, "visibility": "public"})), true),
        (named(json!({"private": true, "visibility": "internal"})), false),
        (named(json!({"private": true, "visibility": "private"})), false),
        (named(json!({})), false),
    ] {
        let queue = Queue::default();
        let response = answer(&queue, &signed("workflow_job", &payload("queued", repository.clone())));
        assert_eq!(response.status_code, if is_public { 200 } else { 202 }, "{repository}");
        assert_eq!(body(&response)["message"] == says, is_public, "{repository}: {:?}", response.body);
        // What has begun, or ended, is written down all the same.
        for action in ["in_progress", "completed"] {
            let response = answer(&queue, &signed("workflow_job", &payload(action, repository.clone())));
            assert_eq!(response.status_code, 202, "{action} of {repository}");
        }
        let told: Vec<bool> = queue.taken.borrow().iter().map(|it| it.job_event.is_public).collect();
        assert_eq!(told, vec![is_public; told.len()], "{repository}");
    }
    let pools =
        DEFAULT_POOLS.replace("runner_group = \"ecs\"", "runner_group = \"ecs\"\npublic_repositories = true");
    let public = payload("queued", named(json!({"private": false})));
    let response = answer_of(&Queue::default(), &pools, &signed("workflow_job", &public));
    assert_eq!((response.status_code, &body(&response)["pool"]), (202, &json!("ec2-x64")));
}

/// Whoever may write a workflow chooses its words.
#[test]
fn whatever_a_sender_says_the_answer_and_the_log_stay_short_and_the_queue_takes_the_message() {
    let long = |sign: &str| sign.repeat(3_000);
    let labels: Vec<String> = (0..100).map(|it| format!("{}{it}", long("x"))).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let many: Vec<String> = (0..1_000).map(|it| format!("l{it}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (event, payload) in [
        ("workflow_job", job("queued", &labels, &json!({}))),
        ("workflow_job", job("queued", &["docker", &long("\u{1b}[2J")], &json!({}))),
        ("workflow_job", job("queued", &[&format!("ubuntu-{}", long("x"))], &json!({}))),
        ("workflow_job", job(&long("a\n"), &["linux"], &json!({}))),
        ("workflow_job", job("queued", &["linux"], &json!({"id": long("x")}))),
        ("workflow_job", job("queued", &["linux"], &json!({})).replace("octo-org", &long("o"))),
        ("workflow_job", job("completed", &labels, &json!({}))),
        ("workflow_job", job("completed", &many, &json!({}))),
        (&long("p"), "{}".to_owned()),
    ] {
        let queue = Queue::default();
        let (response, recorded) = kit::recording::record(|| answer(&queue, &signed(event, &payload)));
        let answered = response.body.as_deref().unwrap();
        assert!(answered.chars().count() < 500, "{} characters: {answered}", answered.chars().count());
        assert!(!answered.contains("\\u001b"), "{answered}");
        let longest = recorded.log.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest < 1_000, "{longest} characters: {}", recorded.log);
        // SQS, "Amazon SQS message quotas": 256 KiB was the most that a message may have for many years.
        let message = queue.taken.borrow().first().map(|it| serde_json::to_string(it).unwrap().len());
        assert!(message.unwrap_or(0) < 128 * 1024, "{message:?} bytes");
    }
    let commas = job("queued", &["self-hosted, linux, x64"], &json!({}));
    let response = answer(&Queue::default(), &signed("workflow_job", &commas));
    assert_eq!(
        body(&response)["message"],
        "no pool serves \"self-hosted, linux, x64\"; fargate-x64 lacks \"self-hosted, linux, x64\"; that is \
         one label with commas: write labels as a YAML list"
    );
}

#[test]
fn a_body_over_the_limit_is_answered_413_before_it_is_looked_at() {
    for (length, status) in [(BODY_LIMIT, 401), (BODY_LIMIT + 1, 413)] {
        let plain = request(&[], &" ".repeat(length), false);
        let encoded = request(&[], &STANDARD.encode(" ".repeat(length)), true);
        for request in [plain, encoded] {
            let response = answer(&Queue::default(), &request);
            assert_eq!(response.status_code, status, "{length} bytes, base64: {}", request.is_base64_encoded);
        }
    }
}

#[test]
fn while_the_queue_is_down_the_answer_is_503_never_2xx() {
    let queue = Queue { down: true, ..Queue::default() };
    let response = answer(&queue, &signed("workflow_job", &job("queued", &["linux"], &json!({}))));
    assert_eq!(response.status_code, 503);
    assert_eq!(body(&response)["message"], "the queue did not take the event; redeliver it");
}
