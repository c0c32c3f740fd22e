//! A table of items, and everything that must hold after each change.

use std::collections::{BTreeMap, BTreeSet};

use fleet::ledger::settle::settle;
use fleet::ledger::{Entries, Event, Item, Job, JobState, Key, Permits, RunnerState, Totals, recount};
use fleet::{JobId, PoolName};

use super::history::RUNNERS;
use super::rules::CheckedEvent;
use super::{MAP, at, names, pool, runner_id};

/// All items.
pub(super) type Items = BTreeMap<Key, Item>;

#[derive(Default)]
pub(super) struct CheckedTable {
    items: Items,
    reached: BTreeSet<RunnerState>,
    launched: usize,
    minutes: i64,
}

impl CheckedTable {
    /// The table at the beginning of a history.
    pub(super) fn with_runners() -> Self {
        let mut table = Self::default();
        let mut entries = table.entries();
        for (number, (name, capacity)) in RUNNERS.into_iter().enumerate() {
            entries.reserve(runner_id(number), &pool(name), &pool(capacity), at(0));
        }
        table.items = table.with(&entries);
        table
    }

    /// Runs events through the table, some of them a transaction, each of which ends with a
    /// settlement. A minute passes from one to the next.
    pub(super) fn run(&mut self, events: &[Event], batch: usize) {
        for batch in events.chunks(batch) {
            let mut entries = self.apply(batch);
            let before = live(&entries);
            let fresh = || {
                self.launched += 1;
                runner_id(1000 + self.launched)
            };
            settle(&mut entries, &names(), &MAP, at(self.minutes), &mut Permits::for_any(&MAP), fresh);
            assert_within_maximum(&entries, &before);
            self.items = self.with(&entries);
        }
    }

    /// Runs events through the table, and settles nothing.
    pub(super) fn redeliver(&mut self, events: &[Event]) {
        let entries = self.apply(events);
        self.items = self.with(&entries);
    }

    /// Everything that matters: neither the time of a job's last event, nor how often it was written.
    pub(super) fn settled(&self) -> Items {
        let settled = |item: &Item| match item {
            Item::Job(job) => Item::Job(Job { heard_at: None, version: 0, ..job.clone() }),
            other => other.clone(),
        };
        self.items.iter().map(|(key, item)| (key.clone(), settled(item))).collect()
    }

    /// The states that some runner has been in.
    pub(super) fn reached(&self) -> BTreeSet<RunnerState> {
        self.reached.clone()
    }

    pub(super) fn jobs(&self) -> BTreeMap<JobId, JobState> {
        let job = |item: &Item| match item {
            Item::Job(job) => Some((job.id, job.state)),
            _ => None,
        };
        self.items.values().filter_map(job).collect()
    }

    fn entries(&self) -> Entries {
        let mut entries = Entries::default();
        entries.extend(self.items.values().cloned());
        entries.open_books(&names(), &MAP);
        entries
    }

    /// Applies events one after the other, and checks the table after each.
    fn apply(&mut self, events: &[Event]) -> Entries {
        self.minutes += 1;
        let mut entries = self.entries();
        let mut before = self.items.clone();
        for event in events {
            let now = at(self.minutes);
            let answer = entries.apply(event, now);
            let after = self.with(&entries);
            CheckedEvent { event, answer, before: &before, after: &after, now }.assert_allowed();
            self.reached.extend(after.values().filter_map(Item::runner).map(|runner| runner.state));
            before = after;
        }
        entries
    }

    /// The table with what the entries write: each item with the next version, and each book equal to the sum of its
    /// items.
    fn with(&self, entries: &Entries) -> Items {
        let mut items = self.items.clone();
        for put in entries.puts() {
            let key = put.0.key();
            let stored = items.get(&key).map_or(0, Item::version);
            assert_eq!((put.expected_version(), put.0.version()), (stored, stored + 1), "{key}");
            items.insert(key, put.0);
        }
        for (name, totals) in recount(items.values()) {
            let Some(Item::Book(book)) = items.get(&Key::Book(name.clone())) else {
                panic!("{name} has items but no book");
            };
            assert_eq!(Totals::from(book), totals, "the book of {name}");
        }
        items
    }
}

/// How many runners live on each pool's capacity.
pub(super) fn live(entries: &Entries) -> BTreeMap<PoolName, i64> {
    names().into_iter().map(|name| (name.clone(), entries.book(&name).unwrap().live)).collect()
}

/// No settlement takes a capacity over its maximum. If the maximum was lowered below the live runners, it gets no more.
pub(super) fn assert_within_maximum(entries: &Entries, before: &BTreeMap<PoolName, i64>) {
    for (name, live) in live(entries) {
        let maximum = entries.book(&name).unwrap().maximum;
        assert!(live <= maximum.max(before[&name]), "{name}: {live} live of at most {maximum}");
    }
}
