//! What the ledger stores: each item has a key and a version, and is written on condition of both.

use serde::{Deserialize, Serialize};

use super::{Book, Budget, Job, Key, Reading, Runner};
use crate::delivery::DeliveryCursor;
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
