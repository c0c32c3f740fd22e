//! What senders send: too little, from whose repository, and at what length.

use fleet::pools::DEFAULT_POOLS;
use serde_json::{Value, json};

use crate::stage::{RecordingQueue, answer, answer_of, body, job, signed};

#[test]
fn a_delivery_that_lacks_something_is_answered_200_and_names_it() {
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
        let queue = RecordingQueue::default();
        let response = answer(&queue, &signed("workflow_job", &payload));
        assert_eq!(
            (response.status_code, body(&response)["message"].as_str()),
            (200, Some(says)),
            "{payload}"
        );
        assert!(queue.taken.borrow().is_empty(), "{payload}");
    }
}

/// Only the repository's name decides, whatever else the payload says.
#[test]
fn a_job_of_another_owners_repository_is_answered_200_and_goes_nowhere() {
    for (repository, belongs) in [
        ("octo-org/storefront", true),
        ("Octo-ORG/storefront", true),
        ("hubot/storefront", false),
        ("octo-org2/storefront", false),
        ("octo-org", false),
    ] {
        for action in ["queued", "waiting", "in_progress", "completed", "dreaming"] {
            let queue = RecordingQueue::default();
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
fn only_pools_that_take_public_repositories_serve_their_jobs() {
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
        let queue = RecordingQueue::default();
        let response = answer(&queue, &signed("workflow_job", &payload("queued", repository.clone())));
        assert_eq!(response.status_code, if is_public { 200 } else { 202 }, "{repository}");
        assert_eq!(body(&response)["message"] == says, is_public, "{repository}: {:?}", response.body);
        // A start or an end is recorded all the same.
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
    let response = answer_of(&RecordingQueue::default(), &pools, &signed("workflow_job", &public));
    assert_eq!((response.status_code, &body(&response)["pool"]), (202, &json!("ec2-x64")));
}

/// Anyone who can write a workflow chooses its words.
#[test]
fn whatever_a_sender_sends_the_answer_and_the_log_stay_short_and_the_queue_takes_the_message() {
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
        let queue = RecordingQueue::default();
        let (response, recorded) = kit::recording::record(|| answer(&queue, &signed(event, &payload)));
        let answered = response.body.as_deref().unwrap();
        assert!(answered.chars().count() < 500, "{} characters: {answered}", answered.chars().count());
        assert!(!answered.contains("\\u001b"), "{answered}");
        let longest = recorded.log.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest < 1_000, "{longest} characters: {}", recorded.log);
        // SQS, "Amazon SQS message quotas": for many years a message could have 256 KiB at most.
        let message = queue.taken.borrow().first().map(|it| serde_json::to_string(it).unwrap().len());
        assert!(message.unwrap_or(0) < 128 * 1024, "{message:?} bytes");
    }
    let commas = job("queued", &["self-hosted, linux, x64"], &json!({}));
    let response = answer(&RecordingQueue::default(), &signed("workflow_job", &commas));
    assert_eq!(
        body(&response)["message"],
        "no pool serves \"self-hosted, linux, x64\"; fargate-x64 lacks \"self-hosted, linux, x64\"; that is \
         one label with commas: write labels as a YAML list"
    );
}
