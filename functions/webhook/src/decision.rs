//! What a proven delivery asks for: an event on the queue, or nothing, and why.

use fleet::ledger::{JobAction, JobEvent};
use fleet::routing::{Unserved, route};
use fleet::{JobId, PoolMap};
use github::delivery::DeliveryError;
use github::workflow_job::EVENT;
use github::{Action, Verified, WorkflowJobPayload};

/// What to do with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Put it on the queue.
    Enqueue {
        /// What is put there.
        event: JobEvent,
        /// Whether GitHub says by it that the job begins to wait.
        begins_to_wait: bool,
    },
    /// Nothing, though this job waits for a runner: no pool is one for it, for this reason.
    Unserved(JobId, String),
    /// Nothing, for this reason.
    Ignore(String),
}

/// Decides on one delivery.
pub(crate) fn decide(delivery: &Verified<'_>, pools: &PoolMap) -> Result<Decision, DeliveryError> {
    match delivery.event()? {
        EVENT => Ok(of_job(delivery.payload(EVENT)?, pools)),
        "ping" => Ok(Decision::Ignore("ping received; Mayfly listens".to_owned())),
        other => {
            let other = shortened(other);
            Ok(Decision::Ignore(format!("the event {other} is not for Mayfly; it takes {EVENT}")))
        }
    }
}

/// Decides on one job event.
///
/// One that says that a job is in progress, and at no runner, is taken for a job that waits: somebody
/// works on it, whom the ledger takes for idle, so demand and supply are both still counted.
///
/// An event of a job that no pool serves goes to the queue all the same if it names a runner of ours,
/// or if it tells of more than that the job waits: the pool may have left the map since then.
fn of_job(payload: WorkflowJobPayload, pools: &PoolMap) -> Decision {
    let action = match payload.action {
        Action::Queued => JobAction::Queued,
        Action::InProgress => JobAction::InProgress,
        Action::Completed => JobAction::Completed,
        Action::Waiting => {
            return Decision::Ignore("the job waits for an approval; it asks for a runner later".to_owned());
        }
        Action::Other(other) => {
            return Decision::Ignore(format!("the action {} moves no job", shortened(&other)));
        }
    };
    let runner = payload.runner.as_ref().and_then(github::workflow_job::NamedRunner::ours);
    let pool = match route(pools, &payload.labels) {
        Ok(pool) => Some(pool.name.clone()),
        Err(_) if runner.is_some() => None,
        Err(Unserved::NoPool { .. }) if action != JobAction::Queued => None,
        Err(unserved) if action == JobAction::Queued && !matches!(unserved, Unserved::GithubHosted(_)) => {
            return Decision::Unserved(payload.job, unserved.to_string());
        }
        Err(unserved) => return Decision::Ignore(unserved.to_string()),
    };
    let is_nameless = action == JobAction::InProgress && payload.runner.is_none();
    let event = JobEvent {
        action: if is_nameless { JobAction::Queued } else { action },
        job: payload.job,
        pool,
        repository: payload.repository,
        labels: payload.labels,
        runner,
        may_not_have_run: payload.may_not_have_run,
        created_at: payload.created_at,
    };
    Decision::Enqueue { event, begins_to_wait: action == JobAction::Queued }
}

/// Words of the sender's own are repeated, but not at any length.
fn shortened(word: &str) -> String {
    word.chars().take(100).collect()
}
