//! What the ledger stores: jobs, runners and books, each with a key and a version.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Book, Budget, JobTimes, Key, Reading, StartTimes, Work};
use crate::delivery::DeliveryCursor;
use crate::ids::{BootDigest, GithubRunnerId, JobId, PoolName, Repository, RunnerId};
use crate::label::Labels;
use crate::repair::suspicion::Suspicions;
use crate::sweep::SweepCursor;
use crate::version::Version;

/// Most items that one transaction may write (DynamoDB: `TransactWriteItems`).
pub const TRANSACTION_LIMIT: usize = 100;

/// The most events that always fit into one transaction. Each may write a job, a runner, and three books:
/// those of the job's pool, the runner's pool, and the runner's capacity.
pub const EVENTS_A_TRANSACTION: usize = TRANSACTION_LIMIT / 5;

/// The version of the form that items are stored in.
pub type ItemVersion = Version<1>;

/// How far a job is. A job only moves to a later state, except that a Queued one becomes Waiting if GitHub
/// says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// GitHub says that it waits for an approval. It counts nowhere.
    Waiting,
    /// It waits for a runner and counts in its pool's `queued`.
    Queued,
    /// Runners of ours that could serve it have waited, and GitHub gave it to none of them. It no longer
    /// counts.
    Unserved,
    /// A runner has taken it.
    InProgress,
    /// It has ended, however it went.
    Completed,
}

/// A workflow job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// GitHub's id.
    pub id: JobId,
    /// How far it is.
    pub state: JobState,
    /// The pool that it was routed to, in whose book it counts while it is queued. `None` if it had begun or
    /// ended before the ledger knew it, and no pool served it: it is kept so that a late event counts
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
    /// The repository it belongs to.
    pub repository: Repository,
    /// Whether anyone may read the repository, according to GitHub's latest word.
    #[serde(default)]
    pub is_public: bool,
    /// The labels that it asks for.
    pub labels: Labels,
    /// The runner of ours that took it, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerId>,
    /// When it was first recorded.
    pub seen_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// When a webhook last repeated that it waits for a runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// When GitHub was last asked about it in its current state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// How many runners were counted out because they listened in vain for it.
    #[serde(default)]
    pub passed_over: u32,
    /// Why nothing of ours can serve it, most likely; only if it is Unserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unserved: Option<UnservedReason>,
    /// When it reached each of its points.
    #[serde(default, skip_serializing_if = "JobTimes::is_empty")]
    pub times: JobTimes,
    /// How often it was written; 0 if never.
    pub version: u64,
}

impl Job {
    /// A job that comes to this state now and has never been written, with no more than every job has.
    pub fn new(id: JobId, state: JobState, repository: Repository, labels: Labels, now: Timestamp) -> Self {
        Self {
            id,
            state,
            pool: None,
            repository,
            is_public: false,
            labels,
            runner: None,
            seen_at: now,
            changed_at: now,
            heard_at: None,
            read_at: None,
            passed_over: 0,
            unserved: None,
            times: JobTimes::default(),
            version: 0,
        }
    }
}

/// The most likely reason why GitHub gives a job to no runner that could serve it (GitHub: "Managing access
/// to self-hosted runners using groups").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnservedReason {
    /// Its repository is public, and the runner group refuses public repositories, as groups do by default.
    PublicRepository,
    /// Its repository is not among those that the runner group serves.
    RunnerGroup,
}

/// What is wrong, and what to do.
impl fmt::Display for UnservedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicRepository => {
                "its repository is public, and the runner group most likely refuses those: allow public \
                 repositories in the settings of the group"
            }
            Self::RunnerGroup => {
                "the runner group is most likely not for its repository: add it in the settings of the group"
            }
        })
    }
}

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

/// How long a runner without a JIT config may take from its reservation to its first question, and from one
/// question to the next.
pub const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

/// How long a runner may take from its task's capacity to its first question, and from one question to the
/// next. After that it is slow, and becomes Overdue if a job waits.
pub const SLOW: SignedDuration = SignedDuration::from_mins(3);

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

/// One stored item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// A pool's book.
    Book(Book),
    /// A job.
    Job(Job),
    /// A runner.
    Runner(Runner),
    /// Until when GitHub asks us to wait.
    Budget(Budget),
    /// How much was used of what all functions share. It has no version, because it is only ever added to.
    Meter(Reading),
    /// How far GitHub's list of webhook deliveries was read, and which deliveries failed.
    Deliveries(DeliveryCursor),
    /// What the reconciler suspects, and since when.
    Suspicions(Suspicions),
    /// Which repositories were searched for jobs, and when.
    Sweep(SweepCursor),
}

impl Item {
    /// Its key.
    pub fn key(&self) -> Key {
        match self {
            Self::Book(book) => Key::Book(book.pool.clone()),
            Self::Job(job) => Key::Job(job.id),
            Self::Runner(runner) => Key::Runner(runner.id.clone()),
            Self::Budget(_) => Key::Budget,
            Self::Meter(reading) => Key::Meter(reading.meter),
            Self::Deliveries(_) => Key::Deliveries,
            Self::Suspicions(_) => Key::Suspicions,
            Self::Sweep(_) => Key::Sweep,
        }
    }

    /// How often it was written.
    pub fn version(&self) -> u64 {
        match self {
            Self::Book(book) => book.version,
            Self::Job(job) => job.version,
            Self::Runner(runner) => runner.version,
            Self::Budget(budget) => budget.version,
            Self::Meter(_) => 0,
            Self::Deliveries(cursor) => cursor.version,
            Self::Suspicions(suspicions) => suspicions.version,
            Self::Sweep(cursor) => cursor.version,
        }
    }

    /// The book, if it is one.
    pub fn book(&self) -> Option<&Book> {
        if let Self::Book(book) = self { Some(book) } else { None }
    }

    /// The job, if it is one.
    pub fn job(&self) -> Option<&Job> {
        if let Self::Job(job) = self { Some(job) } else { None }
    }

    /// The runner, if it is one.
    pub fn runner(&self) -> Option<&Runner> {
        if let Self::Runner(runner) = self { Some(runner) } else { None }
    }

    /// The budget, if it is one.
    pub fn budget(&self) -> Option<&Budget> {
        if let Self::Budget(budget) = self { Some(budget) } else { None }
    }

    /// The reading of a meter, if it is one.
    pub fn reading(&self) -> Option<&Reading> {
        if let Self::Meter(reading) = self { Some(reading) } else { None }
    }

    /// The cursor of GitHub's deliveries, if it is one.
    pub fn deliveries(&self) -> Option<&DeliveryCursor> {
        if let Self::Deliveries(cursor) = self { Some(cursor) } else { None }
    }

    /// The suspicions, if it is those.
    pub fn suspicions(&self) -> Option<&Suspicions> {
        if let Self::Suspicions(suspicions) = self { Some(suspicions) } else { None }
    }

    /// The cursor of the sweeps, if it is one.
    pub fn sweep(&self) -> Option<&SweepCursor> {
        if let Self::Sweep(cursor) = self { Some(cursor) } else { None }
    }
}

/// One write of a transaction: the new item, on condition that the stored one still has the previous version
/// (or does not exist, if the new version is 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put(pub Item);

impl Put {
    /// The item's key.
    pub fn key(&self) -> Key {
        self.0.key()
    }

    /// The version that must be stored for the write to succeed; 0 for none.
    pub fn expected_version(&self) -> u64 {
        self.0.version().saturating_sub(1)
    }
}
