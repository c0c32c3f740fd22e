//! A task in the protocol's shape.

use fleet::launch::RUNNER_CONTAINER;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use sandbox::ecs::{Task, TaskStatus};

/// What an answer tells only if it is asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Tags,
}

/// A task as ECS describes it. What it has not is left out, as ECS leaves it out.
pub(super) fn task_shape(task: &Task, include: Include) -> Value {
    let request = &task.request;
    let stop = task.stop.as_ref();
    let fargate = is_fargate(task);
    let tags = (include == Include::Tags).then_some(&request.tags);
    with_values(json!({
        "taskArn": task.arn,
        "clusterArn": format!("arn:aws:ecs:us-east-1:123456789012:cluster/{}", request.cluster),
        "taskDefinitionArn": task_definition_arn(&request.task_definition),
        "group": format!("family:{}", family(&request.task_definition)),
        "capacityProviderName": task.capacity_provider(),
        "launchType": launch_type(task),
        "platformFamily": fargate.then_some("Linux"),
        "platformVersion": fargate.then_some("1.4.0"),
        "containerInstanceArn": task.container_instance,
        "availabilityZone": (task.status > TaskStatus::Provisioning).then_some("us-east-1a"),
        "attributes": [{"name": "ecs.cpu-architecture", "value": task.architecture.to_string()}],
        "attachments": [],
        "containers": [container(task)],
        "overrides": request.overrides,
        "startedBy": request.started_by,
        "lastStatus": task.status,
        "desiredStatus": task.desired_status(),
        "createdAt": seconds(task.started_at),
        "pullStartedAt": task.pull_started_at.map(seconds),
        "pullStoppedAt": task.times().pull_stopped_at.map(seconds),
        "startedAt": task.times().started_at.map(seconds),
        "stoppedAt": task.stopped_at.map(seconds),
        "stopCode": stop.map(|stop| stop.code),
        "stoppedReason": stop.map(|stop| &stop.reason),
        "tags": tags,
        "version": task.status as u8 + 1,
    }))
}

fn container(task: &Task) -> Value {
    let status = match task.status {
        TaskStatus::Provisioning => TaskStatus::Pending,
        other => other,
    };
    with_values(json!({
        "containerArn": task.arn.as_str().replacen(":task/", ":container/", 1) + "/" + RUNNER_CONTAINER,
        "taskArn": task.arn,
        "name": RUNNER_CONTAINER,
        "lastStatus": status,
        "exitCode": task.stop.as_ref().and_then(|stop| stop.exit_code),
    }))
}

/// ECS's `launchType` of a task.
pub(super) fn launch_type(task: &Task) -> &'static str {
    if is_fargate(task) { "FARGATE" } else { "EC2" }
}

fn is_fargate(task: &Task) -> bool {
    matches!(task.capacity_provider(), "FARGATE" | "FARGATE_SPOT")
}

/// The family of a task definition, which is named by an ARN, a family with its revision, or a family.
pub(super) fn family(name: &str) -> &str {
    let revision = name.rsplit_once('/').map_or(name, |(_, revision)| revision);
    revision.split_once(':').map_or(revision, |(family, _)| family)
}

/// The ARN of a task definition; a family alone is its first revision.
pub(super) fn task_definition_arn(name: &str) -> String {
    match name {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        revision if revision.contains(':') => {
            format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{revision}")
        }
        family => format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{family}:1"),
    }
}

/// The protocol writes a time as seconds since 1970.
fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// Leaves out the fields that are null.
fn with_values(fields: Value) -> Value {
    match fields {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
