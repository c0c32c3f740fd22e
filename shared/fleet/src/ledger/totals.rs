//! What items count in the books: the one rule. Every change of a book is a difference of it.

use std::collections::BTreeMap;
use std::ops::{AddAssign, SubAssign};

use serde::{Deserialize, Serialize};

use super::{Book, Item, Job, JobState, Runner, RunnerState};
use crate::ids::PoolName;

/// The totals of a pool that follow from its items, or a change to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Totals {
    /// Jobs Queued.
    pub queued: i64,
    /// Runners Starting or Idle with the pool's labels.
    pub supply: i64,
    /// Runners Idle with the pool's labels.
    pub idle: i64,
    /// Runners not Stopped on the pool's capacity.
    pub live: i64,
}

impl From<&Book> for Totals {
    fn from(book: &Book) -> Self {
        Self { queued: book.queued, supply: book.supply, idle: book.idle, live: book.live }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Self) {
        self.queued += more.queued;
        self.supply += more.supply;
        self.idle += more.idle;
        self.live += more.live;
    }
}

impl SubAssign for Totals {
    fn sub_assign(&mut self, less: Self) {
        self.queued -= less.queued;
        self.supply -= less.supply;
        self.idle -= less.idle;
        self.live -= less.live;
    }
}

impl Job {
    /// What it counts in its pool's book.
    pub fn counts(&self) -> Option<(&PoolName, Totals)> {
        let queued = i64::from(self.state == JobState::Queued);
        self.pool.as_ref().map(|pool| (pool, Totals { queued, ..Totals::default() }))
    }
}

impl Runner {
    /// What it counts: supply and idle in the book of the pool whose labels it has, live in its capacity's
    /// book.
    pub fn counts(&self) -> [(&PoolName, Totals); 2] {
        let supply = i64::from(self.state.is_supply());
        let idle = i64::from(self.state == RunnerState::Idle);
        let live = i64::from(self.state.is_live());
        [
            (&self.pool, Totals { supply, idle, ..Totals::default() }),
            (&self.capacity, Totals { live, ..Totals::default() }),
        ]
    }
}

impl Item {
    /// What it counts, and in which book. A book counts nothing, in its own.
    pub fn counts(&self) -> impl Iterator<Item = (&PoolName, Totals)> {
        let job = self.job().and_then(Job::counts);
        let runner = self.runner().map(Runner::counts);
        let book = self.book().map(|book| (&book.pool, Totals::default()));
        job.into_iter().chain(runner.into_iter().flatten()).chain(book)
    }
}

/// How the books change if an item that counted `before` now counts `after`.
pub fn difference<'a>(
    before: impl IntoIterator<Item = (&'a PoolName, Totals)>,
    after: impl IntoIterator<Item = (&'a PoolName, Totals)>,
) -> Vec<(PoolName, Totals)> {
    let mut changes: Vec<(PoolName, Totals)> = Vec::new();
    let mut change = |pool: &PoolName, apply: fn(&mut Totals, Totals), by: Totals| {
        let known = changes.iter().position(|(known, _)| known == pool);
        let place = known.unwrap_or_else(|| {
            changes.push((pool.clone(), Totals::default()));
            changes.len() - 1
        });
        if let Some((_, totals)) = changes.get_mut(place) {
            apply(totals, by);
        }
    };
    before.into_iter().for_each(|(pool, totals)| change(pool, SubAssign::sub_assign, totals));
    after.into_iter().for_each(|(pool, totals)| change(pool, AddAssign::add_assign, totals));
    changes.retain(|(_, totals)| *totals != Totals::default());
    changes
}

/// Adds up, from all items, what every pool's book should say.
pub fn recount<'a>(items: impl IntoIterator<Item = &'a Item>) -> BTreeMap<PoolName, Totals> {
    let mut totals: BTreeMap<PoolName, Totals> = BTreeMap::new();
    for (pool, counts) in items.into_iter().flat_map(Item::counts) {
        *totals.entry(pool.clone()).or_default() += counts;
    }
    totals
}
