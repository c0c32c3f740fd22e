//! A ledger in memory that fails on demand, and a clock that stands still.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use fleet::ledger::{
    Book, Item, Job, Key, Left, Meter, Put, RunnerState, Spend, TRANSACTION_LIMIT, Totals, recount,
};
use fleet::ports::{Clock, Ledger, LedgerError, Random};
use fleet::{JobId, RunnerId};
use kit::ledger::{at, pool};

/// What another writer does to the table.
type Other = Box<dyn FnOnce(&FaultyTable)>;

/// What happens to a commit.
pub(super) enum CommitFault {
    /// Nothing.
    None,
    /// It is refused, as if another writer had come first.
    Conflict,
    /// It does not arrive.
    Down,
    /// It is written, its answer is lost, and then another writer writes.
    Lost(Other),
    /// Another writer writes between its read and its write.
    Meanwhile(Other),
}

impl CommitFault {
    pub(super) fn conflict() -> Self {
        Self::Conflict
    }

    pub(super) fn down() -> Self {
        Self::Down
    }

    pub(super) fn lost() -> Self {
        Self::lost_and_then(|_| ())
    }

    pub(super) fn lost_and_then(other: impl FnOnce(&FaultyTable) + 'static) -> Self {
        Self::Lost(Box::new(other))
    }

    pub(super) fn meanwhile(other: impl FnOnce(&FaultyTable) + 'static) -> Self {
        Self::Meanwhile(Box::new(other))
    }
}

/// The table, and the faults that await it.
#[derive(Default)]
pub(super) struct FaultyTable {
    items: RefCell<BTreeMap<Key, Item>>,
    faults: RefCell<VecDeque<CommitFault>>,
    reads_to_fail: Cell<u32>,
    commits: RefCell<Vec<usize>>,
    meters: RefCell<BTreeMap<Meter, i64>>,
    spends: Cell<u32>,
}

impl FaultyTable {
    /// What happens to the next commits, in order.
    pub(super) fn meets(&self, faults: impl IntoIterator<Item = CommitFault>) {
        self.faults.borrow_mut().extend(faults);
    }

    /// How many of the next reads get no answer.
    pub(super) fn reads_fail(&self, reads: u32) {
        self.reads_to_fail.set(reads);
    }

    pub(super) fn items(&self) -> Vec<Item> {
        self.items.borrow().values().cloned().collect()
    }

    pub(super) fn job(&self, id: JobId) -> Option<Job> {
        self.items().into_iter().find_map(|item| match item {
            Item::Job(job) if job.id == id => Some(job),
            _ => None,
        })
    }

    pub(super) fn runners_in(&self, state: RunnerState) -> BTreeSet<RunnerId> {
        let runner = |item| match item {
            Item::Runner(runner) if runner.state == state => Some(runner.id),
            _ => None,
        };
        self.items().into_iter().filter_map(runner).collect()
    }

    /// A pool's book, if it was ever written.
    pub(super) fn book(&self, name: &str) -> Option<Book> {
        self.items.borrow().get(&Key::Book(pool(name))).and_then(Item::book).cloned()
    }

    /// The totals in a pool's book.
    pub(super) fn totals(&self, name: &str) -> Totals {
        self.book(name).as_ref().map(Totals::from).unwrap_or_default()
    }

    /// How many items each transaction wrote.
    pub(super) fn commits(&self) -> Vec<usize> {
        self.commits.borrow().clone()
    }

    /// How often a meter was added to, or an addition was tried.
    pub(super) fn spends(&self) -> u32 {
        self.spends.get()
    }

    /// Where a meter stands.
    pub(super) fn meter(&self, meter: Meter) -> i64 {
        self.meters.borrow().get(&meter).copied().unwrap_or(0)
    }

    /// Every book matches the sum of its items.
    pub(super) fn assert_balanced(&self) {
        for (name, totals) in recount(&self.items()) {
            assert_eq!(self.totals(name.as_str()), totals, "the book of {name}");
        }
    }

    fn write(&self, puts: &[Put]) -> Result<(), LedgerError> {
        let mut items = self.items.borrow_mut();
        let keys: BTreeSet<Key> = puts.iter().map(|put| put.0.key()).collect();
        assert_eq!(keys.len(), puts.len(), "a transaction writes an item once");
        assert!((1..=TRANSACTION_LIMIT).contains(&puts.len()), "{} items in a transaction", puts.len());
        let stored = |put: &Put| items.get(&put.0.key()).map_or(0, Item::version);
        if puts.iter().any(|put| stored(put) != put.expected_version()) {
            return Err(LedgerError::Conflict);
        }
        items.extend(puts.iter().map(|put| (put.0.key(), put.0.clone())));
        self.commits.borrow_mut().push(puts.len());
        Ok(())
    }
}

fn unavailable<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Unavailable("ThrottlingException".to_owned()))
}

impl Ledger for &FaultyTable {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        if self.reads_to_fail.get() > 0 {
            self.reads_to_fail.update(|left| left - 1);
            return unavailable();
        }
        let items = self.items.borrow();
        Ok(keys.iter().filter_map(|key| items.get(key)).cloned().collect())
    }

    /// It answers where the others fail.
    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        let items = self.items.borrow();
        Ok(keys.iter().filter_map(|key| items.get(key)).cloned().collect())
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        let fault = self.faults.borrow_mut().pop_front().unwrap_or(CommitFault::None);
        match fault {
            CommitFault::None => self.write(puts),
            CommitFault::Conflict => Err(LedgerError::Conflict),
            CommitFault::Down => unavailable(),
            CommitFault::Lost(other) => {
                self.write(puts)?;
                other(self);
                unavailable()
            }
            CommitFault::Meanwhile(other) => {
                other(self);
                self.write(puts)
            }
        }
    }

    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError> {
        self.spends.set(self.spends.get() + 1);
        let mut meters = self.meters.borrow_mut();
        Ok(spend.apply(meters.get(&spend.meter).copied()).map(|spent| {
            meters.insert(spend.meter, spent);
            Left(spend.at_most.saturating_sub(spent))
        }))
    }
}

/// A clock that stands still and records the waits asked of it, and random bits that never repeat, except the
/// 16 bits that the jitter takes.
pub(super) struct NotingClock {
    waits: RefCell<Vec<Duration>>,
    next: Cell<u128>,
    jitter: u16,
    now: Timestamp,
}

impl NotingClock {
    /// A different sequence of bits for each number.
    pub(super) fn of(number: u128) -> Self {
        Self::with_jitter(number, 0x8000)
    }

    pub(super) fn with_jitter(number: u128, jitter: u16) -> Self {
        Self { waits: RefCell::default(), next: Cell::new(number << 40), jitter, now: at(0) }
    }

    /// The same, this many seconds later.
    pub(super) fn after(self, seconds: i64) -> Self {
        Self { now: at(seconds), ..self }
    }

    pub(super) fn waits(&self) -> Vec<Duration> {
        self.waits.borrow().clone()
    }
}

impl Clock for NotingClock {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn sleep(&self, length: Duration) {
        self.waits.borrow_mut().push(length);
    }
}

impl Random for NotingClock {
    fn bits(&self) -> u128 {
        self.next.update(|next| next + 1);
        self.next.get() << 16 | u128::from(self.jitter)
    }
}
