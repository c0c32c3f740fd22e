//! What the webhook function answers: every status, with its reason.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet::ledger::{JobAction, JobNames};
use fleet::pools::DEFAULT_POOLS;
use github::signature::sign;
use serde_json::{Value, json};
use webhook::{BODY_LIMIT, WebhookDeployment};

use crate::stage::{RecordingQueue, SECRET, answer, answer_deployed, body, deployed, job, request, signed};

#[test]
fn a_job_that_a_pool_serves_is_queued() {
    let queue = RecordingQueue::default();
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
fn the_names_of_workflow_and_branch_are_kept_unless_a_deploy_leaves_them_out() {
    let named = json!({"workflow_name": "Tests", "head_branch": "main"});
    let request = signed("workflow_job", &job("queued", &["linux", "ARM64", "docker"], &named));
    for (job_names, expected) in
        [(true, JobNames::of(Some("Tests"), Some("main"))), (false, JobNames::default())]
    {
        let queue = RecordingQueue::default();
        let deployed = WebhookDeployment { job_names, ..deployed(DEFAULT_POOLS) };
        assert_eq!(answer_deployed(&queue, deployed, &request).status_code, 202);
        let message = serde_json::to_string(&queue.taken.borrow()[0]).unwrap();
        assert_eq!(queue.taken.borrow()[0].job_event.names, expected);
        assert_eq!(message.contains("Tests") || message.contains("main"), job_names, "{message}");
    }
}

#[test]
fn a_delivery_that_changes_no_job_is_answered_200_with_the_reason() {
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
        let queue = RecordingQueue::default();
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
    let queue = RecordingQueue::default();
    let payload = job("in_progress", &["linux", "gpu"], &json!({"runner_id": 7, "runner_name": runner}));
    let response = answer(&queue, &signed("workflow_job", &payload));
    assert_eq!((response.status_code, body(&response).get("pool")), (202, None));
    assert_eq!(queue.taken.borrow()[0].job_event.pool, None);
}

#[test]
fn of_a_job_that_no_pool_serves_only_the_start_and_the_end_are_queued() {
    let elsewhere = json!({"runner_id": 5, "runner_name": "GitHub Actions 5"});
    let (gone, hosted) = (&["linux", "fargate-gone"][..], &["ubuntu-latest"][..]);
    for (action, labels, more, status, why) in [
        ("queued", gone, json!({}), 200, "nothing is launched for it"),
        ("in_progress", gone, json!({}), 202, "another system's runner took it: it no longer waits"),
        ("completed", gone, json!({}), 202, "it was cancelled while it waited"),
        ("queued", hosted, json!({}), 200, "GitHub's own"),
        ("in_progress", hosted, elsewhere.clone(), 202, "its name may be that of a runner of ours"),
        ("completed", hosted, elsewhere.clone(), 202, "the same"),
        ("queued", &[], json!({}), 200, "its owner is unknown"),
        ("in_progress", &[], elsewhere.clone(), 202, "its owner is unknown"),
        ("completed", &[], elsewhere, 202, "the same"),
        ("completed", &[], json!({"labels": null}), 202, "no labels, not even an empty list"),
        ("completed", &[], json!({"labels": [null, null]}), 202, "labels that are none"),
        ("in_progress", gone, json!({"labels": ["gpu", null]}), 202, "one that is none beside another"),
    ] {
        let queue = RecordingQueue::default();
        let payload = job(action, labels, &more);
        let response = answer(&queue, &signed("workflow_job", &payload));
        assert_eq!(response.status_code, status, "{why}");
        let taken = queue.taken.into_inner();
        let pools: Vec<_> = taken.into_iter().map(|message| message.job_event.pool).collect();
        assert_eq!(pools, vec![None; usize::from(status == 202)], "{why}");
    }
}

/// The first that somebody sees who makes the webhook.
#[test]
fn a_ping_says_whether_the_webhook_is_as_it_has_to_be() {
    let hook = |events: Value| json!({"zen": "Design for failure.", "hook": {"events": events}}).to_string();
    for (payload, status, says) in [
        (hook(json!(["workflow_job"])), 200, "ping received; Mayfly listens"),
        (hook(json!(["*"])), 200, "ping received; Mayfly listens"),
        (hook(Value::Null), 200, "ping received; Mayfly listens"),
        (
            hook(json!(["push"])),
            200,
            "ping received, but the webhook does not send workflow_job: choose the event \"Workflow jobs\"",
        ),
        (
            "payload=%7B%22zen%22%3A%22Design+for+failure.%22%7D".to_owned(),
            400,
            "the body is a form; set the webhook's content type to application/json",
        ),
        (
            "{".to_owned(),
            400,
            "the payload does not read as ping: EOF while parsing an object at line 1 column 1",
        ),
    ] {
        let response = answer(&RecordingQueue::default(), &signed("ping", &payload));
        assert_eq!(
            (response.status_code, body(&response)["message"].as_str()),
            (status, Some(says)),
            "{payload}"
        );
    }
}

#[test]
fn an_unverified_body_is_answered_401_and_goes_nowhere() {
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
        let queue = RecordingQueue::default();
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
fn the_bytes_are_read_as_sent_whatever_their_encoding_and_the_case_of_headers() {
    let payload = job("queued", &["linux"], &json!({"name": "überall ✓"}));
    let signature = sign(&SECRET.into(), payload.as_bytes());
    let headers = [
        ("X-GitHub-Event", "workflow_job"),
        ("X-GITHUB-DELIVERY", "guid-1"),
        ("X-Hub-Signature-256", &*signature),
    ];
    for (body, is_base64) in [(payload.clone(), false), (STANDARD.encode(&payload), true)] {
        let response = answer(&RecordingQueue::default(), &request(&headers, &body, is_base64));
        assert_eq!(response.status_code, 202, "base64: {is_base64}");
    }
    let broken = answer(&RecordingQueue::default(), &request(&headers, "no base64!", true));
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
        let response = answer(&RecordingQueue::default(), &request);
        let message = body(&response)["message"].as_str().unwrap().to_owned();
        assert_eq!(response.status_code, 400, "{message}");
        assert!(message.contains(says), "{message:?} does not say {says:?}");
    }
}

#[test]
fn a_body_over_the_limit_is_answered_413_unread() {
    for (length, status) in [(BODY_LIMIT, 401), (BODY_LIMIT + 1, 413)] {
        let plain = request(&[], &" ".repeat(length), false);
        let encoded = request(&[], &STANDARD.encode(" ".repeat(length)), true);
        for request in [plain, encoded] {
            let response = answer(&RecordingQueue::default(), &request);
            assert_eq!(response.status_code, status, "{length} bytes, base64: {}", request.is_base64_encoded);
        }
    }
}

#[test]
fn while_the_queue_is_down_the_answer_is_503_never_2xx() {
    let queue = RecordingQueue { down: true, ..RecordingQueue::default() };
    let response = answer(&queue, &signed("workflow_job", &job("queued", &["linux"], &json!({}))));
    assert_eq!(response.status_code, 503);
    assert_eq!(body(&response)["message"], "the queue did not take the event; redeliver it");
}
