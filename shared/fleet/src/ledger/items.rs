//! What the ledger stores: jobs, runners and books, each under a key and with a version.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Book, Budget, JobTimes, Key, Reading, StartTimes};
use crate::delivery::DeliveryCursor;
use crate::ids::{BootDigest, GithubRunnerId, JobId, PoolName, Repository, RunnerId};
use crate::label::Labels;
use crate::repair::suspicion::Suspicions;
use crate::sweep::SweepCursor;
use crate::version::Version;

/// Most items that one transaction may write (DynamoDB: `TransactWriteItems`).
pub const TRANSACTION_LIMIT: usize = 100;

/// Most events that always fit into one transaction: each may write a job, a runner and the books
/// of the job's pool, the runner's and its capacity's.
pub const EVENTS_A_TRANSACTION: usize = TRANSACTION_LIMIT / 5;

/// The version of the form that items are stored in.
pub type ItemVersion = Version<1>;

/// How far a job is. A job only moves to a later state, but for a Queued one that GitHub says is Waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for an approval, as GitHub says, and counts nowhere.
    Waiting,
    /// It waits for a runner and counts in its pool's `queued`.
    Queued,
    /// Runners of ours that could serve it have waited beside it, and GitHub gave it to none: it no longer
    /// counts.
    Unserved,
    /// A runner has taken it.
    InProgress,
    /// It has ended, one way or another.
    Completed,
}

/// A workflow job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// GitHub's id of it.
    pub id: JobId,
    /// How far it is.
    pub state: JobState,
    /// The pool it was routed to, in whose book it counts while it is queued. `None` of a job that was begun or
    /// ended when nobody here knew it, and that no pool served: it is kept so that a late event counts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
    /// The repository it belongs to.
    pub repository: Repository,
    /// Whether everybody may read the repository, as GitHub said last.
    #[serde(default)]
    pub is_public: bool,
    /// What it asks for.
    pub labels: Labels,
    /// The runner of ours that took it, once one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerId>,
    /// When it was written down first.
    pub seen_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
    /// When a webhook said last that it waits for a runner, though it did already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// When GitHub was asked for it last, since it came to its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// How many runners were counted out that had listened beside it and were given no job.
    #[serde(default)]
    pub passed_over: u32,
    /// Why nothing of ours can serve it, as far as anybody can tell; of an Unserved one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unserved: Option<UnservedReason>,
    /// When it came to each of its points.
    #[serde(default, skip_serializing_if = "JobTimes::is_empty")]
    pub times: JobTimes,
    /// How often it was written; 0 before the first time.
    pub version: u64,
}

/// Why GitHub gives a job to no runner that could serve it, most likely (GitHub: "Managing access to
/// self-hosted runners using groups").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnservedReason {
    /// Its repository is public, and the runner group refuses public repositories, as groups do by default.
    PublicRepository,
    /// Its repository is not among those that the runner group is for.
    RunnerGroup,
}

/// What is wrong, and the way out.
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

/// How far a runner is. It only moves forward, but for Leaving, which a job may still overtake, and for
/// Overdue, from which a question brings it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// Reserved: its task is asked for, or starts, and has not asked for anything.
    Starting,
    /// It is to have a JIT config, or has one, and has no job as far as we know.
    Idle,
    /// It has not come up in its time, and another one was reserved beside it.
    Overdue,
    /// It has begun a job. Nobody of us stops it.
    Busy,
    /// It got the answer "leave", or gets it at its next question.
    Leaving,
    /// Its task has stopped, or never was.
    Stopped,
}

