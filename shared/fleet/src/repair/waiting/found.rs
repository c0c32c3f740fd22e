//! What GitHub's answer means for a job.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::ids::RunnerId;
use crate::ledger::{Event, Job, JobAction, JobEvent, JobRunner, JobState, Runner, RunnerState};
use crate::pools::PoolMap;
use crate::ports::{JobStatus, RunId, SeenJob, SeenRunner};

/// How long a job must wait, according to both sides, before its run is read too: GitHub leaves jobs queued
/// for good whose run has ended.
const RUN_ASKED_AT: SignedDuration = SignedDuration::from_mins(10);

/// How late GitHub's news of a busy runner may come, with a minute to spare.
const BUSY_LAGS: SignedDuration = SignedDuration::from_mins(2);

/// How long a job counts in its pool's book without an answer from GitHub.
const UNREAD_QUEUED: SignedDuration = SignedDuration::from_hours(24);

/// How long a job is kept without an answer from GitHub: an approval expires after 30 days.
const UNREAD_WAITING: SignedDuration = SignedDuration::from_hours(35 * 24);

/// GitHub's answer about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Its state.
    Job(SeenJob),
    /// There is no such job (404).
    Gone,
    /// Nothing that can be understood.
    Nothing,
}

impl Said {
    /// Whether it waits for a runner.
    pub fn is_queued(&self) -> bool {
        matches!(self, Self::Job(seen) if seen.status == JobStatus::Queued)
    }
}

/// What was found, if it differs from the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Found {
    /// It waits for an approval, not for a runner.
    Gated,
    /// It waits for a runner.
    Demand,
    /// It still waits for a runner, and gets another try.
    Unserved,
    /// A runner has it.
    InProgress,
    /// It has ended.
    Completed,
    /// There is no such job.
    Gone,
    /// Its run has ended, but GitHub has left the job queued.
    RunEnded,
    /// GitHub has not answered for too long: the job no longer counts.
    Unread,
}

/// Its name in metrics.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one for each read, which is handed on at once")]
pub enum Meaning {
    /// The ledger agrees, or nothing can be said yet.
    AsKnown,
    /// An event for the ledger.
    Tell(Found, Event),
    /// It has waited so long that its run should be read.
    AskRun(RunId),
    /// It runs, but GitHub names no runner: one of ours may have it that the ledger takes for idle.
    AskRunners,
}

/// What GitHub's answer means for a job, as the job was before GitHub was asked.
pub fn meaning(job: &Job, said: &Said, now: Timestamp) -> Meaning {
    let waited = now.duration_since(job.changed_at);
    let seen = match said {
        Said::Job(seen) => seen,
        Said::Gone => return Meaning::Tell(Found::Gone, ended(job, None, true)),
        Said::Nothing => return of_silence(job, waited),
    };
    let is_known = match seen.status {
        JobStatus::Queued => job.state != JobState::Waiting,
        JobStatus::Waiting => job.state != JobState::Queued,
        JobStatus::InProgress => job.state == JobState::InProgress,
        JobStatus::Completed => false,
    };
    let waits = match job.state {
        JobState::Queued | JobState::Waiting => true,
        JobState::Unserved => seen.status == JobStatus::Queued,
        JobState::InProgress | JobState::Completed => false,
    };
    if is_known && waits && waited >= RUN_ASKED_AT {
        return Meaning::AskRun(seen.run);
    }
    if is_known {
        return Meaning::AsKnown;
    }
    match (seen.status, &seen.runner) {
        (JobStatus::Queued, _) => Meaning::Tell(Found::Demand, of(job, JobAction::Queued, None, false)),
        (JobStatus::Waiting, _) => {
            Meaning::Tell(Found::Gated, Event::FoundWaiting { job: job.id, version: job.version })
        }
        (JobStatus::InProgress, Some(runner)) => at_runner(job, ours(runner)),
        (JobStatus::InProgress, None) => {
            let began = seen.started_at.unwrap_or(job.changed_at);
            let is_known_by_now = now.duration_since(began) >= BUSY_LAGS;
            if is_known_by_now { Meaning::AskRunners } else { Meaning::AsKnown }
        }
        (JobStatus::Completed, runner) => {
            let runner = runner.as_ref().and_then(ours);
            Meaning::Tell(Found::Completed, ended(job, runner, seen.may_not_have_run))
        }
    }
}

/// A job is in progress on this runner of ours, or on another system's.
pub fn at_runner(job: &Job, runner: Option<JobRunner>) -> Meaning {
    Meaning::Tell(Found::InProgress, of(job, JobAction::InProgress, runner, false))
}

/// A job's run has ended, but the job has not.
pub fn of_ended_run(job: &Job) -> Meaning {
    Meaning::Tell(Found::RunEnded, ended(job, None, true))
}

/// A job's run goes on, and the job waits: if it was Unserved, it gets another try.
pub fn of_run_that_goes_on(job: &Job) -> Meaning {
    if job.state == JobState::Unserved {
        Meaning::Tell(Found::Unserved, Event::TriedAgain { job: job.id, version: job.version })
    } else {
        Meaning::AsKnown
    }
}

/// The runners of ours that may have a job which names none: those that the ledger calls Idle and that could
/// serve it, the most recently idle first.
pub fn may_be_at<'a>(
    job: &Job,
    runners: impl IntoIterator<Item = &'a Runner>,
    pools: &PoolMap,
) -> Vec<JobRunner> {
    let serves = |runner: &&Runner| {
        runner.state == RunnerState::Idle
            && pools.get(&runner.pool).is_some_and(|pool| pool.labels.serve(&job.labels))
    };
    let mut fitting: Vec<&Runner> = runners.into_iter().filter(serves).collect();
    fitting.sort_by_key(|runner| std::cmp::Reverse((runner.listened, runner.changed_at)));
    let named = |runner: &Runner| Some(JobRunner { github_id: runner.github_id?, runner: runner.id.clone() });
    fitting.into_iter().filter_map(named).collect()
}

/// What it means that GitHub does not answer: after a day the job's demand is no longer believed, and after
/// five weeks no approval can still hold it.
fn of_silence(job: &Job, waited: SignedDuration) -> Meaning {
    match job.state {
        JobState::Queued if waited >= UNREAD_QUEUED => {
            Meaning::Tell(Found::Unread, Event::FoundWaiting { job: job.id, version: job.version })
        }
        JobState::Waiting | JobState::Unserved if waited >= UNREAD_WAITING => {
            Meaning::Tell(Found::Unread, ended(job, None, true))
        }
        _ => Meaning::AsKnown,
    }
}

fn ours(runner: &SeenRunner) -> Option<JobRunner> {
    let id = RunnerId::from_github_name(&runner.name)?;
    Some(JobRunner { github_id: runner.id, runner: id })
}

fn ended(job: &Job, runner: Option<JobRunner>, may_not_have_run: bool) -> Event {
    of(job, JobAction::Completed, runner, may_not_have_run)
}

fn of(job: &Job, action: JobAction, runner: Option<JobRunner>, may_not_have_run: bool) -> Event {
    Event::Job(JobEvent {
        action,
        job: job.id,
        pool: job.pool.clone(),
        repository: job.repository.clone(),
        is_public: job.is_public,
        labels: job.labels.clone(),
        runner,
        may_not_have_run,
        created_at: None,
        accepted_at: None,
        names: crate::ledger::JobNames::default(),
    })
}
