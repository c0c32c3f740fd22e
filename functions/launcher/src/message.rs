//! What a message of the queue says: a job's event from the webhook, or an event of AWS by
//! EventBridge.

use fleet::ledger::{Event, JobMessage};
use serde::Deserialize;
use tracing::info;

use crate::task_change::{self, TaskChange};

/// A message that can not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is no JSON, or not of the form that its kind has.
    #[error("the message does not read as {kind}: {error}")]
    Form {
        /// What it should be.
        kind: &'static str,
        /// What is wrong, and where.
        error: serde_json::Error,
    },
}

/// EventBridge's envelope; the webhook's messages have none.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
}

#[derive(Deserialize)]
struct Detail<T> {
    detail: T,
}

/// Reads a message. `None` for one that says nothing to the ledger.
pub(crate) fn read(body: &str) -> Result<Option<Event>, MessageError> {
    let envelope: Envelope = json(body, "a message of Mayfly")?;
    match envelope.detail_type.as_deref() {
        None => json(body, "a job event").map(|message: JobMessage| Some(Event::Job(message.job_event))),
        Some(task_change::DETAIL_TYPE) => {
            json(body, task_change::DETAIL_TYPE).map(|event: Detail<TaskChange>| event.detail.into_event())
        }
        Some(other) => {
            info!(detail_type = other, "event of another kind, dropped");
            Ok(None)
        }
    }
}

fn json<'a, T: Deserialize<'a>>(body: &'a str, kind: &'static str) -> Result<T, MessageError> {
    serde_json::from_str(body).map_err(|error| MessageError::Form { kind, error })
}
