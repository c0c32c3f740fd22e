//! What an event comes to: the items as it leaves them, news of a capacity, and the answer.

use super::{Job, Runner, RunnerState};

/// What a task is told that claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// Make it a JIT config.
    Proceed,
    /// Its pool has runners enough, or is out of the map; it is to leave.
    NotNeeded,
    /// Another boot claimed first.
    Refused,
    /// The runner is not there to claim for: unknown, leaving, busy or stopped, or its claim is closed.
    Gone,
}

/// What a runner is told that asks whether it may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseAnswer {
    /// Keep waiting, or working.
    Stay,
    /// Leave.
    Leave,
    /// Another boot claimed: whoever asks is not the runner.
    Refused,
}

/// What a fence came to, with the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fenced {
    /// It holds: the runner is Leaving and never claimed, so that no claim of it is granted any more.
    Holds(Runner),
    /// The runner claimed first, or has stopped; this is how it is.
    TooLate(Runner),
    /// The ledger does not know the runner.
    Unknown,
}

impl Fenced {
    /// What a fence came to that left the runner like this.
    pub fn of(runner: Option<Runner>) -> Self {
        match runner {
            Some(runner) if runner.state == RunnerState::Leaving && runner.boot.is_none() => {
                Self::Holds(runner)
            }
            Some(runner) => Self::TooLate(runner),
            None => Self::Unknown,
        }
    }
}

/// What whoever told the event is told in return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to say.
    Noted,
    /// To a claim, or to a registration that follows one.
    Claim(ClaimAnswer),
    /// To a release.
    Release(ReleaseAnswer),
}

/// News of the health of a runner's capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthNews {
    /// A runner came up.
    Started,
    /// There was no capacity, in ECS's words.
    NoCapacity(String),
    /// The launch was refused for good, in ECS's words.
    LaunchRefused(String),
    /// The task stopped before its first claim, in ECS's words.
    BootFailed(String),
    /// The task stopped after its claim and before any job, in ECS's words; it weighs so many thirds of
    /// a failed run.
    RunFailed(u32, String),
    /// A job has begun: runs work.
    RanJob,
}

/// What an event does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The job, where it changed.
    pub job: Option<Job>,
    /// The runner, where it changed.
    pub runner: Option<Runner>,
    /// News of the capacity of the runner, with the time of its launch.
    pub health: Option<HealthNews>,
    /// The answer.
    pub answer: Answer,
}

impl Outcome {
    pub(super) fn unchanged(answer: Answer) -> Self {
        Self { job: None, runner: None, health: None, answer }
    }

    pub(super) fn of_runner(runner: Runner, answer: Answer) -> Self {
        Self { runner: Some(runner), ..Self::unchanged(answer) }
    }
}