impl RunnerState {
    /// Whether the runner counts in `supply`: it will take a job, or keep waiting for one.
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
    /// Our id of it.
    pub id: RunnerId,
    /// How far it is.
    pub state: RunnerState,
    /// The pool whose labels it carries, in whose `supply` it counts.
    pub pool: PoolName,
    /// The pool whose capacity provider runs its task, and in whose `live` it counts. It differs from `pool`
    /// when a fallback runs it.
    pub capacity: PoolName,
    /// The boot that it is bound to: the one that asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<BootDigest>,
    /// When that boot asked last without a listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// GitHub's id of its registration, stored before its JIT config is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_id: Option<GithubRunnerId>,
    /// The job that it has, once an event said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Whether its listener was up: it gets no other JIT config then.
    #[serde(default)]
    pub listened: bool,
    /// When it became Overdue, which it does once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<Timestamp>,
    /// Why `RunTask` put its launch off last, in ECS's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_off: Option<String>,
    /// Why it leaves, or left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<LeaveReason>,
    /// When its start came to each of its points.
    #[serde(default, skip_serializing_if = "StartTimes::is_empty")]
    pub times: StartTimes,
    /// When it was reserved.
    pub reserved_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
    /// How often it was written; 0 before the first time.
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

    /// Whether it was never answered a JIT config, so that no job of GitHub's can be with it.
    pub fn has_no_config(&self) -> bool {
        self.github_id.is_none()
    }

    /// How long nothing was heard of it, while it has no listener: since its last question, or its
    /// reservation.
    pub fn silence(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.asked_at.unwrap_or(self.reserved_at)).max(SignedDuration::ZERO)
    }

    /// Whether it came to its boot limit: it has neither a JIT config nor asked for one in this time.
    pub fn is_past_its_boot_limit(&self, now: Timestamp) -> bool {
        self.state.is_on_its_way() && self.has_no_config() && self.silence(now) >= BOOT_LIMIT
    }

    /// Whether it is to have a JIT config, or has one, and its listener was never up.
    pub fn is_called(&self) -> bool {
        self.state == RunnerState::Idle && !self.listened
    }

    /// Whether it is called, and has not asked for so long that it is slow.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.is_called() && self.silence(now) >= SLOW
    }
}

/// How long a runner without a JIT config may take: from its reservation to its first question, and from
/// one question to the next.
pub const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

/// How long a runner may take, from its task's capacity to its first question and from one question to
/// the next, before it is slow: then it is Overdue while a job waits beside it.
pub const SLOW: SignedDuration = SignedDuration::from_mins(3);

/// Why a runner leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// Its pool had runners enough when it asked.
    NotNeeded,
    /// Its pool was out of the map when it asked.
    PoolClosed,
    /// It had listened, and asked for another JIT config: there is one for each task.
    ConfigUsed,
    /// GitHub said that it has a job, and it had no worker process for two minutes.
    NoWorker,
    /// Another boot showed its ticket: one of the two is a thief.
    AnotherBoot,
    /// It was fenced before it had a JIT config, because it was not needed.
    Fenced,
    /// The same, because ECS found no capacity for it.
    NoCapacity,
    /// The same, because it did not come up, or could not be launched in its time.
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
    /// Until when GitHub wants to be left alone.
    Budget(Budget),
    /// How much was used of what all functions share. It has no version: it is only ever added to.
    Meter(Reading),
    /// How far GitHub's list of webhook deliveries was read, and which failed.
    Deliveries(DeliveryCursor),
    /// What the reconciler suspects, and since when.
    Suspicions(Suspicions),
    /// Which repositories were looked through for jobs, and when.
    Sweep(SweepCursor),
}

impl Item {
    /// What it is stored under.
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

    /// What is suspected, if it is that.
    pub fn suspicions(&self) -> Option<&Suspicions> {
        if let Self::Suspicions(suspicions) = self { Some(suspicions) } else { None }
    }

    /// The cursor of the sweeps, if it is one.
    pub fn sweep(&self) -> Option<&SweepCursor> {
        if let Self::Sweep(cursor) = self { Some(cursor) } else { None }
    }
}

/// One write of a transaction: the item as it shall be, if what is stored is still the version
/// before it (nothing at all, where the item's version is 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put(pub Item);

impl Put {
    /// What the item is stored under.
    pub fn key(&self) -> Key {
        self.0.key()
    }

    /// The version that must be stored for the write to go through; 0 for none.
    pub fn expected_version(&self) -> u64 {
        self.0.version().saturating_sub(1)
    }
}
