//! A ledger in which each posting is a transaction of its own, written at once.

use std::collections::{BTreeMap, BTreeSet};

use fleet::ledger::{Book, Entries, Event, Item, Job, Key, Runner, RunnerEvent, Tidings};
use fleet::{JobId, PoolMap};
use kit::ledger::{at, pool, pool_map, runner_id};

/// What is stored, and the map of pools.
pub(crate) struct Written {
    items: BTreeMap<Key, Item>,
    pools: PoolMap,
}

/// The result of a posting.
pub(crate) struct PostedEvents {
    pub(crate) tidings: Tidings,
    /// What was written.
    pub(crate) wrote: BTreeSet<Key>,
}

impl Written {
    /// Two pools: `spot` with a maximum of 9 falls back on `plain` with one of 9.
    pub(crate) fn new() -> Self {
        let pools = pool_map(&[("spot", Some("plain"), 9), ("plain", None, 9)]);
        Self { items: BTreeMap::new(), pools }
    }

    /// The same, with this item.
    pub(crate) fn with(item: Item) -> Self {
        let mut ledger = Self::new();
        ledger.items.insert(item.key(), item);
        ledger
    }

    /// Posts an event, this number of seconds after the start.
    pub(crate) fn post(&mut self, event: &Event, seconds: i64) -> PostedEvents {
        let mut entries = self.entries();
        entries.apply(event, at(seconds));
        let wrote = self.write(&entries);
        PostedEvents { tidings: entries.tidings().clone(), wrote }
    }

    /// Posts an event of a runner, by the runner's number.
    pub(crate) fn says(&mut self, runner: u128, event: RunnerEvent, seconds: i64) -> PostedEvents {
        self.post(&Event::Runner(runner_id(runner), event), seconds)
    }

    /// Reserves a runner of `spot` on this capacity.
    pub(crate) fn reserve(&mut self, runner: u128, capacity: &str, seconds: i64) {
        let mut entries = self.entries();
        entries.reserve(runner_id(runner), &pool("spot"), &pool(capacity), at(seconds));
        self.write(&entries);
    }

    pub(crate) fn book(&self, name: &str) -> &Book {
        self.items.get(&Key::Book(pool(name))).and_then(Item::book).expect("it was written")
    }

    pub(crate) fn job(&self, job: u64) -> &Job {
        self.items.get(&Key::Job(JobId(job))).and_then(Item::job).expect("it was written")
    }

    pub(crate) fn runner(&self, runner: u128) -> &Runner {
        self.items.get(&Key::Runner(runner_id(runner))).and_then(Item::runner).expect("it was written")
    }

    fn entries(&self) -> Entries {
        let mut entries = Entries::default();
        entries.extend(self.items.values().cloned());
        entries.open_books(&[pool("spot"), pool("plain")].into(), &self.pools);
        entries
    }

    fn write(&mut self, entries: &Entries) -> BTreeSet<Key> {
        let puts = entries.puts();
        let wrote = puts.iter().map(|put| put.0.key()).collect();
        self.items.extend(puts.into_iter().map(|put| (put.0.key(), put.0)));
        wrote
    }
}
