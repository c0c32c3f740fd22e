//! The items that a transaction has read, as its events change them.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use jiff::Timestamp;

use super::totals::difference;
use super::transition;
use super::{Answer, Book, Event, HealthNews, Item, Job, Outcome, Put, Rest, Runner, RunnerState, Totals};
use crate::ids::{JobId, PoolName, RunnerId};
use crate::pools::PoolMap;

/// Jobs, runners and books as they were read, and as they have become since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    jobs: BTreeMap<JobId, Job>,
    runners: BTreeMap<RunnerId, Runner>,
    books: BTreeMap<PoolName, Book>,
    changed_jobs: BTreeSet<JobId>,
    changed_runners: BTreeSet<RunnerId>,
    changed_books: BTreeSet<PoolName>,
    breakers: BTreeMap<PoolName, Rest>,
}

impl Entries {
    /// Adds items that were read.
    pub fn extend(&mut self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            match item {
                Item::Book(book) => drop(self.books.insert(book.pool.clone(), book)),
                Item::Job(job) => drop(self.jobs.insert(job.id, job)),
                Item::Runner(runner) => drop(self.runners.insert(runner.id.clone(), runner)),
                // No event changes it.
                Item::Budget(_) => {}
            }
        }
    }

    /// Opens a book for each of these pools that has none yet.
    pub fn open_books(&mut self, names: &BTreeSet<PoolName>, pools: &PoolMap) {
        for name in names {
            let maximum = || pools.get(name).map_or(0, |pool| pool.maximum);
            self.books.entry(name.clone()).or_insert_with_key(|name| Book::open(name.clone(), maximum()));
        }
    }

    /// A pool's book, if it was read or opened.
    pub fn book(&self, pool: &PoolName) -> Option<&Book> {
        self.books.get(pool)
    }

    /// A runner, if it was read or reserved.
    pub fn runner(&self, id: &RunnerId) -> Option<&Runner> {
        self.runners.get(id)
    }

    /// Every pool that a job, a runner or its capacity belongs to.
    pub fn pools_named(&self) -> BTreeSet<PoolName> {
        let of_jobs = self.jobs.values().map(|job| &job.pool);
        let of_runners = self.runners.values().flat_map(|runner| [&runner.pool, &runner.capacity]);
        of_jobs.chain(of_runners).cloned().collect()
    }

    /// The capacities whose breaker the events opened, or held open for longer, each with its rest.
    pub fn breakers(&self) -> &BTreeMap<PoolName, Rest> {
        &self.breakers
    }

    /// How many items the transaction would write by now.
    pub fn changes(&self) -> usize {
        self.changed_jobs.len() + self.changed_runners.len() + self.changed_books.len()
    }

    /// Applies one event. The books of all pools that its items name have to be there.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> Answer {
        let runner = event.runner().and_then(|id| self.runners.get(id));
        let outcome = match event {
            Event::Job(event) => transition::of_job(self.jobs.get(&event.job), runner, event, now),
            Event::Runner(_, event) => {
                let book = runner.and_then(|runner| self.books.get(&runner.pool));
                transition::of_runner(runner, event, book, now)
            }
            Event::Rerouted { job, from, to } => transition::of_reroute(self.jobs.get(job), from, to),
            Event::Bounds { pool, minimum, maximum } => {
                self.set_bounds(pool, *minimum, *maximum);
                return Answer::Noted;
            }
        };
        self.accept(outcome, now)
    }

    /// Writes a reservation down: supply for its pool, live on its capacity.
    pub fn reserve(&mut self, id: RunnerId, pool: &PoolName, capacity: &PoolName, now: Timestamp) {
        let runner = Runner {
            id,
            state: RunnerState::Starting,
            pool: pool.clone(),
            capacity: capacity.clone(),
            boot: None,
            github_id: None,
            claim_closed: false,
            reserved_at: now,
            changed_at: now,
            version: 0,
        };
        self.change_book(capacity, |book| book.health.reserved(now));
        self.put_runner(runner);
    }

    /// What the transaction writes: every changed item, each on the condition that nobody has
    /// written it since it was read.
    pub fn puts(&self) -> Vec<Put> {
        let jobs = self.changed_jobs.iter().filter_map(|id| self.jobs.get(id));
        let runners = self.changed_runners.iter().filter_map(|id| self.runners.get(id));
        let books = self.changed_books.iter().filter_map(|pool| self.books.get(pool));
        let jobs = jobs.map(|job| Item::Job(Job { version: job.version + 1, ..job.clone() }));
        let runners = runners.map(|it| Item::Runner(Runner { version: it.version + 1, ..it.clone() }));
        let books = books.map(|book| Item::Book(Book { version: book.version + 1, ..book.clone() }));
        jobs.chain(runners).chain(books).map(Put).collect()
    }

    /// The transaction is written: what changed in it is what is stored now.
    pub fn written(&mut self) {
        for id in mem::take(&mut self.changed_jobs) {
            self.jobs.entry(id).and_modify(|job| job.version += 1);
        }
        for id in mem::take(&mut self.changed_runners) {
            self.runners.entry(id).and_modify(|runner| runner.version += 1);
        }
        for pool in mem::take(&mut self.changed_books) {
            self.books.entry(pool).and_modify(|book| book.version += 1);
        }
    }

    fn accept(&mut self, outcome: Outcome, now: Timestamp) -> Answer {
        if let Some(job) = outcome.job {
            self.put_job(job);
        }
        if let Some(runner) = outcome.runner {
            if let Some(news) = outcome.health {
                self.take_news(&runner, news, now);
            }
            self.put_runner(runner);
        }
        outcome.answer
    }

    /// The health of a runner's capacity, after news of it.
    fn take_news(&mut self, runner: &Runner, news: HealthNews, now: Timestamp) {
        let launched_at = runner.reserved_at;
        let rest = |books: &BTreeMap<PoolName, Book>| books.get(&runner.capacity)?.health.rest.clone();
        let before = rest(&self.books);
        self.change_book(&runner.capacity, |book| match news {
            HealthNews::Started => book.health.started(now),
            HealthNews::NoCapacity(reason) => book.health.no_capacity(launched_at, &reason, now),
            HealthNews::LaunchRefused(reason) => book.health.launch_refused(&reason, now),
            HealthNews::BootFailed(reason) => book.health.boot_failed(launched_at, &reason, now),
            HealthNews::RunFailed(thirds, reason) => {
                book.health.run_failed(launched_at, thirds, &reason, now);
            }
            HealthNews::RanJob => book.health.ran_job(now),
        });
        let after = rest(&self.books).filter(|rest| Some(rest) != before.as_ref() && rest.is_breaker());
        self.breakers.extend(after.map(|rest| (runner.capacity.clone(), rest)));
    }

    /// A job as it is now. The books change with what it counts.
    fn put_job(&mut self, job: Job) {
        let before = self.jobs.get(&job.id).map(Job::counts);
        self.post(difference(before.into_iter().flatten(), job.counts()));
        self.changed_jobs.insert(job.id);
        self.jobs.insert(job.id, job);
    }

    /// A runner as it is now. The books change with what it counts.
    fn put_runner(&mut self, runner: Runner) {
        let before = self.runners.get(&runner.id).map(Runner::counts);
        self.post(difference(before.into_iter().flatten(), runner.counts()));
        self.changed_runners.insert(runner.id.clone());
        self.runners.insert(runner.id.clone(), runner);
    }

    fn set_bounds(&mut self, pool: &PoolName, minimum: u32, maximum: u32) {
        self.change_book(pool, |book| {
            book.minimum = minimum.into();
            book.maximum = maximum.into();
        });
    }

    fn post(&mut self, changes: Vec<(PoolName, Totals)>) {
        for (pool, change) in changes {
            self.change_book(&pool, |book| book.post(change));
        }
    }

    /// Changes a book. One that ends as it was is not written.
    fn change_book(&mut self, pool: &PoolName, change: impl FnOnce(&mut Book)) {
        if let Some(book) = self.books.get_mut(pool) {
            let before = book.clone();
            change(book);
            if *book != before {
                self.changed_books.insert(pool.clone());
            }
        }
    }
}
