//! What it means that GitHub lists a job.

use crate::ids::{Repository, RunnerId};
use crate::ledger::{Job, JobAction, JobEvent, JobRunner, JobState};
use crate::pools::PoolMap;
use crate::ports::{JobStatus, ListedJob};
use crate::routing::route;

/// What no webhook reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// A job waits for a runner, and is not in the ledger.
    Demand,
    /// A job waits for a runner that was Waiting for an approval.
    Approval,
    /// A job runs at a runner of ours.
    AtRunner,
}

/// What to report of a job that GitHub lists, given the ledger's item. `None` if there is nothing to report:
/// the ledger has it, another rule reads it, or no pool serves it, its repository being public for one.
///
/// It leaves out when the job was created: GitHub has just said how it is, so an old job here is no old
/// delivery that somebody posts again.
pub fn untold(
    repository: &Repository,
    is_public: bool,
    listed: &ListedJob,
    known: Option<&Job>,
    pools: &PoolMap,
) -> Option<(Untold, JobEvent)> {
    let state = known.map(|job| job.state);
    let pool = route(pools, &listed.labels, is_public).ok().map(|pool| pool.name.clone());
    let event = |action, pool, runner| JobEvent {
        action,
        job: listed.id,
        pool,
        repository: repository.clone(),
        is_public,
        labels: listed.labels.clone(),
        runner,
        may_not_have_run: false,
        created_at: None,
        accepted_at: None,
        names: crate::ledger::JobNames::default(),
    };
    match (listed.status, state) {
        (JobStatus::Queued, None) => Some((Untold::Demand, event(JobAction::Queued, Some(pool?), None))),
        (JobStatus::Queued, Some(JobState::Waiting)) => {
            Some((Untold::Approval, event(JobAction::Queued, Some(pool?), None)))
        }
        (JobStatus::InProgress, None | Some(JobState::Waiting | JobState::Queued)) => {
            let named = listed.runner.as_ref()?;
            let runner = JobRunner { github_id: named.id, runner: RunnerId::from_github_name(&named.name)? };
            Some((Untold::AtRunner, event(JobAction::InProgress, pool, Some(runner))))
        }
        _ => None,
    }
}

/// Whether there is nothing more to report of a job as long as GitHub lists it so, whatever the ledger does: a
/// job that has begun only moves on.
pub fn is_told_for_good(listed: &ListedJob, known: Option<&Job>) -> bool {
    let is_ours = || listed.runner.as_ref().is_some_and(|it| RunnerId::from_github_name(&it.name).is_some());
    match listed.status {
        // The pool map may change, and the ledger's word for one that nobody could read.
        JobStatus::Queued => false,
        JobStatus::Waiting | JobStatus::Completed => true,
        JobStatus::InProgress => {
            let has_begun =
                known.is_some_and(|job| matches!(job.state, JobState::InProgress | JobState::Completed));
            has_begun || !is_ours()
        }
    }
}
