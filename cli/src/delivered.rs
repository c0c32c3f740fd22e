//! The result of one delivery, in one form, whether it was replayed here or posted to a deployed function.

use fleet::{Architecture, JobId, RunnerId, TaskArn};
use github::WorkflowJobDelivery;
use serde::Serialize;
use serde_json::Value;

use crate::delivery_file::DeliveryFile;

/// The webhook's answer to an event that goes on the queue.
pub const ACCEPTED: i64 = 202;

/// How many characters to keep of an answer that is not the webhook's own, for example a proxy's page.
const FOREIGN_ANSWER: usize = 200;

/// The result of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The file's name without its ending.
    pub name: String,
    /// The event, with its action if it has one.
    pub event: String,
    /// The job, if it has one.
    pub job: Option<JobId>,
    /// The status of the webhook's answer.
    pub status: i64,
    /// The message of the webhook's answer.
    pub message: String,
    /// The pool that the webhook's answer names.
    pub pool: Option<String>,
    /// The task that was started for its job, or that ran it. A delivery posted to a deployed function has
    /// none.
    pub tasks: Vec<StartedTask>,
}

/// A task of a delivery's job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartedTask {
    /// Its ARN.
    pub arn: TaskArn,
    /// Its runner.
    pub runner: RunnerId,
    /// Its architecture.
    pub architecture: Architecture,
    /// Its capacity provider.
    pub capacity_provider: String,
}

impl Delivered {
    /// A delivery with this answer, without a task yet.
    pub fn answered(source: &DeliveryFile, status: i64, body: &str) -> Self {
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |field: &str| answer.get(field).and_then(Value::as_str).map(str::to_owned);
        let payload = serde_json::from_value(source.payload.clone()).ok().and_then(WorkflowJobDelivery::job);
        let action = source.payload.get("action").and_then(Value::as_str);
        Self {
            name: source.name.clone(),
            event: [Some(source.event.as_str()), action].into_iter().flatten().collect::<Vec<_>>().join(" "),
            job: payload.map(|payload| payload.job),
            status,
            message: text("message").unwrap_or_else(|| body.chars().take(FOREIGN_ANSWER).collect()),
            pool: text("pool"),
            tasks: Vec::new(),
        }
    }

    /// Whether it went on the queue.
    pub fn is_accepted(&self) -> bool {
        self.status == ACCEPTED
    }

    /// Whether it asked for a runner and was accepted.
    pub fn asks(&self) -> bool {
        self.is_accepted() && self.event == "workflow_job queued"
    }
}
