//! A runner in the ledger, how far it is, and how long it may take to come up.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{StartTimes, Work};
use crate::ids::{BootDigest, GithubRunnerId, JobId, PoolName, RunnerId};

/// How long a runner without a JIT config may take from its reservation to its first question, and from one
/// question to the next.
pub const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

/// How long a runner may take from its task's capacity to its first question, and from one question to the
/// next. After that it is slow, and becomes Overdue if a job waits.
pub const SLOW: SignedDuration = SignedDuration::from_mins(3);

/// How far a runner is. It only moves forward, except that a job may still overtake Leaving, and a question
/// brings it back from Overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// Reserved: its task was asked for, or is starting, and has asked for nothing yet.
    Starting,
    /// It is to get a JIT config, or has one, and has no job that we know of.
    Idle,
    /// It did not come up in time, and another one was reserved to help.
    Overdue,
    /// It has begun a job. We never stop it.
    Busy,
    /// It got the answer "leave", or gets it at its next question.
    Leaving,
    /// Its task has stopped, or never existed.
    Stopped,
}

impl RunnerState {
    /// Whether the runner counts in `supply`: it will take a job, or wait for one.
    pub fn is_supply(self) -> bool {
        matches!(self, Self::Starting | Self::Idle)
    }

    /// Whether the runner may still come to take a job.
    pub fn is_on_its_way(self) -> bool {
        self.is_supply() || self == Self::Overdue
    }

    /// Whether the runner counts in `live`: it uses capacity.
    pub fn is_live(self) -> bool {
        self != Self::Stopped
    }
}

/// An ephemeral runner, which is one ECS task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Our id.
    pub id: RunnerId,
    /// How far it is.
    pub state: RunnerState,
    /// The pool whose labels it has, in whose `supply` it counts.
    pub pool: PoolName,
    /// The pool whose capacity provider runs its task, in whose `live` it counts. It differs from `pool` if a
    /// fallback runs it.
    pub capacity: PoolName,
    /// The boot that it is bound to: the first that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<BootDigest>,
    /// When that boot last asked without a listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// GitHub's id of its registration, stored before it gets its JIT config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_id: Option<GithubRunnerId>,
    /// The job that it has, once an event named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Whose job that is, for the line of what it costs. No rule reads it, and it goes when the task has stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
    /// Whether its listener was ever up: after that it gets no other JIT config.
    #[serde(default)]
    pub listened: bool,
    /// When it became Overdue, which happens once at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<Timestamp>,
    /// Why `RunTask` last put its launch off, in ECS's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_off: Option<String>,
    /// Why it leaves, or has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<LeaveReason>,
    /// When its start reached each of its points.
    #[serde(default, skip_serializing_if = "StartTimes::is_empty")]
    pub times: StartTimes,
    /// When it was reserved.
    pub reserved_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// How often it was written; 0 if never.
    pub version: u64,
}

impl Runner {
    /// A runner that is reserved now, on this capacity.
    pub fn reserved(id: RunnerId, pool: PoolName, capacity: PoolName, now: Timestamp) -> Self {
        Self {
            id,
            state: RunnerState::Starting,
            pool,
            capacity,
            boot: None,
            asked_at: None,
            github_id: None,
            job: None,
            work: None,
            listened: false,
            overdue_at: None,
            put_off: None,
            leaves: None,
            times: StartTimes::default(),
            reserved_at: now,
            changed_at: now,
            version: 0,
        }
    }

    /// Whether it never got a JIT config, so that it cannot have a job of GitHub's.
    pub fn has_no_config(&self) -> bool {
        self.github_id.is_none()
    }

    /// How long it has been silent, if it has no listener: since its last question, or its reservation.
    pub fn silence(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.asked_at.unwrap_or(self.reserved_at)).max(SignedDuration::ZERO)
    }

    /// Whether it has reached its boot limit: for that long it neither got a JIT config nor asked for one.
    pub fn is_past_its_boot_limit(&self, now: Timestamp) -> bool {
        self.state.is_on_its_way() && self.has_no_config() && self.silence(now) >= BOOT_LIMIT
    }

    /// Whether it is to get a JIT config, or has one, and its listener was never up.
    pub fn is_called(&self) -> bool {
        self.state == RunnerState::Idle && !self.listened
    }

    /// Whether it is expected, and has not asked for so long that it is slow.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.is_called() && self.silence(now) >= SLOW
    }
}

/// Why a runner leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// Its pool had enough runners when it asked.
    NotNeeded,
    /// Its pool had left the map when it asked.
    PoolClosed,
    /// It had listened, and asked for another JIT config: each task gets only one.
    ConfigUsed,
    /// GitHub said that it has a job, but it had no worker process for two minutes.
    NoWorker,
    /// Another boot showed its ticket: one of the two is a thief.
    AnotherBoot,
    /// It was fenced before it had a JIT config, because it was not needed.
    Fenced,
    /// The same, because ECS found no capacity for it.
    NoCapacity,
    /// The same, because it did not come up, or could not be launched in time.
    BootFailed,
    /// It was counted out: gone from GitHub, or about to lose its instance.
    CountedOut,
}
