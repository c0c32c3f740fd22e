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
    /// The jobs that were routed to a pool and are Queued, or in progress.
    OpenJobs(PoolName),
    /// The jobs that are Waiting or Unserved, of all pools: they count nowhere, and there are few.
    WaitingJobs,
    /// The runners of a pool, by the pool whose labels they carry, that come or go: Starting, Idle without
    /// having listened, Overdue, Leaving. The scheduler looks at these each minute. Stopped ones are in no listing.
    Moving(PoolName),
    /// The runners of a pool that serve: Idle ones that have listened, and Busy ones.
    Serving(PoolName),
    /// Where the version before this one listed runners and jobs of a pool too, by a state of theirs each. Nothing
    /// is written there any longer: an item that is written goes to its listing of today.
    Earlier(PoolName, EarlierListing),
}

/// The listings of states that there were, and that are no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EarlierListing {
    /// Runners Idle, without having listened.
    Called,
    /// Runners Idle, having listened.
    Idle,
    /// Runners Overdue.
    Overdue,
    /// Runners Leaving.
    Leaving,
    /// Jobs in progress.
    JobsInProgress,
}

impl Listing {
    /// Where every runner of a pool is listed that is not Stopped.
    pub fn live_runners(pool: &PoolName) -> [Self; 2] {
        [Self::Moving(pool.clone()), Self::Serving(pool.clone())]
    }

    /// Where runners of a pool may be listed beside that, until they are written again.
    pub fn earlier(pool: &PoolName) -> [Self; 4] {
        use EarlierListing::{Called, Idle, Leaving, Overdue};
        [Called, Idle, Overdue, Leaving].map(|listing| Self::Earlier(pool.clone(), listing))
    }

    /// The listing that an item is in, if it is in one, and since when: listings are in that order. A book's
    /// moment is always the same, and so is that of a runner, and of an open job: each move of an entry is written and paid for, so one that
    /// is written again in the same listing stays where it is.
    pub fn of(item: &Item) -> Option<(Self, Timestamp)> {
        match item {
            // One without a pool is at somebody else's runner, and nothing of ours follows from its end.
            Item::Job(job) if matches!(job.state, JobState::Queued | JobState::InProgress) => {
                Some((Self::OpenJobs(job.pool.clone()?), job.seen_at))
            }
            Item::Job(job) if matches!(job.state, JobState::Waiting | JobState::Unserved) => {
                Some((Self::WaitingJobs, job.changed_at))
            }
            Item::Runner(runner) => match runner.state {
                RunnerState::Starting | RunnerState::Overdue | RunnerState::Leaving => {
                    Some((Self::Moving(runner.pool.clone()), runner.reserved_at))
                }
                RunnerState::Idle if !runner.listened => {
                    Some((Self::Moving(runner.pool.clone()), runner.reserved_at))
                }
                RunnerState::Idle | RunnerState::Busy => {
                    Some((Self::Serving(runner.pool.clone()), runner.reserved_at))
                }
                RunnerState::Stopped => None,
            },
            Item::Book(_) => Some((Self::Books, Timestamp::UNIX_EPOCH)),
            Item::Job(_)
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
            Self::OpenJobs(pool) => write!(f, "job#queued#{pool}"),
            Self::WaitingJobs => f.write_str("job#waiting"),
            // The words of a state that is in them: what the version before listed there is found there.
            Self::Moving(pool) => write!(f, "runner#starting#{pool}"),
            Self::Serving(pool) => write!(f, "runner#busy#{pool}"),
            Self::Earlier(pool, EarlierListing::Called) => write!(f, "runner#called#{pool}"),
            Self::Earlier(pool, EarlierListing::Idle) => write!(f, "runner#idle#{pool}"),
            Self::Earlier(pool, EarlierListing::Overdue) => write!(f, "runner#overdue#{pool}"),
            Self::Earlier(pool, EarlierListing::JobsInProgress) => write!(f, "job#in_progress#{pool}"),
            Self::Earlier(pool, EarlierListing::Leaving) => write!(f, "runner#leaving#{pool}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_displays_as_the_key_of_the_index() {
        let pool = PoolName::new("ec2-x64").unwrap();
        assert_eq!(Listing::Books.to_string(), "book");
        assert_eq!(Listing::OpenJobs(pool.clone()).to_string(), "job#queued#ec2-x64");
        let in_progress = Listing::Earlier(pool.clone(), EarlierListing::JobsInProgress);
        assert_eq!(in_progress.to_string(), "job#in_progress#ec2-x64");
        assert_eq!(Listing::WaitingJobs.to_string(), "job#waiting");
        assert_eq!(Listing::Moving(pool.clone()).to_string(), "runner#starting#ec2-x64");
        assert_eq!(Listing::Serving(pool.clone()).to_string(), "runner#busy#ec2-x64");
    }

    /// The version before had a listing for each state, and one for those Idle that had not listened.
    #[test]
    fn wherever_the_version_before_listed_a_runner_it_is_still_looked_for() {
        let pool = PoolName::new("ec2-x64").unwrap();
        let (today, earlier) = (Listing::live_runners(&pool), Listing::earlier(&pool));
        let mut found: Vec<String> = today.iter().chain(&earlier).map(Listing::to_string).collect();
        found.sort();
        let before = ["busy", "called", "idle", "leaving", "overdue", "starting"];
        assert_eq!(found, before.map(|word| format!("runner#{word}#ec2-x64")));
    }
}
