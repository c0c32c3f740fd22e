//! What a message of the queue says: a job's event from the webhook, or an AWS event from EventBridge.

use fleet::ledger::{Event, JobMessage, SettleMessage};
use fleet::{DeliveryId, InstanceId};
use metrics::counter;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tracing::warn;

use crate::interruption::{self, Warning};
use crate::metrics::{DETAIL_TYPE, KIND, UNKNOWN_EVENTS};
use crate::task_change::{self, TaskChange};

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadMessage {
    /// An event for the ledger, with the delivery that brought it; AWS events have none.
    Event(Event, Option<DeliveryId>),
    /// A pool is to be settled.
    Settle(SettleMessage),
    /// EC2 is about to interrupt an instance.
    Interruption(InstanceId),
    /// Nothing of concern.
    Nothing,
}

/// A message that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is not JSON, or does not have the form of its kind.
    #[error("the message does not read as {kind}: {error}")]
    Form {
        /// The kind that it should be.
        kind: &'static str,
        /// The problem, and where it is.
        error: serde_json::Error,
    },
}

/// What distinguishes messages: EventBridge's envelope, or the pool to settle. The webhook's messages have
/// neither.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    settle: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Detail<T> {
    detail: T,
}

/// Parses a message. An AWS event of an unknown kind is counted and dropped.
pub(crate) fn read(body: &str) -> Result<ReadMessage, MessageError> {
    let envelope: Envelope = json(body, "a message of Mayfly")?;
    match envelope.detail_type.as_deref() {
        None if envelope.settle.is_some() => Ok(ReadMessage::Settle(json(body, "a pool to settle")?)),
        None => {
            let message: JobMessage = json(body, "a job event")?;
            Ok(ReadMessage::Event(Event::Job(message.job_event), Some(message.delivery)))
        }
        Some(task_change::DETAIL_TYPE) => {
            let event: Detail<TaskChange> = json(body, task_change::DETAIL_TYPE)?;
            Ok(event
                .detail
                .into_event()
                .map_or(ReadMessage::Nothing, |event| ReadMessage::Event(event, None)))
        }
        Some(interruption::DETAIL_TYPE) => {
            let event: Detail<Warning> = json(body, interruption::DETAIL_TYPE)?;
            Ok(ReadMessage::Interruption(event.detail.instance_id))
        }
        Some(other) => {
            warn!(detail_type = other, "event of an unknown kind, dropped");
            counter!(UNKNOWN_EVENTS.name, KIND => DETAIL_TYPE).increment(1);
            Ok(ReadMessage::Nothing)
        }
    }
}

fn json<'a, T: Deserialize<'a>>(body: &'a str, kind: &'static str) -> Result<T, MessageError> {
    serde_json::from_str(body).map_err(|error| MessageError::Form { kind, error })
}

#[cfg(test)]
mod tests {
    use fleet::launch::{Ending, StopClass};
    use fleet::ledger::{JobAction, RunnerEvent};
    use serde_json::{Value, json};

    use super::*;

    const RUNNER: &str = "0123456789abcdefghjk";

