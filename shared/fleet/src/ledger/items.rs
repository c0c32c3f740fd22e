//! What the ledger stores: jobs, runners and books, each under a key and with a version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Book, Budget, Key};
use crate::ids::{BootId, GithubRunnerId, JobId, PoolName, Repository, RunnerId};
use crate::label::Labels;

/// Most items that one transaction may write (DynamoDB: `TransactWriteItems`).
pub const TRANSACTION_LIMIT: usize = 100;

/// Most events that always fit into one transaction: each may write a job, a runner and the books
/// of the job's pool, the runner's and its capacity's.
pub const EVENTS_A_TRANSACTION: usize = TRANSACTION_LIMIT / 5;

/// How far a job is. A job only moves to a later state; a repair alone may move it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for a runner and counts in its pool's `queued`.
    Queued,
    /// Nothing of ours can serve it, and it no longer counts.
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
    /// The pool it was routed to, in whose book it counts while it is queued.
    pub pool: PoolName,
    /// The repository it belongs to.
    pub repository: Repository,
    /// What it asks for.
    pub labels: Labels,
    /// The runner of ours that took it, once one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<RunnerId>,
    /// When it was written down first.
    pub seen_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
    /// How often it was written; 0 before the first time.
    pub version: u64,
}

/// How far a runner is. It only moves forward, but for Leaving, which a job may still overtake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// Reserved: its task is asked for, starts, or waits for its JIT config.
    Starting,
    /// Registered at GitHub, without a job as far as we know.
    Idle,
    /// It has begun a job. Nobody of us stops it.
    Busy,
    /// It was told to leave, or will be at its next question.
    Leaving,
    /// Its task has stopped, or never was.
    Stopped,
}

impl RunnerState {
    /// Whether the runner counts in `supply`: it will take a job, or keep waiting for one.
    pub fn is_supply(self) -> bool {
        matches!(self, Self::Starting | Self::Idle)
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
    /// The pool whose capacity it uses, in whose `live` it counts; another one than `pool` when a
    /// fallback runs it.
    pub capacity: PoolName,
    /// The boot id of the first claim, to which later ones are held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<BootId>,
    /// GitHub's id of its registration, stored when it got its JIT config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_id: Option<GithubRunnerId>,
    /// Whether its first release has closed its claim for ever.
    #[serde(default)]
    pub claim_closed: bool,
    /// When it was reserved.
    pub reserved_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
    /// How often it was written; 0 before the first time.
    pub version: u64,
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
    /// The calls to GitHub that may still be made.
    Budget(Budget),
}

impl Item {
    /// What it is stored under.
    pub fn key(&self) -> Key {
        match self {
            Self::Book(book) => Key::Book(book.pool.clone()),
            Self::Job(job) => Key::Job(job.id),
            Self::Runner(runner) => Key::Runner(runner.id.clone()),
            Self::Budget(_) => Key::Budget,
        }
    }

    /// How often it was written.
    pub fn version(&self) -> u64 {
        match self {
            Self::Book(book) => book.version,
            Self::Job(job) => job.version,
            Self::Runner(runner) => runner.version,
            Self::Budget(budget) => budget.version,
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
