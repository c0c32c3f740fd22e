//! Events of ECS and of EC2, in EventBridge's envelope.

use fleet::InstanceId;
use fleet::launch::RUNNER_CONTAINER;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Task;

/// The event "ECS Task State Change" of a task's present state.
pub fn task_state_change(task: &Task, now: Timestamp) -> Value {
    let (stop, times) = (task.stop.as_ref(), task.times());
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
            "desiredStatus": task.desired_status(),
            "startedBy": task.request.started_by,
            "createdAt": times.created_at,
            "pullStartedAt": times.pull_started_at,
            "pullStoppedAt": times.pull_stopped_at,
            "startedAt": times.started_at,
            "stoppedAt": times.stopped_at,
            "stopCode": stop.map(|stop| stop.code),
            "stoppedReason": stop.map(|stop| &stop.reason),
            "containers": [container],
            "version": task.status as u8 + 1,
        },
    })
}

/// The event "EC2 Spot Instance Interruption Warning": the instance is gone two minutes later.
pub fn interruption_warning(instance: &InstanceId, now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": format!("warning-{instance}"),
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "source": "aws.ec2",
        "account": "123456789012",
        "time": now,
        "region": "us-east-1",
        "resources": [format!("arn:aws:ec2:us-east-1a:instance/{instance}")],
        "detail": {"instance-id": instance, "instance-action": "terminate"},
    })
}
