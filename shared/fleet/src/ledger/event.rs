//! What happens to jobs and runners: the ledger's input.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{JobNames, JobState, Totals, UnservedReason};
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

/// A message to the launchers from a function that finds a pool short of runners but launches none itself. It
/// names the pool, never a runner. It is only a hint: its receiver looks at the pool's book, so a lost, late
/// or duplicate message does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleMessage {
    /// The version of this form.
    #[serde(default)]
    pub version: Version<1>,
    /// The pool to settle.
    pub settle: PoolName,
    /// When the oldest of its jobs came to the queue, if known; for the metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What GitHub reports of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobAction {
    /// It waits for a runner.
    Queued,
    /// A runner has taken it.
    InProgress,
    /// It has ended: it ran, was skipped, or was cancelled.
    Completed,
}

/// The runner that GitHub names in a job event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRunner {
    /// GitHub's id of the registration.
    pub github_id: GithubRunnerId,
    /// Our id, from the runner's name.
    pub runner: RunnerId,
}

/// A job's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
    /// What happened.
    pub action: JobAction,
    /// The job.
    pub job: JobId,
    /// The pool that its labels were routed to; `None` if no pool serves them: the job began or ended
    /// elsewhere, or its pool has left the map.
    pub pool: Option<PoolName>,
    /// The repository.
    pub repository: Repository,
    /// Whether everybody may read the repository.
    #[serde(default)]
    pub is_public: bool,
    /// What the job asks for.
    pub labels: Labels,
    /// The runner that took it, if its name shows that it is ours.
    pub runner: Option<JobRunner>,
    /// Whether its end leaves open if it ever ran: it was cancelled, or skipped.
    #[serde(default)]
    pub may_not_have_run: bool,
    /// When GitHub created it; `None` if the payload does not say.
    pub created_at: Option<Timestamp>,
    /// When the queue took it, which the launcher sees and the webhook does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// What its line of costs names beside its repository.
    #[serde(default, skip_serializing_if = "JobNames::is_empty")]
    pub names: JobNames,
}

/// If a job is older than this when its first `queued` comes, somebody posted an old delivery again.
const OLD: SignedDuration = SignedDuration::from_hours(24);

impl JobEvent {
    /// Whether it says that a job waits which was created over a day ago.
    pub fn is_old_demand(&self, now: Timestamp) -> bool {
        let is_old = |created: Timestamp| now.duration_since(created) > OLD;
        self.action == JobAction::Queued && self.created_at.is_some_and(is_old)
    }
}

/// What happens in a runner's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunnerEvent {
    /// Its PID 1 asks what to do. This has the digest of its boot id, the state of its listener, and how long
    /// PID 1 has been running, if it says so.
    Asked(BootDigest, Listener, Option<SignedDuration>),
    /// GitHub made a JIT config for this boot, with this registration.
    Registered(BootDigest, GithubRunnerId),
    /// GitHub refused to delete its registration, because it has just begun a job.
    FoundBusy,
    /// It has not come up in time, and jobs wait.
    Overdue,
    /// It has asked for nothing and was found unneeded. If that still holds, its task will be stopped.
    Fenced,
    /// Its task has waited too long for capacity and will be stopped; with what is known of the cause.
    FoundNoCapacity(String),
    /// By its boot limit it has no JIT config and has asked for none, or it was slow for a second time. Its
    /// task will be stopped; with what is known of the cause.
    FailedToBoot(String),
    /// `RunTask` was called for it once more: ECS's reason for putting the launch off, or nothing if the
    /// runner has its task.
    LaunchTried(Option<String>),
    /// ECS has put its launch off up to its boot limit; with the last reason.
    NotLaunched(String),
    /// It is about to lose its instance.
    CountedOut,
    /// It waits for a job, but GitHub does not report this registration as online.
    FoundOffline(GithubRunnerId),
    /// Its pool has long had a surplus, and it does not ask whether to leave.
    FoundNotAsking,
    /// `RunTask` failed for good, with ECS's reason.
    LaunchFailed(FailureClass, String),
    /// Its task has stopped, with ECS's reason and times.
    TaskStopped(StopClass, String, TaskTimes),
}

/// Any input of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A job's event.
    Job(JobEvent),
    /// A runner's event.
    Runner(RunnerId, RunnerEvent),
    /// GitHub says that a job waits for an approval.
    FoundWaiting {
        /// The job.
        job: JobId,
        /// The version of its item before GitHub was asked: a webhook that came since has the last word.
        version: u64,
    },
    /// GitHub was asked about a job, and the answer changes nothing else.
    JobRead {
        /// The job.
        job: JobId,
        /// Its state at that time.
        state: JobState,
    },
    /// GitHub says that a job waits for a runner, while a runner of ours that could serve it listens and gets
    /// no job. That runner is counted out.
    PassedOver {
        /// The job.
        job: JobId,
    },
    /// A job was passed over again and again.
    FoundUnserved {
        /// The job.
        job: JobId,
        /// As [`Event::FoundWaiting`] has it.
        version: u64,
        /// The most likely reason.
        reason: UnservedReason,
    },
    /// GitHub still says that an Unserved job waits for a runner: it gets one more try.
    TriedAgain {
        /// The job.
        job: JobId,
        /// As [`Event::FoundWaiting`] has it.
        version: u64,
    },
    /// A job waits in a pool that has left the map, and another pool serves it too.
    Rerouted {
        /// The job.
        job: JobId,
        /// The pool that it waits in.
        from: PoolName,
        /// The pool that serves it now.
        to: PoolName,
    },
    /// A pool's minimum and maximum at this hour; both are 0 once it has left the map.
    Bounds {
        /// The pool.
        pool: PoolName,
        /// Runners to keep waiting.
        minimum: u32,
        /// Most runners that may live at once.
        maximum: u32,
        /// The task definition of its runners; `None` if unknown, which changes nothing.
        task_definition: Option<String>,
    },
    /// A pool is to be settled.
    Settle {
        /// The pool.
        pool: PoolName,
    },
    /// A pool's items were counted twice, and do not add up to what its book says.
    Recounted {
        /// The pool.
        pool: PoolName,
        /// The book's version when they were counted. If the book was written since, they are counted again.
        version: u64,
        /// What they add up to.
        totals: Totals,
    },
}

impl Event {
    /// The job that it is about, if any.
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

    /// The runner that it names, if any.
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

    /// The pool that it names, if any; of two pools, the one that a job moves to.
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
