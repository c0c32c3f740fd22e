//! A workflow job, as GitHub knows it.

use std::time::Duration;

use fleet::ports::RunId;
use fleet::{GithubRunnerId, JobId, Labels, Repository};
use jiff::Timestamp;

/// What a job is, before anything happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPlan {
    /// Its repository.
    pub repository: Repository,
    /// The words of its `runs-on`.
    pub labels: Labels,
    /// How long it runs.
    pub work: Duration,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It waits for an approval, and asks for no runner.
    Gated,
    /// It waits for a runner.
    Queued,
    /// It was given to a runner, which has not picked it up yet.
    Assigned {
        /// The runner.
        runner: GithubRunnerId,
        /// Since when.
        at: Timestamp,
    },
    /// It runs.
    InProgress,
    /// It has ended.
    Completed {
        /// GitHub's `conclusion`.
        conclusion: &'static str,
    },
}

/// A workflow job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowJob {
    /// Its id.
    pub id: JobId,
    /// What it is.
    pub plan: JobPlan,
    /// How far it is.
    pub phase: Phase,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When a runner picked it up.
    pub started_at: Option<Timestamp>,
    /// When its first step began.
    pub first_step_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// The runner that picked it up, with its name.
    pub runner: Option<(GithubRunnerId, String)>,
}

impl WorkflowJob {
    /// The run that it belongs to. Two jobs of a repository whose ids are neighbours share one, so that one
    /// may be at work while the other waits.
    pub fn run(&self) -> RunId {
        RunId(self.id.0 / 2)
    }

    pub(super) fn new(id: JobId, plan: JobPlan, now: Timestamp) -> Self {
        let phase = Phase::Queued;
        Self {
            id,
            plan,
            phase,
            queued_at: now,
            started_at: None,
            first_step_at: None,
            completed_at: None,
            runner: None,
        }
    }
}
