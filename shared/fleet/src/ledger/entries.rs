//! The items that a transaction has read, and what its events make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use jiff::Timestamp;

use super::totals::difference;
use super::transition;
use super::{
    Book, Event, Health, Item, Job, JobBegun, JobState, LedgerAnswer, News, Outcome, Put, Rest, Runner,
    RunnerEnded, RunnerState, Totals, ended,
};
use crate::ids::{JobId, PoolName, RunnerId};
use crate::pools::PoolMap;

/// Jobs, runners and books, as they were read and as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    jobs: BTreeMap<JobId, Job>,
    runners: BTreeMap<RunnerId, Runner>,
    books: BTreeMap<PoolName, Book>,
    changed_jobs: BTreeSet<JobId>,
    changed_runners: BTreeSet<RunnerId>,
    changed_books: BTreeSet<PoolName>,
    /// The capacities of the books that are Spot.
    spot: BTreeSet<PoolName>,
    tidings: Tidings,
}

/// What the events revealed that deserves a log line or a metric.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidings {
    /// The capacities whose breaker opened, or stays open for longer, each with its rest.
    pub breakers: BTreeMap<PoolName, Rest>,
    /// How many idle runners of a pool GitHub removed.
    pub reaped: BTreeMap<PoolName, u32>,
    /// How many places of a pool's minimum rest, because GitHub removes the runners that wait there.
    pub places_resting: BTreeMap<PoolName, u32>,
    /// How many runners of a pool became Overdue.
    pub overdue: BTreeMap<PoolName, u32>,
    /// The jobs that were unknown, and over a day old.
    pub old_jobs: BTreeSet<JobId>,
    /// The jobs that have begun on runners of ours, each with where its time went.
    pub begun: BTreeMap<JobId, JobBegun>,
    /// The runners whose tasks have stopped, or whose job is named only now; with what their time went into.
    pub ended: BTreeMap<RunnerId, RunnerEnded>,
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
                Item::Budget(_)
                | Item::Meter(_)
                | Item::Deliveries(_)
                | Item::Suspicions(_)
                | Item::Sweep(_) => {}
            }
        }
    }

    /// Opens a book for each of these pools that has none.
    pub fn open_books(&mut self, names: &BTreeSet<PoolName>, pools: &PoolMap) {
        for name in names {
            let maximum = || pools.get(name).map_or(0, |pool| pool.maximum);
            self.books.entry(name.clone()).or_insert_with_key(|name| Book::open(name.clone(), maximum()));
            if pools.get(name).is_some_and(|pool| pool.capacity.is_spot()) {
                self.spot.insert(name.clone());
            }
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

    /// Every pool that a job, a runner or a runner's capacity belongs to.
    pub fn pools_named(&self) -> BTreeSet<PoolName> {
        let of_jobs = self.jobs.values().filter_map(|job| job.pool.as_ref());
        let of_runners = self.runners.values().flat_map(|runner| [&runner.pool, &runner.capacity]);
        of_jobs.chain(of_runners).cloned().collect()
    }

    /// What the events revealed that deserves a log line or a metric.
    pub fn tidings(&self) -> &Tidings {
        &self.tidings
    }

    /// How many items the transaction would write so far.
    pub fn changes(&self) -> usize {
        self.changed_jobs.len() + self.changed_runners.len() + self.changed_books.len()
    }

    /// Applies one event. The books of all pools that its items name must be present.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> LedgerAnswer {
        let runner = event.runner().and_then(|id| self.runners.get(id));
        let job = event.job().and_then(|id| self.jobs.get(&id));
        let outcome = match event {
            Event::Job(event) => {
                let mut outcome = transition::of_job(job, runner, event, now);
                ended::note_work(job, event, &mut outcome, now);
                if let Some(ended) = RunnerEnded::named_late(job, runner, event, &outcome, now) {
                    self.tidings.ended.insert(ended.runner.clone(), ended);
                }
                if job.is_none() && outcome.job.is_some() && event.is_old_demand(now) {
                    self.tidings.old_jobs.insert(event.job);
                }
                outcome
            }
            // News in this transaction came after everything stored.
            Event::FoundWaiting { job, .. } | Event::FoundUnserved { job, .. }
                if self.changed_jobs.contains(job) =>
            {
                return LedgerAnswer::Noted;
            }
            Event::FoundWaiting { version, .. } => transition::of_found_waiting(job, *version, now),
            Event::JobRead { state, .. } => transition::of_read(job, *state, now),
            Event::PassedOver { .. } => transition::of_passed_over(job, now),
            Event::FoundUnserved { version, reason, .. } => {
                transition::of_found_unserved(job, *version, *reason, now)
            }
            Event::TriedAgain { version, .. } => transition::of_another_try(job, *version, now),
            Event::Rerouted { from, to, .. } => transition::of_reroute(job, from, to),
            Event::Runner(_, event) => {
                let known = runner.and_then(|runner| Some((runner, self.books.get(&runner.pool)?)));
                let mut outcome = transition::of_runner(known, event, now);
                if let Some(ended) = RunnerEnded::take(known.map(|(runner, _)| runner), &mut outcome, now) {
                    self.tidings.ended.insert(ended.runner.clone(), ended);
                }
                outcome
            }
            Event::Bounds { pool, minimum, maximum, task_definition } => {
                self.set_bounds(pool, *minimum, *maximum, task_definition.as_deref());
                return LedgerAnswer::Noted;
            }
            // This changes nothing itself: the transaction settles the pools that its events name.
            Event::Settle { .. } => return LedgerAnswer::Noted,
            Event::Recounted { pool, version, totals } => {
                self.recounted(pool, *version, *totals);
                return LedgerAnswer::Noted;
            }
        };
        self.accept(outcome, now)
    }

    /// Records a reservation: supply for its pool, live on its capacity.
    pub fn reserve(&mut self, id: RunnerId, pool: &PoolName, capacity: &PoolName, now: Timestamp) {
        self.change_book(capacity, |book| book.health.reserved(now));
        self.put_runner(Runner::reserved(id, pool.clone(), capacity.clone(), now));
    }

    /// What the transaction writes: every changed item, each on condition that nobody has written it since it
    /// was read.
    pub fn puts(&self) -> Vec<Put> {
        let jobs = self.changed_jobs.iter().filter_map(|id| self.jobs.get(id));
        let runners = self.changed_runners.iter().filter_map(|id| self.runners.get(id));
        let books = self.changed_books.iter().filter_map(|pool| self.books.get(pool));
        let jobs = jobs.map(|job| Item::Job(Job { version: job.version + 1, ..job.clone() }));
        let runners = runners.map(|it| Item::Runner(Runner { version: it.version + 1, ..it.clone() }));
        let books = books.map(|book| Item::Book(Book { version: book.version + 1, ..book.clone() }));
        jobs.chain(runners).chain(books).map(Put).collect()
    }

    /// The transaction was written: what it changed is now what is stored.
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

    fn accept(&mut self, outcome: Outcome, now: Timestamp) -> LedgerAnswer {
        if let Some(job) = outcome.job {
            self.note_begun(&job, outcome.runner.as_ref(), now);
            self.put_job(job);
        }
        if let Some(runner) = outcome.runner {
            if let Some(news) = outcome.news {
                self.take_news(&runner, news, now);
            }
            self.hold_what_was_decided_by(&runner);
            self.put_runner(runner);
        }
        outcome.answer
    }

    /// A job that begins, on a runner of ours that the transaction has read.
    fn note_begun(&mut self, job: &Job, runner: Option<&Runner>, now: Timestamp) {
        let begins = job.state == JobState::InProgress
            && self.jobs.get(&job.id).is_none_or(|before| before.state != JobState::InProgress);
        let named = job.runner.as_ref().and_then(|id| self.runners.get(id));
        if let Some(runner) = runner.or(named).filter(|_| begins) {
            self.tidings.begun.insert(job.id, JobBegun::of(job, runner, now));
        }
    }

    /// An Overdue runner that leaves counts in no total of its pool's book, yet the decision that it is not
    /// needed was read there. So the book is written too, which fails if anyone changed it in between.
    fn hold_what_was_decided_by(&mut self, after: &Runner) {
        let is_overdue = |before: &Runner| before.state == RunnerState::Overdue;
        if after.state == RunnerState::Leaving && self.runners.get(&after.id).is_some_and(is_overdue) {
            self.changed_books.insert(after.pool.clone());
        }
    }

    /// A runner's pool, and the health of its capacity, after news of them.
    fn take_news(&mut self, runner: &Runner, news: News, now: Timestamp) {
        let (pool, launched_at) = (&runner.pool, runner.reserved_at);
        let rest = |books: &BTreeMap<PoolName, Book>| books.get(&runner.capacity)?.health.rest.clone();
        let before = rest(&self.books);
        let capacity = |entries: &mut Self, change: &dyn Fn(&mut Health)| {
            entries.change_book(&runner.capacity, |book| change(&mut book.health));
        };
        match news {
            News::Started => capacity(self, &|health| health.started(now)),
            // On demand, another instance comes at once.
            News::InstanceGone(_) if !self.spot.contains(&runner.capacity) => {}
            News::NoCapacity(reason) | News::InstanceGone(reason) => {
                capacity(self, &|it| it.no_capacity(launched_at, &reason, now));
            }
            News::LaunchRefused(reason) => capacity(self, &|it| it.launch_refused(launched_at, &reason, now)),
            News::BootFailed(reason) => capacity(self, &|it| it.boot_failed(launched_at, &reason, now)),
            News::RunFailed(thirds, reason) => {
                capacity(self, &|it| it.run_failed(launched_at, thirds, &reason, now));
            }
            News::RanJob => capacity(self, &|health| health.ran_job(now)),
            News::Overdue => {
                self.change_book(pool, |book| book.note_overdue(now));
                *self.tidings.overdue.entry(pool.clone()).or_default() += 1;
            }
            News::Reaped => {
                let mut rests = false;
                self.change_book(pool, |book| rests = book.note_reaped(now));
                *self.tidings.reaped.entry(pool.clone()).or_default() += 1;
                if rests {
                    *self.tidings.places_resting.entry(pool.clone()).or_default() += 1;
                }
            }
        }
        let after = rest(&self.books).filter(|rest| Some(rest) != before.as_ref() && rest.is_breaker());
        self.tidings.breakers.extend(after.map(|rest| (runner.capacity.clone(), rest)));
    }

    /// Replaces a job, and changes the books by the difference in what it counts.
    fn put_job(&mut self, job: Job) {
        let before = self.jobs.get(&job.id).and_then(Job::counts);
        self.post(difference(before, job.counts()));
        self.changed_jobs.insert(job.id);
        self.jobs.insert(job.id, job);
    }

    /// Replaces a runner, and changes the books by the difference in what it counts.
    fn put_runner(&mut self, runner: Runner) {
        let before = self.runners.get(&runner.id).map(Runner::counts);
        self.post(difference(before.into_iter().flatten(), runner.counts()));
        self.changed_runners.insert(runner.id.clone());
        self.runners.insert(runner.id.clone(), runner);
    }

    fn set_bounds(&mut self, pool: &PoolName, minimum: u32, maximum: u32, task_definition: Option<&str>) {
        self.change_book(pool, |book| {
            book.minimum = minimum.into();
            book.maximum = maximum.into();
            if let Some(definition) =
                task_definition.filter(|it| book.task_definition.as_deref() != Some(*it))
            {
                if book.task_definition.is_some() {
                    book.health.definition_changed();
                }
                book.task_definition = Some(definition.to_owned());
            }
        });
    }

    /// Corrects a book to what its items add up to, unless it was written after they were counted.
    fn recounted(&mut self, pool: &PoolName, version: u64, counted: Totals) {
        if self.books.get(pool).is_some_and(|book| book.version == version)
            && !self.changed_books.contains(pool)
        {
            self.change_book(pool, |book| book.recounted(counted));
        }
    }

    fn post(&mut self, changes: Vec<(PoolName, Totals)>) {
        for (pool, change) in changes {
            self.change_book(&pool, |book| book.post(change));
        }
    }

    /// Changes a book. A book that ends up as it was is not written.
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
