//! The ledger's table in memory: items with versions, written all or none.

use std::collections::{BTreeMap, BTreeSet};

use fleet::ledger::{
    Book, Item, Job, JobState, Key, Left, Listing, Put, Reading, Runner, Spend, TRANSACTION_LIMIT, Totals,
};
use fleet::ports::LedgerError;
use fleet::{JobId, PoolName, RunnerId};
use jiff::Timestamp;

use crate::audit::{Audit, Violation};
use crate::races::Race;

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    items: BTreeMap<Key, Item>,
    /// When each item was written last, and what it was before.
    replaced: BTreeMap<Key, (Timestamp, Option<Item>)>,
    index: BTreeMap<Listing, BTreeSet<(Timestamp, Key)>>,
    /// When each item came to its place in the index, whatever the clock says of who wrote it.
    listed_at: BTreeMap<Key, Timestamp>,
    /// What is listed where the version before listed it.
    earlier: BTreeMap<Key, Listing>,
    writes: u64,
    moves: u64,
    audit: Audit,
}

impl Table {
    /// Reads items, each once; those that are not there are left out.
    pub fn read(&self, keys: &[Key]) -> Vec<Item> {
        let keys: BTreeSet<&Key> = keys.iter().collect();
        keys.into_iter().filter_map(|key| self.items.get(key)).cloned().collect()
    }

    /// The same, where what was written since then is not seen yet: of an item that was written twice, the second time.
    pub(crate) fn read_as_of(&self, keys: &[Key], behind: Timestamp) -> Vec<Item> {
        let keys: BTreeSet<&Key> = keys.iter().collect();
        let seen = |key| match self.replaced.get(key) {
            Some((at, before)) if *at > behind => before.as_ref(),
            _ => self.items.get(key),
        };
        keys.into_iter().filter_map(seen).cloned().collect()
    }

    /// What these puts are to replace.
    pub(crate) fn before(&self, puts: &[Put]) -> Vec<Option<Item>> {
        puts.iter().map(|put| self.items.get(&put.key()).cloned()).collect()
    }

    /// Writes items, all or none, as [`fleet::ports::Ledger::commit`] demands; long ago, as the index sees it.
    pub fn commit(&mut self, puts: &[Put]) -> Result<(), LedgerError> {
        self.commit_at(puts, Timestamp::MIN)
    }

    /// The same at this time.
    pub(crate) fn commit_at(&mut self, puts: &[Put], now: Timestamp) -> Result<(), LedgerError> {
        if puts.len() > TRANSACTION_LIMIT {
            let problem = format!("a transaction takes {TRANSACTION_LIMIT} items, not {}", puts.len());
            return Err(LedgerError::Unavailable(problem));
        }
        let stored = |put: &Put| self.items.get(&put.key()).map_or(0, Item::version);
        if puts.iter().any(|put| stored(put) != put.expected_version()) {
            return Err(LedgerError::Conflict);
        }
        self.writes += 1;
        let moves = |put: &Put| matches!(put.0, Item::Book(_) | Item::Job(_) | Item::Runner(_));
        self.moves += u64::from(puts.iter().any(moves));
        let write = |put| (self.items.insert(Put::key(put), put.0.clone()), put);
        let writes: Vec<(Option<Item>, &Put)> = puts.iter().map(write).collect();
        for (before, put) in &writes {
            let (mut was, is) = (before.as_ref().and_then(Listing::of), Listing::of(&put.0));
            if let Some(earlier) = self.earlier.remove(&put.key()) {
                was = was.map(|(_, since)| (earlier, since));
            }
            if was == is {
                continue;
            }
            if let Some((listing, since)) = was {
                self.index.entry(listing).or_default().remove(&(since, put.key()));
            }
            if let Some((listing, since)) = is {
                self.index.entry(listing).or_default().insert((since, put.key()));
                self.listed_at.insert(put.key(), now);
            }
        }
        let items = &self.items;
        self.audit.transaction(&writes, |pool| book_among(items, pool));
        self.replaced.extend(writes.into_iter().map(|(before, put)| (put.key(), (now, before))));
        Ok(())
    }

    /// Adds to a meter, as [`fleet::ports::Ledger::spend`] demands.
    pub fn spend(&mut self, spend: &Spend) -> Result<Left, Left> {
        let key = Key::Meter(spend.meter);
        let stored = self.items.get(&key).and_then(Item::reading).map(|reading| reading.spent);
        let sum = spend.apply(stored)?;
        self.items.insert(key, Item::Meter(Reading { meter: spend.meter, spent: sum }));
        Ok(Left(spend.at_most.saturating_sub(sum)))
    }

