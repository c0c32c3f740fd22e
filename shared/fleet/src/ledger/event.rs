//! What happens to jobs and runners: the ledger's input.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{JobState, Totals, UnservedReason};
use crate::ids::{BootDigest, DeliveryId, GithubRunnerId, JobId, PoolName, Repository, RunnerId};
use crate::label::Labels;
use crate::launch::{FailureClass, StopClass, TaskTimes};
use crate::question::Listener;
use crate::version::Version;

/// What the queue carries from the webhook to the launcher: one verified, routed delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMessage {
    /// The version of this form.
    #[serde(default)]
    pub version: Version<1>,
    /// GitHub's GUID of the delivery, for the logs; never used to drop a redelivery.
    pub delivery: DeliveryId,
    /// What it says.
    pub job_event: JobEvent,
}

/// A message to the launchers from a function that finds a pool short of runners and launches none itself: it
/// names the pool, never a runner. It is a hint. A lost, late or doubled one does no harm: its receiver looks
/// at the pool's book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleMessage {
    /// The version of this form.
    #[serde(default)]
    pub version: Version<1>,
    /// The pool that is to be settled.
    pub settle: PoolName,
    /// When the oldest of its jobs came to the queue, where that is known: for the figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What GitHub says of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobAction {
    /// It waits for a runner.
    Queued,
    /// A runner has taken it.
    InProgress,
    /// It has ended: run, skipped or cancelled.
    Completed,
}

/// The runner that GitHub names in a job event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRunner {
    /// GitHub's id of the registration.
    pub github_id: GithubRunnerId,
    /// Our id, read from the runner's name.
    pub runner: RunnerId,
}

/// A job's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
    /// What happened.
    pub action: JobAction,
    /// The job.
    pub job: JobId,
    /// The pool its labels were routed to; `None` where no pool serves them: the job has begun, or ended,
    /// elsewhere, or its pool is out of the map.
    pub pool: Option<PoolName>,
    /// The repository.
    pub repository: Repository,
    /// Whether everybody may read the repository.
    #[serde(default)]
    pub is_public: bool,
    /// What the job asks for.
    pub labels: Labels,
    /// The runner that took it, where it is one of ours by its name.
    pub runner: Option<JobRunner>,
    /// Whether it ended in a way that does not show that it ran: cancelled, or skipped.
    #[serde(default)]
    pub may_not_have_run: bool,
    /// When GitHub says that it was created; `None` where the payload does not say.
    pub created_at: Option<Timestamp>,
    /// When the queue took it, as the launcher sees it; the webhook does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
}

/// How old a job is, by its creation, whose first `queued` is an old delivery that somebody posts again.
const OLD: SignedDuration = SignedDuration::from_hours(24);

impl JobEvent {
    /// Whether it says of a job that was created over a day ago that it waits.
    pub fn is_old_demand(&self, now: Timestamp) -> bool {
        let is_old = |created: Timestamp| now.duration_since(created) > OLD;
        self.action == JobAction::Queued && self.created_at.is_some_and(is_old)
    }
}

/// What happens in a runner's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunnerEvent {
    /// Its PID 1 asks what it is to do: with this boot id's digest, a listener that is so far, and how long PID 1
    /// has been there, if it says so.
    Asked(BootDigest, Listener, Option<SignedDuration>),
    /// GitHub made its JIT config, for this boot, with this registration.
    Registered(BootDigest, GithubRunnerId),
    /// GitHub refused to delete its registration, because it has just begun a job.
    FoundBusy,
    /// It has not come up in its time, and jobs wait beside it.
    Overdue,
    /// It has asked for nothing and was found not to be needed; its task is going to be stopped, if that still
    /// is so.
    Fenced,
    /// Its task has waited too long for capacity, with what is known of why, and is going to be stopped.
    FoundNoCapacity(String),
    /// It has no JIT config and has asked for none by its boot limit, or was slow for a second time, with
    /// what is known of why; its task is going to be stopped.
    FailedToBoot(String),
    /// `RunTask` was called for it once more: why it puts the launch off, in ECS's words, or nothing where
    /// the runner has its task.
    LaunchTried(Option<String>),
    /// ECS has put its launch off up to its boot limit, with its last reason.
    NotLaunched(String),
    /// It is about to lose its instance.
    CountedOut,
    /// It waits for a job, and GitHub does not call this registration of it online.
    FoundOffline(GithubRunnerId),
    /// Its pool has had a surplus for long, and it does not ask whether it may leave.
    FoundNotAsking,
    /// `RunTask` failed for good, with ECS's reason.
    LaunchFailed(FailureClass, String),
    /// Its task has stopped, with ECS's reason and times.
    TaskStopped(StopClass, String, TaskTimes),
}

