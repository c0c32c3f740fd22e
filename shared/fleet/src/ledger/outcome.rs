//! What an event leads to: the changed items, news of a capacity, and the answer.

use super::{Job, Runner, RunnerState};

/// The answer to a runner's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskAnswer {
    /// Make it a JIT config.
    Config,
    /// Carry on.
    Wait,
    /// Leave. First its registration is deleted, if it has one.
    Leave,
    /// Another boot asked first: nothing has changed.
    Replayed,
    /// Another boot asked first, and recently: one of the two is a thief. The runner leaves; its registration
    /// is deleted, if it has one.
    Contested,
}

/// The result of a fence, with the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fenced {
    /// The fence holds: the runner is Leaving without a JIT config, and will get none.
    Holds(Runner),
    /// The runner got its JIT config first, or has stopped; this is its state.
    TooLate(Runner),
    /// The ledger does not know the runner.
    Unknown,
}

impl Fenced {
    /// The result of a fence, from the runner as it is afterwards.
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
    /// The answer to a question, or to the registration that follows it.
    Ask(AskAnswer),
}

/// News of a runner's capacity, or of its pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A runner came up.
    Started,
    /// There was no capacity, in ECS's words.
    NoCapacity(String),
    /// The instance that its task was on is gone, in ECS's words.
    InstanceGone(String),
    /// ECS refused the launch for good, or put it off for too long; in its words.
    LaunchRefused(String),
    /// The task ended before its first question, in ECS's words.
    BootFailed(String),
    /// The task stopped after its first question but before any job, in ECS's words; with its weight, in
    /// thirds of a failed run.
    RunFailed(u32, String),
    /// A job has begun: runs work.
    RanJob,
    /// GitHub removed the runner while it waited for a job.
    Reaped,
    /// It has become Overdue.
    Overdue,
}

/// What an event does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The job, if it changed.
    pub job: Option<Job>,
    /// The runner, if it changed.
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
