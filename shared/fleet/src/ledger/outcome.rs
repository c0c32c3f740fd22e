//! What an event comes to: the items as it leaves them, news of a capacity, and the answer.

use super::{Job, Runner, RunnerState};

/// The answer to a runner's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskAnswer {
    /// Make it a JIT config.
    Config,
    /// Go on as it does.
    Wait,
    /// Leave. Its registration is to be deleted first, if it has one.
    Leave,
    /// Another boot asked first: nothing has moved.
    Replayed,
    /// Another boot asked first, not long ago: one of the two is a thief. The runner leaves, and its
    /// registration is to be deleted, if it has one.
    Contested,
}

/// What a fence came to, with the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fenced {
    /// It holds: the runner is Leaving and has no JIT config, so that none is answered any more.
    Holds(Runner),
    /// The runner was answered a JIT config first, or has stopped; this is how it is.
    TooLate(Runner),
    /// The ledger does not know the runner.
    Unknown,
}

impl Fenced {
    /// What a fence came to that left the runner like this.
    pub fn of(runner: Option<Runner>) -> Self {
        match runner {
            Some(runner) if runner.state == RunnerState::Leaving && runner.has_no_config() => {
                Self::Holds(runner)
            }
            Some(runner) => Self::TooLate(runner),
            None => Self::Unknown,
        }
    }
}

/// What the sender of an event gets in return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerAnswer {
    /// Nothing to say.
    Noted,
    /// To a question, or to the registration that follows one.
    Ask(AskAnswer),
}

/// News of a runner's capacity, or of its pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A runner came up.
    Started,
    /// There was no capacity, in ECS's words.
    NoCapacity(String),
    /// The instance under its task is gone, in ECS's words.
    InstanceGone(String),
    /// The launch was refused for good, or put off for too long, in ECS's words.
    LaunchRefused(String),
    /// The task came to its end before its first question, in ECS's words.
    BootFailed(String),
    /// The task stopped after its first question and before any job, in ECS's words, with its weight in thirds
    /// of a failed run.
    RunFailed(u32, String),
    /// A job has begun: runs work.
    RanJob,
    /// GitHub removed it, while it waited for a job.
    Reaped,
    /// It has become Overdue.
    Overdue,
}

/// What an event does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The job, where it changed.
    pub job: Option<Job>,
    /// The runner, where it changed.
    pub runner: Option<Runner>,
    /// News of the runner's capacity, or of its pool.
    pub news: Option<News>,
    /// The answer.
    pub answer: LedgerAnswer,
}

impl Outcome {
    pub(super) fn unchanged(answer: LedgerAnswer) -> Self {
        Self { job: None, runner: None, news: None, answer }
    }

    pub(super) fn of_runner(runner: Runner, answer: LedgerAnswer) -> Self {
        Self { runner: Some(runner), ..Self::unchanged(answer) }
    }

    pub(super) fn of_job(job: Job) -> Self {
        Self { job: Some(job), ..Self::unchanged(LedgerAnswer::Noted) }
    }

    pub(super) fn with(self, news: impl Into<Option<News>>) -> Self {
        Self { news: news.into(), ..self }
    }
}
