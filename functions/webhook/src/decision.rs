//! What a verified delivery leads to: an event on the queue, or nothing, and why.

use fleet::ledger::{JobAction, JobEvent, JobNames};
use fleet::routing::{Unserved, route};
use fleet::{JobId, PoolMap, quote};
use github::delivery::DeliveryError;
use github::ping::{PING, Ping};
use github::workflow_job::{EVENT, NamedRunner};
use github::{Verified, WorkflowJobAction, WorkflowJobDelivery, WorkflowJobPayload};

use crate::metrics::{NO_POOL, PUBLIC_REPOSITORY};
use crate::settings::WebhookDeployment;

/// What to do with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Put it on the queue.
    Enqueue {
        /// The message.
        event: JobEvent,
        /// Whether it says that the job begins to wait.
        begins_to_wait: bool,
    },
    /// Nothing, although this job waits for a runner of ours.
    Unserved {
        /// The job.
        job: JobId,
        /// Its reason in metrics.
        counted_as: &'static str,
        /// Why no pool of ours serves it.
        why: String,
    },
    /// Nothing: its repository belongs to another owner.
    Foreign(String),
    /// Nothing: the payload lacks something that is needed.
    Empty(String),
    /// Nothing, for this reason.
    Ignore(String),
}

/// Decides about one delivery.
pub(crate) fn decide(
    delivery: &Verified<'_>,
    deployed: &WebhookDeployment,
) -> Result<Decision, DeliveryError> {
    match delivery.event()? {
        EVENT => Ok(match delivery.payload(EVENT)? {
            WorkflowJobDelivery::Job(payload) => of_job(payload, deployed),
            WorkflowJobDelivery::Nothing(absent) => Decision::Empty(format!("the payload has no {absent}")),
        }),
        PING => Ok(Decision::Ignore(of_ping(&delivery.payload(PING)?))),
        other => {
            let other = quote::name(other);
            Ok(Decision::Ignore(format!("the event {other} is not for Mayfly; it takes {EVENT}")))
        }
    }
}

/// The answer to a new webhook. It names at once what would go wrong with every job.
fn of_ping(ping: &Ping) -> String {
    if ping.sends_jobs() {
        "ping received; Mayfly listens".to_owned()
    } else {
        format!("ping received, but the webhook does not send {EVENT}: choose the event \"Workflow jobs\"")
    }
}

/// Decides about one job event of the organisation.
///
/// Only the repository's name shows whose job it is, not the payload's `installation`: GitHub has sent
/// payloads of one App to another App's hook (runs-on/runs-on#509). Nothing is recorded for another owner's
/// repository, not even an end, because no start was.
fn of_job(payload: WorkflowJobPayload, deployed: &WebhookDeployment) -> Decision {
    let WebhookDeployment { organisation, pools, job_names } = deployed;
    if !payload.repository.belongs_to(organisation) {
        let repository = quote::name(payload.repository.as_str());
        return Decision::Foreign(format!("{repository} does not belong to {organisation}"));
    }
    let names = if *job_names { payload.names.clone() } else { JobNames::default() };
    let payload = WorkflowJobPayload { names, ..payload };
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

/// Decides about a job that waits for a runner. If no pool serves it, nothing is launched. Whether that
/// raises an alarm depends on whether the job was meant for us.
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

/// Decides about a job that has begun or ended. It is recorded whatever its labels are, and even if it is
/// unknown, so that a late `queued` counts nothing.
///
/// A job that is in progress without a runner counts as waiting, if a pool serves it: a runner that the
/// ledger takes for idle is working on it, so demand and supply both still count.
fn of_begun(payload: WorkflowJobPayload, action: JobAction, pools: &PoolMap) -> Decision {
    let pool = route(pools, &payload.labels, payload.is_public).ok().map(|pool| pool.name.clone());
    let is_nameless = action == JobAction::InProgress && payload.runner.is_none();
    let action = if is_nameless && pool.is_some() { JobAction::Queued } else { action };
    // A job that a pool serves has only labels of that pool. Any other job may have any labels.
    let labels = payload.labels.within_limits();
    let runner = ours(&payload);
    let event = JobEvent { pool, labels, runner, ..event(payload, action) };
    Decision::Enqueue { event, begins_to_wait: false }
}

/// The runner that the payload names, if its name shows that it is ours.
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
        names: payload.names,
    }
}
