//! What the ledger's sparse index lists, and which items are in it.

use std::fmt;

use jiff::Timestamp;

use super::{Item, JobState, RunnerState};
use crate::ids::PoolName;

/// What the ledger's index lists. It displays as the index's partition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Listing {
    /// Every book, in any order: of pools that are in the map or once were.
    Books,
    /// The jobs that were routed to a pool and are Queued or in progress.
    OpenJobs(PoolName),
    /// The jobs of all pools that are Waiting or Unserved: they count nowhere, and there are few.
    WaitingJobs,
    /// The runners of a pool (the one whose labels they have) that come or go: Starting, Idle but never
    /// listening, Overdue, Leaving. The scheduler looks at these each minute. Stopped runners are in no
    /// listing.
    Moving(PoolName),
    /// The runners of a pool that serve: Busy, or Idle with a listener that was up.
    Serving(PoolName),
    /// Where the previous version also listed a pool's runners and jobs, with one listing for each state.
    /// Nothing is written there any more: an item moves to its current listing when it is next written.
    Earlier(PoolName, EarlierListing),
}

/// The earlier listings of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EarlierListing {
    /// Runners Idle that have never listened.
    Called,
    /// Runners Idle that have listened.
    Idle,
    /// Runners Overdue.
    Overdue,
    /// Runners Leaving.
    Leaving,
    /// Jobs in progress.
    JobsInProgress,
}

impl Listing {
    /// The listings that hold every runner of a pool that is not Stopped.
    pub fn live_runners(pool: &PoolName) -> [Self; 2] {
        [Self::Moving(pool.clone()), Self::Serving(pool.clone())]
    }

    /// The earlier listings in which a pool's runners may still be until they are next written.
    pub fn earlier(pool: &PoolName) -> [Self; 4] {
        use EarlierListing::{Called, Idle, Leaving, Overdue};
        [Called, Idle, Overdue, Leaving].map(|listing| Self::Earlier(pool.clone(), listing))
    }

    /// The listing that an item is in, if any, and since when, which is the order of the listing. A book's
    /// moment never changes, nor does that of a runner or of an open job: each move of an entry costs a
    /// write, so an item that is written again in the same listing stays in its place.
    pub fn of(item: &Item) -> Option<(Self, Timestamp)> {
        match item {
            // A job without a pool is on another system's runner, and nothing of ours depends on its end.
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
            // These words contain a state, so what the previous version listed under it is found.
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

    /// The previous version had one listing for each state, and one for Idle runners that had not listened.
    #[test]
    fn wherever_the_previous_version_listed_a_runner_it_is_still_found() {
        let pool = PoolName::new("ec2-x64").unwrap();
        let (today, earlier) = (Listing::live_runners(&pool), Listing::earlier(&pool));
        let mut found: Vec<String> = today.iter().chain(&earlier).map(Listing::to_string).collect();
        found.sort();
        let before = ["busy", "called", "idle", "leaving", "overdue", "starting"];
        assert_eq!(found, before.map(|word| format!("runner#{word}#ec2-x64")));
    }
}
