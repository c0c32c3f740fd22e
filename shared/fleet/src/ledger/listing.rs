//! What the ledger's sparse index lists, and which items are in it.

use std::fmt;

use jiff::Timestamp;

use super::{Item, JobState, RunnerState};
use crate::ids::PoolName;

/// What the ledger's index lists. It displays as the index's partition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Listing {
    /// Every book, in any order: of the pools of the map, and of those that it once had.
    Books,
    /// The jobs that are Queued in a pool.
    QueuedJobs(PoolName),
    /// The jobs in progress that were routed to a pool.
    JobsInProgress(PoolName),
    /// The jobs that are Waiting or Unserved, of all pools: they count nowhere, and there are few.
    WaitingJobs,
    /// The runners of a pool, by the pool whose labels they carry, that are in a state: of the Idle ones
    /// those that have listened. Stopped ones are not in the index.
    Runners(PoolName, RunnerState),
    /// The runners of a pool that are Idle and have not listened yet.
    Called(PoolName),
}

/// The states of a runner that is in the index, of an Idle one those that have listened.
const LIVE: [RunnerState; 5] =
    [RunnerState::Starting, RunnerState::Idle, RunnerState::Overdue, RunnerState::Busy, RunnerState::Leaving];

impl Listing {
    /// Where every runner of a pool is listed that is not Stopped.
    pub fn live_runners(pool: &PoolName) -> impl Iterator<Item = Self> {
        let called = Self::Called(pool.clone());
        let pool = pool.clone();
        LIVE.into_iter().map(move |state| Self::Runners(pool.clone(), state)).chain([called])
    }

    /// The listing that an item is in, if it is in one, and since when: listings are in that order. A
    /// book's moment is always the same, so that a book that is written again leaves the index as it is.
    pub fn of(item: &Item) -> Option<(Self, Timestamp)> {
        match item {
            Item::Job(job) if job.state == JobState::Queued => {
                Some((Self::QueuedJobs(job.pool.clone()?), job.changed_at))
            }
            // One without a pool is at somebody else's runner, and nothing of ours follows from its end.
            Item::Job(job) if job.state == JobState::InProgress => {
                Some((Self::JobsInProgress(job.pool.clone()?), job.changed_at))
            }
            Item::Job(job) if matches!(job.state, JobState::Waiting | JobState::Unserved) => {
                Some((Self::WaitingJobs, job.changed_at))
            }
            Item::Runner(runner) if runner.is_called() => {
                Some((Self::Called(runner.pool.clone()), runner.changed_at))
            }
            Item::Runner(runner) if runner.state != RunnerState::Stopped => {
                Some((Self::Runners(runner.pool.clone(), runner.state), runner.changed_at))
            }
            Item::Book(_) => Some((Self::Books, Timestamp::UNIX_EPOCH)),
            Item::Job(_)
            | Item::Runner(_)
            | Item::Budget(_)
            | Item::Meter(_)
            | Item::Deliveries(_)
            | Item::Suspicions(_)
            | Item::Sweep(_) => None,
        }
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Books => f.write_str("book"),
            Self::QueuedJobs(pool) => write!(f, "job#queued#{pool}"),
            Self::JobsInProgress(pool) => write!(f, "job#in_progress#{pool}"),
            Self::WaitingJobs => f.write_str("job#waiting"),
            Self::Called(pool) => write!(f, "runner#called#{pool}"),
            Self::Runners(pool, state) => write!(f, "runner#{}#{pool}", word(*state)),
        }
    }
}

fn word(state: RunnerState) -> &'static str {
    match state {
        RunnerState::Starting => "starting",
        RunnerState::Idle => "idle",
        RunnerState::Overdue => "overdue",
        RunnerState::Busy => "busy",
        RunnerState::Leaving => "leaving",
        RunnerState::Stopped => "stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_displays_with_the_states_own_word() {
        let pool = PoolName::new("ec2-x64").unwrap();
        assert_eq!(Listing::Books.to_string(), "book");
        assert_eq!(Listing::QueuedJobs(pool.clone()).to_string(), "job#queued#ec2-x64");
        assert_eq!(Listing::JobsInProgress(pool.clone()).to_string(), "job#in_progress#ec2-x64");
        assert_eq!(Listing::WaitingJobs.to_string(), "job#waiting");
        assert_eq!(Listing::Called(pool.clone()).to_string(), "runner#called#ec2-x64");
        for state in [
            RunnerState::Starting,
            RunnerState::Idle,
            RunnerState::Overdue,
            RunnerState::Busy,
            RunnerState::Leaving,
            RunnerState::Stopped,
        ] {
            let stored = serde_json::to_value(state).unwrap();
            let expected = format!("runner#{}#ec2-x64", stored.as_str().unwrap());
            assert_eq!(Listing::Runners(pool.clone(), state).to_string(), expected);
        }
    }
}