    fn task_change(detail: &Value) -> String {
        json!({"version": "0", "source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail})
            .to_string()
    }

    #[test]
    fn the_webhooks_messages_are_job_events() {
        let body = json!({"delivery": "guid", "job_event": {
            "action": "queued", "job": 42, "pool": "ec2-x64", "repository": "octo-org/storefront",
            "labels": ["linux", "X64"], "runner": null, "created_at": null,
        }});
        let ReadMessage::Event(Event::Job(event), Some(delivery)) = read(&body.to_string()).unwrap() else {
            panic!("no job event")
        };
        assert_eq!((event.action, event.job.0, delivery.as_str()), (JobAction::Queued, 42, "guid"));
    }

    #[test]
    fn a_stopped_task_names_its_runner_and_the_reason() {
        for (detail, class, why) in [
            (
                json!({"stopCode": "EssentialContainerExited", "containers": [{"name": "runner", "exitCode": 0}]}),
                StopClass::Ended(Ending::Well),
                "done",
            ),
            (
                json!({"stopCode": "EssentialContainerExited", "containers": [{"name": "dockerd", "exitCode": 0}, {"name": "runner", "exitCode": 77}]}),
                StopClass::Ended(Ending::Failed),
                "no Docker",
            ),
            (
                json!({"stopCode": "TaskFailedToStart", "stoppedReason": "CannotPullContainerError"}),
                StopClass::Ended(Ending::Killed),
                "no image",
            ),
            (
                json!({"stoppedReason": "Your Spot Task was interrupted."}),
                StopClass::NoCapacity,
                "spot, without a code",
            ),
            (json!({"stopCode": "SomethingNew"}), StopClass::Ordinary, "a future code"),
            (
                json!({"stopCode": null, "stoppedReason": null, "containers": null, "stoppedAt": null}),
                StopClass::Ordinary,
                "nulls say nothing, and the task has stopped",
            ),
            (
                json!({"stopCode": "EssentialContainerExited", "containers": [{}, {"name": null, "exitCode": 1}, {"name": "runner", "exitCode": null}]}),
                StopClass::Ended(Ending::Killed),
                "containers without a name",
            ),
            (
                json!({"stoppedReason": "Task failed to start", "containers": [{"name": "runner", "reason": "CannotPullContainerError: manifest unknown"}]}),
                StopClass::Ended(Ending::Killed),
                "only the container says why",
            ),
        ] {
            let mut stopped = json!({"lastStatus": "STOPPED", "startedBy": RUNNER});
            stopped.as_object_mut().unwrap().extend(detail.as_object().cloned().unwrap());
            let ReadMessage::Event(Event::Runner(runner, RunnerEvent::TaskStopped(found, _, _)), None) =
                read(&task_change(&stopped)).unwrap()
            else {
                panic!("{why}: no stop")
            };
            assert_eq!((runner.as_str(), found), (RUNNER, class), "{why}");
        }
    }

    /// aws/amazon-ecs-agent#1187; its exit code may even be 0: aws/amazon-ecs-agent#2467.
    #[test]
    fn a_container_that_used_up_its_memory_is_in_the_log() {
        let killed = json!({
            "lastStatus": "STOPPED", "startedBy": RUNNER, "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "runner", "exitCode": 137,
                "reason": "OutOfMemoryError: Container killed due to memory usage"}],
        });
        let (read, recorded) = kit::recording::record(|| read(&task_change(&killed)).unwrap());
        assert!(matches!(read, ReadMessage::Event(..)));
        let said = "a container used up its memory and was killed: the pool needs a larger memory_mib";
        let lines = recorded.lines(said);
        assert_eq!(lines.len(), 1, "{}", recorded.log);
        assert_eq!(
            lines[0]["fields"]["reason"],
            "Essential container in task exited; runner: OutOfMemoryError: Container killed due to memory usage"
        );
    }

    #[test]
    fn a_spot_warning_names_the_instance_whatever_its_action() {
        for action in ["terminate", "stop", "hibernate", "something new"] {
            let detail = json!({"instance-id": "i-0123456789abcdef0", "instance-action": action});
            let body = json!({
                "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "detail": detail,
            });
            let expected = ReadMessage::Interruption(InstanceId::new("i-0123456789abcdef0"));
            assert_eq!(read(&body.to_string()).unwrap(), expected, "{action}");
        }
    }

    #[test]
    fn messages_of_no_concern_are_dropped() {
        for (body, why) in [
            (task_change(&json!({"lastStatus": "RUNNING", "startedBy": RUNNER})), "not stopped"),
            (task_change(&json!({"lastStatus": "STOPPED", "startedBy": "ecs-svc/1"})), "not ours"),
            (task_change(&json!({"lastStatus": "STOPPED"})), "started by nobody"),
            (task_change(&json!({"lastStatus": "STOPPED", "startedBy": null})), "the same"),
            (task_change(&json!({"lastStatus": null, "startedBy": RUNNER})), "no status"),
            (task_change(&json!({})), "nothing at all"),
            (
                json!({"detail-type": "EC2 Instance State-change Notification", "detail": {}}).to_string(),
                "another kind",
            ),
        ] {
            assert_eq!(read(&body).unwrap(), ReadMessage::Nothing, "{why}");
        }
    }

    #[test]
    fn a_broken_message_says_what_it_should_be() {
        for (body, says) in [
            ("", "a message of Mayfly: EOF"),
            ("{}", "a job event: missing field `delivery`"),
            (r#"{"detail-type":"ECS Task State Change"}"#, "ECS Task State Change: missing field `detail`"),
            (
                r#"{"detail-type":"EC2 Spot Instance Interruption Warning","detail":{}}"#,
                "EC2 Spot Instance Interruption Warning: missing field `instance-id`",
            ),
        ] {
            let error = read(body).unwrap_err().to_string();
            assert!(error.contains(says), "{error:?} does not say {says:?}");
        }
    }
}
