//! What a proven delivery asks for: an event on the queue, or nothing, and why.

use fleet::ledger::{JobAction, JobEvent};
use fleet::routing::{Unserved, route};
use fleet::{JobId, PoolMap, quote};
use github::delivery::DeliveryError;
use github::workflow_job::{EVENT, NamedRunner};
use github::{Verified, WorkflowJobAction, WorkflowJobDelivery, WorkflowJobPayload};

use crate::metrics::{NO_POOL, PUBLIC_REPOSITORY};
use crate::settings::WebhookDeployment;

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
    /// Nothing, though this job waits for a runner of ours.
    Unserved {
        /// The job.
        job: JobId,
        /// What it is counted as.
        counted_as: &'static str,
        /// Why none of ours serves it.
        why: String,
    },
    /// Nothing: its repository belongs to another owner.
    Foreign(String),
    /// Nothing: it says too little to do anything.
    Empty(String),
    /// Nothing, for this reason.
    Ignore(String),
}

/// Decides on one delivery.
pub(crate) fn decide(
    delivery: &Verified<'_>,
    deployed: &WebhookDeployment,
) -> Result<Decision, DeliveryError> {
    match delivery.event()? {
        EVENT => Ok(match delivery.payload(EVENT)? {
            WorkflowJobDelivery::Job(payload) => of_job(payload, deployed),
            WorkflowJobDelivery::Nothing(absent) => Decision::Empty(format!("the payload has no {absent}")),
        }),
        "ping" => Ok(Decision::Ignore("ping received; Mayfly listens".to_owned())),
        other => {
            let other = quote::name(other);
            Ok(Decision::Ignore(format!("the event {other} is not for Mayfly; it takes {EVENT}")))
        }
    }
}

/// Decides on one job event of the organisation's.
///
/// Whose it is, the repository's name says, and not the payload's `installation`: GitHub has sent payloads of one
/// App to the hook of another (runs-on/runs-on#509). Nothing is written of another owner's repository
/// down, not even an end: nothing was begun.
fn of_job(payload: WorkflowJobPayload, deployed: &WebhookDeployment) -> Decision {
    let WebhookDeployment { organisation, pools } = deployed;
    if !payload.repository.belongs_to(organisation) {
        let repository = quote::name(payload.repository.as_str());
        return Decision::Foreign(format!("{repository} does not belong to {organisation}"));
    }
    match payload.action {
        WorkflowJobAction::Queued => of_waiting(payload, pools),
        WorkflowJobAction::InProgress => of_begun(payload, JobAction::InProgress, pools),
        WorkflowJobAction::Completed => of_begun(payload, JobAction::Completed, pools),
        WorkflowJobAction::Waiting => {
            Decision::Ignore("the job waits for an approval; it asks for a runner later".to_owned())
        }
        WorkflowJobAction::Other(other) => {
            Decision::Ignore(format!("the action {} moves no job", quote::name(&other)))
        }
    }
}

/// Decides on a job that waits for a runner. One that no pool serves launches nothing; whether somebody is to be
/// told depends on whether it was meant for us.
fn of_waiting(payload: WorkflowJobPayload, pools: &PoolMap) -> Decision {
    let pool = match route(pools, &payload.labels, payload.is_public) {
        Ok(pool) => pool.name.clone(),
        Err(unserved @ Unserved::NoLabels) => return Decision::Empty(unserved.to_string()),
        Err(unserved) if unserved.is_ours() => {
            let is_public = matches!(unserved, Unserved::PublicRepository(_));
            let counted_as = if is_public { PUBLIC_REPOSITORY } else { NO_POOL };
            return Decision::Unserved { job: payload.job, counted_as, why: unserved.to_string() };
        }
        Err(unserved) => return Decision::Ignore(unserved.to_string()),
    };
    let runner = ours(&payload);
    let event = JobEvent { pool: Some(pool), runner, ..event(payload, JobAction::Queued) };
    Decision::Enqueue { event, begins_to_wait: true }
}

/// Decides on a job that has begun or ended: it is written down whatever its labels are and whether or not
/// anybody knows it, so that a `queued` that comes late counts nothing.
///
/// One that is in progress at no runner is taken for a job that waits, where a pool serves it: somebody
/// works on it, whom the ledger takes for idle, so demand and supply are both still counted.
fn of_begun(payload: WorkflowJobPayload, action: JobAction, pools: &PoolMap) -> Decision {
    let pool = route(pools, &payload.labels, payload.is_public).ok().map(|pool| pool.name.clone());
    let is_nameless = action == JobAction::InProgress && payload.runner.is_none();
    let action = if is_nameless && pool.is_some() { JobAction::Queued } else { action };
    // The labels of a job that a pool serves are some of the pool's. Those of another one may be any.
    let labels = payload.labels.within_limits();
    let runner = ours(&payload);
    let event = JobEvent { pool, labels, runner, ..event(payload, action) };
    Decision::Enqueue { event, begins_to_wait: false }
}

/// The runner that the payload names, if it is one of ours by its name.
fn ours(payload: &WorkflowJobPayload) -> Option<fleet::ledger::JobRunner> {
    payload.runner.as_ref().and_then(NamedRunner::ours)
}

/// The event of a payload that was routed to no pool.
fn event(payload: WorkflowJobPayload, action: JobAction) -> JobEvent {
    JobEvent {
        action,
        job: payload.job,
        pool: None,
        repository: payload.repository,
        is_public: payload.is_public,
        labels: payload.labels,
        runner: None,
        may_not_have_run: payload.may_not_have_run,
        created_at: payload.created_at,
        accepted_at: None,
    }
}
