//! The "ECS Task State Change" event, in EventBridge's envelope.

use fleet::launch::RUNNER_CONTAINER;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Task;

/// The event of a task's present state.
pub fn task_state_change(task: &Task, now: Timestamp) -> Value {
    let stop = task.stop.as_ref();
    let mut container = json!({"name": RUNNER_CONTAINER, "lastStatus": task.status});
    if let (Some(code), Some(fields)) = (stop.and_then(|stop| stop.exit_code), container.as_object_mut()) {
        fields.insert("exitCode".to_owned(), code.into());
    }
    json!({
        "version": "0",
        "id": format!("{}-{}", task.request.started_by, task.status),
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "123456789012",
        "time": now,
        "region": "us-east-1",
        "resources": [task.arn],
        "detail": {
            "taskArn": task.arn,
            "clusterArn": format!("arn:aws:ecs:us-east-1:123456789012:cluster/{}", task.request.cluster),
            "capacityProviderName": task.capacity_provider(),
            "lastStatus": task.status,
            "desiredStatus": if stop.is_some() { "STOPPED" } else { "RUNNING" },
            "startedBy": task.request.started_by,
            "stopCode": stop.map(|stop| stop.code),
            "stoppedReason": stop.map(|stop| &stop.reason),
            "containers": [container],
            "version": task.status as u8 + 1,
        },
    })
}
