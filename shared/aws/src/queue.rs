//! The queue from the webhook to the launcher on SQS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use fleet::Repository;
use fleet::ledger::{JobMessage, SettleMessage};
use fleet::ports::{QueueError, SendMessage, SendSettle};
use serde::Serialize;
use tracing::warn;

use crate::error::error_text;

/// Longest `MessageGroupId` that SQS takes.
const GROUP_LIMIT: usize = 128;

/// Longest `DelaySeconds` that SQS takes.
const LONGEST_DELAY: u64 = 900;

/// The queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue of this URL.
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }

    /// Opens the connection to SQS. A queue that is not there shows in the log at boot, not with the
    /// first job.
    pub async fn warm_up(&self) {
        let attributes = self.client.get_queue_attributes().queue_url(&self.url);
        if let Err(error) = attributes.attribute_names(QueueAttributeName::QueueArn).send().await {
            warn!(error = error_text(&error), "the queue does not answer");
        }
    }
}

impl SendMessage for SqsQueue {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        self.send(message, group(&message.job_event.repository), Duration::ZERO).await
    }
}

impl SendSettle for SqsQueue {
    async fn send_settle(&self, message: &SettleMessage, delay: Duration) -> Result<(), QueueError> {
        self.send(message, Some(format!("settle/{}", message.settle)), delay).await
    }
}

impl SqsQueue {
    async fn send(
        &self,
        message: &impl Serialize,
        group: Option<String>,
        delay: Duration,
    ) -> Result<(), QueueError> {
        let body = serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?;
        let request = self.client.send_message().queue_url(&self.url).message_body(body);
        let request = request.set_message_group_id(group).set_delay_seconds(seconds(delay));
        request.send().await.map(drop).map_err(|error| QueueError(error_text(&error)))
    }
}

/// A delay in whole seconds, as SQS takes it: the next one, and none for none.
fn seconds(delay: Duration) -> Option<i32> {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds.min(LONGEST_DELAY)).ok().filter(|seconds| *seconds > 0)
}

/// The group whose messages SQS takes turns with other groups' (on a standard queue: "fair queues"),
/// so that one repository's burst does not delay the others. It orders nothing.
///
/// GitHub's names are letters, digits, `-`, `_`, `.` and the `/` between owner and repository, all of
/// which a group's name may have. They can be longer, 39 and 100 characters: where only what is cut
/// off tells two repositories apart, they share their turn.
fn group(repository: &Repository) -> Option<String> {
    let allowed = repository.as_str().chars().filter(char::is_ascii_graphic);
    let group: String = allowed.take(GROUP_LIMIT).collect();
    (!group.is_empty()).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_rounded_up_to_what_sqs_takes() {
        for (milliseconds, expected) in [(0, None), (1, Some(1)), (1_000, Some(1)), (1_001, Some(2))] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), expected);
        }
        assert_eq!(seconds(Duration::from_hours(1)), Some(900));
    }

    #[test]
    fn a_repository_is_a_group_that_sqs_takes() {
        let longest = format!("{}/{}", "o".repeat(39), "n".repeat(100));
        for (repository, expected, why) in [
            ("octo-org/store.front_2", Some("octo-org/store.front_2"), "every character of GitHub's"),
            (&longest, Some(&longest[..GROUP_LIMIT]), "cut"),
            ("octo-org/läden 2", Some("octo-org/lden2"), "GitHub has no such names; SQS would refuse them"),
            ("", None, "no repository"),
        ] {
            assert_eq!(group(&Repository::new(repository)).as_deref(), expected, "{why}");
        }
    }
}