/// Any input of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Of a job.
    Job(JobEvent),
    /// Of a runner.
    Runner(RunnerId, RunnerEvent),
    /// Of a job that GitHub says waits for an approval.
    FoundWaiting {
        /// The job.
        job: JobId,
        /// Its item's version as it was before GitHub was asked: a webhook that came since has the last
        /// word.
        version: u64,
    },
    /// Of a job that GitHub was asked for, where nothing else is to be written of the answer.
    JobRead {
        /// The job.
        job: JobId,
        /// How far it was then.
        state: JobState,
    },
    /// Of a job that GitHub says waits for a runner, while one of ours that could serve it listens and is
    /// given no job. That one is counted out.
    PassedOver {
        /// The job.
        job: JobId,
    },
    /// Of a job that was passed over again and again.
    FoundUnserved {
        /// The job.
        job: JobId,
        /// As [`Event::FoundWaiting`] has it.
        version: u64,
        /// Why, most likely.
        reason: UnservedReason,
    },
    /// Of an Unserved job that GitHub still says waits for a runner: it is tried once more.
    TriedAgain {
        /// The job.
        job: JobId,
        /// As [`Event::FoundWaiting`] has it.
        version: u64,
    },
    /// Of a job that waits in a pool which was taken out of the map: another pool serves it too.
    Rerouted {
        /// The job.
        job: JobId,
        /// The pool that it waits in.
        from: PoolName,
        /// The pool that serves it now.
        to: PoolName,
    },
    /// Of a pool: its minimum and maximum at this hour; both are 0 once it is out of the map.
    Bounds {
        /// The pool.
        pool: PoolName,
        /// Runners to keep waiting.
        minimum: u32,
        /// Most runners that may live at once.
        maximum: u32,
        /// The task definition of its runners; `None` where that is not known, and nothing is changed.
        task_definition: Option<String>,
    },
    /// Of a pool: it is to be settled.
    Settle {
        /// The pool.
        pool: PoolName,
    },
    /// Of a pool: its items were counted, twice, and are not what its book says.
    Recounted {
        /// The pool.
        pool: PoolName,
        /// The book's version as it was when they were counted: a book that was written since is counted
        /// again.
        version: u64,
        /// What they add up to.
        totals: Totals,
    },
}

impl Event {
    /// The job that it is about, if it is about one.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Job(event) => Some(event.job),
            Self::Rerouted { job, .. }
            | Self::FoundWaiting { job, .. }
            | Self::JobRead { job, .. }
            | Self::PassedOver { job }
            | Self::FoundUnserved { job, .. }
            | Self::TriedAgain { job, .. } => Some(*job),
            Self::Runner(..) | Self::Bounds { .. } | Self::Settle { .. } | Self::Recounted { .. } => None,
        }
    }

    /// The runner that it names, if it names one.
    pub fn runner(&self) -> Option<&RunnerId> {
        match self {
            Self::Job(event) => event.runner.as_ref().map(|named| &named.runner),
            Self::Runner(runner, _) => Some(runner),
            Self::Rerouted { .. }
            | Self::FoundWaiting { .. }
            | Self::JobRead { .. }
            | Self::PassedOver { .. }
            | Self::FoundUnserved { .. }
            | Self::TriedAgain { .. }
            | Self::Bounds { .. }
            | Self::Settle { .. }
            | Self::Recounted { .. } => None,
        }
    }

    /// The pool that it names, if it names one; of two the one that a job goes to.
    pub fn pool(&self) -> Option<&PoolName> {
        match self {
            Self::Job(event) => event.pool.as_ref(),
            Self::Runner(..)
            | Self::FoundWaiting { .. }
            | Self::JobRead { .. }
            | Self::PassedOver { .. }
            | Self::FoundUnserved { .. }
            | Self::TriedAgain { .. } => None,
            Self::Rerouted { to: pool, .. }
            | Self::Bounds { pool, .. }
            | Self::Settle { pool }
            | Self::Recounted { pool, .. } => Some(pool),
        }
    }
}