    /// Somebody writes a book by hand, so that it says this much more; one that is not there is not made.
    pub fn miscount(&mut self, pool: &PoolName, by: Totals) {
        let Some(Item::Book(book)) = self.items.get_mut(&Key::Book(pool.clone())) else { return };
        book.queued += by.queued;
        book.supply += by.supply;
        book.idle += by.idle;
        book.live += by.live;
        book.version += 1;
        self.audit.miscount(pool, by);
    }

    /// Whether a book still says what somebody has written by hand.
    pub(crate) fn is_miscounted(&self) -> bool {
        self.audit.is_miscounted()
    }

    /// Every item is as another release has written it, with the same version and in the same place of the index.
    pub fn write_as(&mut self, write: impl Fn(&Item) -> Item) {
        for item in self.items.values_mut() {
            *item = write(item);
        }
    }

    /// An item is listed where the version before has listed it, until it is written again.
    pub fn list_as_before(&mut self, key: &Key, earlier: Listing) {
        let Some((listing, since)) = self.items.get(key).and_then(Listing::of) else { return };
        self.index.entry(listing).or_default().remove(&(since, key.clone()));
        self.index.entry(earlier.clone()).or_default().insert((since, key.clone()));
        self.earlier.insert(key.clone(), earlier);
    }

    /// What the index lists, in the order of the listing.
    pub fn list(&self, listing: &Listing) -> Vec<Key> {
        self.index.get(listing).into_iter().flatten().map(|(_, key)| key.clone()).collect()
    }

    /// The jobs that are Queued or Waiting.
    pub(crate) fn jobs_that_wait(&self) -> impl Iterator<Item = &Job> {
        let waits = |it: &Listing| matches!(it, Listing::WaitingJobs | Listing::OpenJobs(_));
        let listed = self.index.iter().filter(move |(listing, _)| waits(listing)).flat_map(|(_, keys)| keys);
        let jobs = listed.filter_map(|(_, key)| self.items.get(key)?.job());
        jobs.filter(|job| matches!(job.state, JobState::Waiting | JobState::Queued))
    }

    /// Whether jobs are Waiting, or in progress.
    pub(crate) fn has_jobs_to_read(&self) -> bool {
        let is_read = |key: &Key| {
            self.items.get(key).and_then(Item::job).is_some_and(|job| job.state != JobState::Queued)
        };
        let of_jobs = |it: &Listing| matches!(it, Listing::WaitingJobs | Listing::OpenJobs(_));
        let listed = self.index.iter().filter(|(listing, _)| of_jobs(listing)).flat_map(|(_, keys)| keys);
        listed.into_iter().any(|(_, key)| is_read(key))
    }

    /// The same without what has come into the listing since then.
    pub(crate) fn list_as_of(&self, listing: &Listing, behind: Timestamp) -> Vec<Key> {
        let listed = self.index.get(listing).into_iter().flatten();
        let is_seen = |key: &Key| self.listed_at.get(key).is_none_or(|at| *at <= behind);
        listed.filter(|(_, key)| is_seen(key)).map(|(_, key)| key.clone()).collect()
    }

    /// Every item.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// Transactions written so far.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Those of books, jobs and runners, without those of cursors and budgets alone.
    pub fn moves(&self) -> u64 {
        self.moves
    }

    /// Every book, by pool. Their keys come first of all.
    pub fn books(&self) -> impl Iterator<Item = &Book> {
        self.items.values().map_while(Item::book)
    }

    /// A pool's book.
    pub fn book(&self, pool: &PoolName) -> Option<&Book> {
        book_among(&self.items, pool)
    }

    /// What the transactions so far did that they must never do.
    pub fn violations(&self) -> &[Violation] {
        self.audit.violations()
    }

    /// How often each race was run.
    pub fn races(&self) -> &BTreeMap<Race, u32> {
        self.audit.races()
    }

    /// Something that must never be, and was.
    pub(crate) fn note_violation(&mut self, rule: &'static str, found: String) {
        self.audit.note(rule, found);
    }

    /// A race was run.
    pub(crate) fn note_race(&mut self, race: Race) {
        self.audit.note_race(race);
    }

    /// A job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.items.get(&Key::Job(id))?.job()
    }

    /// A runner.
    pub fn runner(&self, id: &RunnerId) -> Option<&Runner> {
        self.items.get(&Key::Runner(id.clone()))?.runner()
    }

    /// Every runner.
    pub fn runners(&self) -> impl Iterator<Item = &Runner> {
        self.items.values().filter_map(Item::runner)
    }

    /// Every job. Their keys come right after those of the books.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.items.range(Key::Job(JobId(0))..).map_while(|(_, item)| item.job())
    }
}

fn book_among<'a>(items: &'a BTreeMap<Key, Item>, pool: &PoolName) -> Option<&'a Book> {
    items.get(&Key::Book(pool.clone()))?.book()
}
