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
        }
    }
    totals
}
