//! Recounts books from the items, to hold the two against each other.

use std::collections::BTreeMap;

use super::{Book, Item, JobState};
use crate::ids::PoolName;

/// The totals of a pool that follow from its items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Jobs Queued.
    pub queued: i64,
    /// Runners Starting or Idle with the pool's labels.
    pub supply: i64,
    /// Runners not Stopped on the pool's capacity.
    pub live: i64,
}

impl From<&Book> for Totals {
    fn from(book: &Book) -> Self {
        Self { queued: book.queued, supply: book.supply, live: book.live }
    }
}

/// Adds up what every pool's book should say, from all the items there are.
pub fn recount<'a>(items: impl IntoIterator<Item = &'a Item>) -> BTreeMap<PoolName, Totals> {
    let mut totals: BTreeMap<PoolName, Totals> = BTreeMap::new();
    for item in items {
        match item {
            Item::Job(job) => {
                totals.entry(job.pool.clone()).or_default().queued +=
                    i64::from(job.state == JobState::Queued);
            }
            Item::Runner(runner) => {
                totals.entry(runner.pool.clone()).or_default().supply += i64::from(runner.state.is_supply());
                totals.entry(runner.capacity.clone()).or_default().live += i64::from(runner.state.is_live());
            }
            Item::Book(book) => drop(totals.entry(book.pool.clone()).or_default()),
            Item::Budget(_) => {}
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::{at, bounds, job_event, pool, pool_map, runner_id};
    use crate::ledger::{Entries, Event, Job, JobAction, Runner, RunnerState};

    /// One job and one runner, in whatever states, with the books that were written with them.
    fn items(job: JobState, runner: RunnerState) -> Vec<Item> {
        let mut entries = Entries::default();
        let pools = pool_map(&[("spot", None, 5), ("plain", None, 5), ("idle", None, 5)]);
        entries.open_books(&["spot", "plain", "idle"].map(pool).into(), &pools);
        entries.apply(&bounds("idle", 1, 5), at(0));
        entries.apply(&Event::Job(job_event(JobAction::Queued, 1, "spot")), at(0));
        entries.reserve(runner_id(1), &pool("spot"), &pool("plain"), at(0));
        let moved = |item| match item {
            Item::Job(it) => Item::Job(Job { state: job, ..it }),
            Item::Runner(it) => Item::Runner(Runner { state: runner, ..it }),
            other => other,
        };
        entries.puts().into_iter().map(|put| moved(put.0)).collect()
    }

    #[test]
    fn a_job_counts_while_it_waits() {
        for (state, queued) in [
            (JobState::Queued, 1),
            (JobState::Unserved, 0),
            (JobState::InProgress, 0),
            (JobState::Completed, 0),
        ] {
            let totals = recount(&items(state, RunnerState::Stopped));
            assert_eq!(totals[&pool("spot")].queued, queued, "{state:?}");
        }
    }

    #[test]
    fn a_runner_counts_in_its_pools_supply_and_lives_on_its_capacity() {
        for (state, supply, live) in [
            (RunnerState::Starting, 1, 1),
            (RunnerState::Idle, 1, 1),
            (RunnerState::Busy, 0, 1),
            (RunnerState::Leaving, 0, 1),
            (RunnerState::Stopped, 0, 0),
        ] {
            let totals = recount(&items(JobState::Completed, state));
            assert_eq!(totals[&pool("spot")], Totals { supply, ..Totals::default() }, "{state:?}");
            assert_eq!(totals[&pool("plain")], Totals { live, ..Totals::default() }, "{state:?}");
            assert_eq!(totals[&pool("idle")], Totals::default(), "a book without items counts nothing");
        }
    }
}
