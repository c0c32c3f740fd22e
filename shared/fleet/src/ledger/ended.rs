//! What the time of a runner went into that has ended, and for whom: for the line of what it costs. No rule reads it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::times::milliseconds;
use super::{Job, JobAction, JobEvent, Outcome, Runner, RunnerState};
use crate::ids::{JobId, PoolName, Repository, RunnerId};

/// Most characters of a name that are kept.
const LONGEST_NAME: usize = 100;

/// Names that people give, which only the line of costs has. They are GitHub's `workflow_name` and `head_branch`, and
/// whoever may push a branch chooses them: they are cut to 100 characters, and have no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobNames {
    /// The workflow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The branch's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl JobNames {
    /// The names as GitHub has them.
    pub fn of(workflow: Option<&str>, branch: Option<&str>) -> Self {
        Self { workflow: workflow.and_then(bounded), branch: branch.and_then(bounded) }
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn bounded(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|it| !it.is_control()).take(LONGEST_NAME).collect();
    (!name.is_empty()).then_some(name)
}

/// The job that a runner has, as far as its line of costs says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Its repository.
    pub repository: Repository,
    /// Its names.
    #[serde(flatten)]
    pub names: JobNames,
    /// Milliseconds from its creation until the ledger heard that it had begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<i64>,
    /// When the ledger heard that.
    pub begun_at: Timestamp,
}

impl Work {
    fn of(job: Option<&Job>, event: &JobEvent, now: Timestamp) -> Self {
        let times = job.map(|job| job.times).unwrap_or_default();
        let begun_at = times.begun_at.unwrap_or(now);
        let created_at = times.created_at.or(event.created_at);
        Self {
            repository: event.repository.clone(),
            names: event.names.clone(),
            waited: created_at.map(|created| between(created, begun_at)),
            begun_at,
        }
    }
}

/// Writes down whose job a runner has, where a job's event writes the runner anyway.
pub(super) fn note_work(job: Option<&Job>, event: &JobEvent, outcome: &mut Outcome, now: Timestamp) {
    if let Some(runner) = &mut outcome.runner {
        runner.work = Some(Work::of(job, event, now));
    }
}

/// A runner that has ended. Milliseconds; `starting`, `idle` and `working` are the whole time that its task is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerEnded {
    /// Which.
    pub runner: RunnerId,
    /// The pool whose labels it had.
    pub pool: PoolName,
    /// The pool whose capacity it used.
    pub capacity: PoolName,
    /// Its job, if it had one.
    pub job: Option<JobId>,
    /// Whose job.
    pub work: Option<Work>,
    /// When its task stopped.
    pub ended_at: Timestamp,
    /// Until its listener was up; all of it where none ever was.
    pub starting: i64,
    /// From then until its job began; to its end without a job.
    pub idle: i64,
    /// From then to its end.
    pub working: i64,
}

impl RunnerEnded {
    /// One whose event makes it Stopped. Its item no longer says whose job it had. `None` for one that never had a task.
    pub(super) fn take(before: Option<&Runner>, outcome: &mut Outcome, now: Timestamp) -> Option<Self> {
        let runner = outcome.runner.as_mut().filter(|runner| runner.state == RunnerState::Stopped)?;
        before.filter(|before| before.state != RunnerState::Stopped)?;
        let work = runner.work.take();
        let begun_at = work.as_ref().map(|work| work.begun_at);
        Self::of(runner, runner.job, work, begun_at, now)
    }

    /// One that had stopped before an event first named its job. When that began was not heard: it counts from the
    /// listener's begin.
    pub(super) fn named_late(
        job: Option<&Job>,
        runner: Option<&Runner>,
        event: &JobEvent,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Option<Self> {
        let runner = runner.filter(|it| it.state == RunnerState::Stopped && it.job.is_none())?;
        let changed = outcome.job.as_ref().filter(|_| event.action != JobAction::Queued)?;
        changed.runner.as_ref().filter(|named| **named == runner.id)?;
        let begun_at = runner.moment(runner.times.listened.or(runner.times.asked));
        let work = Work::of(job, event, begun_at.unwrap_or(runner.changed_at));
        Self::of(runner, Some(event.job), Some(work), begun_at, runner.changed_at.min(now))
    }

    /// AWS asks from the begin of the pull to the stop (AWS Fargate, "Pricing"); an instance is used for as long.
    fn of(
        runner: &Runner,
        job: Option<JobId>,
        work: Option<Work>,
        begun_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        let times = &runner.times;
        let from = times.pull_started.or(times.started).or(times.booted).or(times.asked);
        let from = runner.moment(from)?;
        let to = runner.moment(times.stopped).unwrap_or(now).max(from);
        let up = runner.moment(times.listened).unwrap_or(if work.is_some() { from } else { to });
        let up = up.clamp(from, to);
        let begun = begun_at.unwrap_or(to).clamp(up, to);
        Some(Self {
            runner: runner.id.clone(),
            pool: runner.pool.clone(),
            capacity: runner.capacity.clone(),
            job,
            work,
            ended_at: to,
            starting: between(from, up),
            idle: between(up, begun),
            working: between(begun, to),
        })
    }
}

/// Milliseconds from one moment to a later one; none to an earlier one.
fn between(from: Timestamp, to: Timestamp) -> i64 {
    milliseconds(to.duration_since(from)).max(0)
}
