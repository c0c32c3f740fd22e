//! What is done about a lie, and why.

use crate::ids::RunnerId;
use crate::launch::SeenStop;
use crate::ledger::{Event, Job, Runner, RunnerEvent};
use crate::ports::{JobStatus, Registration};
use crate::repair::SeenTask;
use crate::repair::waiting::Said;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a look has few of them, and each lives for a moment")]
pub enum Mend {
    /// Record that a runner's task has stopped.
    NoteStopped {
        /// The runner.
        runner: Runner,
        /// What its stop means, and ECS's reason.
        stop: SeenStop,
    },
    /// Stop a task.
    Stop {
        /// Its runner.
        runner: RunnerId,
        /// The runner as the ledger has it; `None` if the ledger does not know it.
        known: Option<Runner>,
        /// The task.
        task: SeenTask,
        /// Why.
        cause: StopCause,
    },
    /// Read a runner's job from GitHub, and stop its task if the job is not in progress.
    StopUnlessAtJob {
        /// The runner.
        runner: Runner,
        /// The job that it took.
        job: Job,
        /// Its task, if it was seen. If not, the runner counts as stopped.
        task: Option<SeenTask>,
    },
    /// Take a runner out of the supply, so that another one is reserved for it.
    CountOut {
        /// The runner.
        runner: Runner,
        /// Why.
        cause: CountedOut,
    },
    /// Delete a registration. GitHub refuses if it is busy.
    Deregister {
        /// The runner that its name says.
        runner: Runner,
        /// The registration.
        registration: Registration,
    },
}

/// Why a task is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// The ledger does not know its runner.
    UnknownRunner,
    /// Its runner is Stopped, and never had a JIT config.
    LaunchGivenBack,
    /// Its runner got the answer "leave" long ago, and GitHub has no registration for it.
    ToldToLeave,
    /// Its job has ended, and GitHub has no registration for it.
    JobOver,
    /// It is Busy, but GitHub has no job and no registration for it.
    NoJob,
}

impl StopCause {
    /// Whether the runner had a JIT config. If so, GitHub is asked once more right before the stop, because
    /// GitHub never deletes a busy registration.
    pub fn had_config(self) -> bool {
        matches!(self, Self::ToldToLeave | Self::JobOver | Self::NoJob)
    }

    /// The reason, for the log and for ECS.
    pub fn why(self) -> &'static str {
        match self {
            Self::UnknownRunner => "no runner of the ledger is it",
            Self::LaunchGivenBack => "its runner has stopped and never had a JIT config",
            Self::ToldToLeave => "told to leave long ago, and not registered at GitHub",
            Self::JobOver => "its job is over, and it is not registered at GitHub",
            Self::NoJob => "GitHub has no job of it, and no registration",
        }
    }
}

/// Why a runner is counted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedOut {
    /// GitHub does not report it as online.
    Offline,
    /// Its pool has a surplus, and it does not ask.
    DoesNotAsk,
}

impl Mend {
    /// The runner that it is about.
    pub fn runner(&self) -> &RunnerId {
        match self {
            Self::Stop { runner, .. } => runner,
            Self::NoteStopped { runner, .. }
            | Self::StopUnlessAtJob { runner, .. }
            | Self::CountOut { runner, .. }
            | Self::Deregister { runner, .. } => &runner.id,
        }
    }

    /// The runner as the ledger has it, if known.
    pub fn known(&self) -> Option<&Runner> {
        match self {
            Self::Stop { known, .. } => known.as_ref(),
            Self::NoteStopped { runner, .. }
            | Self::StopUnlessAtJob { runner, .. }
            | Self::CountOut { runner, .. }
            | Self::Deregister { runner, .. } => Some(runner),
        }
    }

    /// Its name in the log of a failure.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoteStopped { .. } => "note stopped",
            Self::Stop { .. } => "stop",
            Self::StopUnlessAtJob { .. } => "stop unless at a job",
            Self::CountOut { .. } => "count out",
            Self::Deregister { .. } => "delete a registration",
        }
    }

    /// Its name in metrics.
    pub fn counted_as(&self) -> &'static str {
        match self {
            Self::NoteStopped { .. } => "StopUnheard",
            Self::Stop { cause: StopCause::UnknownRunner | StopCause::LaunchGivenBack, .. } => "StrayTask",
            Self::Stop { .. } | Self::StopUnlessAtJob { .. } => "SilentTask",
            Self::CountOut { cause: CountedOut::Offline, .. } => "Offline",
            Self::CountOut { cause: CountedOut::DoesNotAsk, .. } => "DoesNotAsk",
            Self::Deregister { .. } => "Registration",
        }
    }

    /// The event that it records, if that is all it does.
    pub fn event(&self) -> Option<Event> {
        let (runner, event) = match self {
            Self::NoteStopped { runner, stop } => {
                (runner, RunnerEvent::TaskStopped(stop.class, stop.reason.clone(), stop.times))
            }
            Self::CountOut { runner, cause: CountedOut::Offline } => {
                (runner, RunnerEvent::FoundOffline(runner.github_id?))
            }
            Self::CountOut { runner, cause: CountedOut::DoesNotAsk } => (runner, RunnerEvent::FoundNotAsking),
            Self::Stop { .. } | Self::StopUnlessAtJob { .. } | Self::Deregister { .. } => return None,
        };
        Some(Event::Runner(runner.id.clone(), event))
    }
}

/// Whether GitHub's answer about a runner's job means that the runner is left alone. A job that has ended is
/// recorded, and is the business of another rule.
pub fn is_at_job(said: &Said) -> bool {
    match said {
        Said::Job(seen) => matches!(seen.status, JobStatus::InProgress | JobStatus::Completed),
        Said::Gone => false,
        Said::Nothing => true,
    }
}
