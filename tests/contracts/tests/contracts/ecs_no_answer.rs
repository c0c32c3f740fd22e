//! Our client of ECS and answers that ECS should not give, or no answer at all.

use std::net::TcpListener;
use std::time::Duration;

use aws::tasks::Tasks;
use aws_config::timeout::TimeoutConfig;
use contracts::ecs::{request, ticket};
use contracts::emulators::config;
use fleet::TaskArn;
use fleet::launch::{FailureClass, LaunchFailure};
use fleet::ports::{DescribeTasks as _, RunTask as _};

/// A server that gives every request the same answer of ECS's protocol.
fn canned(status: u16, body: String) -> String {
    contracts::canned::serve(status, "application/x-amz-json-1.1", body)
}

fn tasks(url: &str) -> Tasks {
    Tasks::new(&config(url))
}

async fn run(url: &str) -> LaunchFailure {
    tasks(url).run_task(&request("fargate-x64", 1)).await.unwrap_err()
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_tried_again_later() {
    for (status, body, why) in [
        (200, "{}", "neither task nor failure"),
        (200, r#"{"tasks": [], "failures": []}"#, "neither task nor failure"),
        (200, r#"{"failures": [{"detail": "who knows"}]}"#, "a failure without a reason"),
        (400, r#"{"__type": "ConflictException", "message": "whose?"}"#, "a conflict that names no task"),
        (400, "{}", "an error without a code"),
        (502, "<html>Bad Gateway</html>", "no answer of ECS"),
    ] {
        let failure = run(&canned(status, body.to_owned())).await;
        assert_eq!(failure.class, FailureClass::Later, "{why}: {failure}");
        assert!(!failure.reason.is_empty(), "{why}");
    }
}

#[tokio::test]
async fn a_failures_detail_is_told() {
    let body = r#"{"failures": [{"reason": "RESOURCE:CPU", "detail": "of no instance"}]}"#;
    assert_eq!(run(&canned(200, body.to_owned())).await.reason, "RESOURCE:CPU: of no instance");
    let body = r#"{"failures": [{"arn": "arn:of-one", "reason": "ATTRIBUTE"}, {"arn": "arn:of-two", "reason": "AGENT"}]}"#;
    let failure = run(&canned(200, body.to_owned())).await;
    assert_eq!(
        (failure.class, &*failure.reason),
        (FailureClass::Later, "AGENT"),
        "each instance has an entry"
    );
}

#[tokio::test]
async fn a_container_says_why_its_task_stopped_where_the_task_does_not() {
    let body = r#"{"tasks": [{"taskArn": "arn:t", "lastStatus": "STOPPED", "stopCode": "TaskFailedToStart",
        "stoppedReason": "Task failed to start",
        "containers": [{"name": "runner", "reason": "CannotPullContainerError: manifest unknown"}]}], "failures": []}"#;
    let ecs = tasks(&canned(200, body.to_owned()));
    let found = ecs.describe_tasks("mayfly_fargate", &[TaskArn::new("arn:t")]).await.unwrap();
    let reason = found[0].stop.as_ref().map(|stop| &*stop.reason);
    assert_eq!(reason, Some("Task failed to start; runner: CannotPullContainerError: manifest unknown"));
}

#[tokio::test]
async fn no_server_and_a_slow_one_are_tried_again_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(20)).build();
    let impatient = config(&url).into_builder().timeout_config(timeouts).build();
    let slow = Tasks::new(&impatient).run_task(&request("fargate-x64", 1)).await.unwrap_err();
    assert_eq!(slow.class, FailureClass::Later, "{slow}");
    drop(listener);
    let refused = run(&url).await;
    assert_eq!(refused.class, FailureClass::Later, "{refused}");
}

#[tokio::test]
async fn no_errors_text_has_the_ticket() {
    let asked = request("fargate-x64", 1);
    let ticket = ticket(&asked);
    let broken = format!(r#"{{"tasks": [{{"taskArn": 7, "overrides": "{ticket}"}}]}}"#);
    let quoting = format!(r#"{{"__type": "InvalidParameterException", "message": "{ticket} is too long"}}"#);
    for (status, body) in [(200, broken.clone()), (200, ticket.to_owned()), (400, quoting), (500, broken)] {
        let url = canned(status, body.clone());
        let failure = run(&url).await;
        assert!(!failure.reason.contains(ticket), "{body}: {}", failure.reason);
        let described = tasks(&url).describe_tasks("mayfly_fargate", &[TaskArn::new("arn")]).await;
        if let (Err(error), 200 | 500) = (described, status) {
            assert!(!error.to_string().contains(ticket), "{body}: {error}");
        }
    }
}
