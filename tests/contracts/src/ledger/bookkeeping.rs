//! The bookkeeper over a ledger.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use control::{Bookkeeper, Posted, Settling};
use fleet::ledger::{
    Book, Event, Item, JobAction, JobEvent, JobState, Key, LedgerAnswer, Left, Listing, Runner, RunnerState,
    Spend, Totals, recount,
};
use fleet::ports::{Clock, Ledger, ListItems, Random};
use fleet::{JobId, PoolMap, Repository};
use jiff::Timestamp;

use super::{at, pool, read};

/// Whoever writes reserves all that is wanted.
pub const SETTLING: Settling = Settling::Now(1000);

/// A clock that stands still, and bits that count.
#[derive(Debug)]
pub struct Still(Cell<u128>);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(0)
    }

    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

impl Random for Still {
    fn bits(&self) -> u128 {
        self.0.update(|bits| bits + 1);
        self.0.get()
    }
}

/// A bookkeeper. Those with different numbers make different runner ids.
pub fn bookkeeper<L: Ledger>(number: u128, ledger: L) -> Bookkeeper<L, Still> {
    Bookkeeper { ledger, system: Still(Cell::new(number << 64)) }
}

/// The pool `plain`, with room for all, on an account that launches a thousand at once.
pub fn pools() -> PoolMap {
    let plain = serde_json::json!({
        "labels": [], "architecture": "x86_64", "capacity": "fargate", "cpu_units": 4096,
        "memory_mib": 16384, "disk_gib": 60, "runner_group": "fargate", "priority": 1, "maximum": 300,
    });
    let map = serde_json::json!({"pools": {"plain": plain}, "limits": {"run_tasks_at_once": 1000}});
    PoolMap::from_json(&map.to_string()).unwrap()
}

/// Jobs of these numbers that begin to wait.
pub fn queued(jobs: impl IntoIterator<Item = u64>) -> Vec<Event> {
    let event = |job| JobEvent {
        action: JobAction::Queued,
        job: JobId(job),
        pool: Some(pool("plain")),
        repository: Repository::new("octo-org/storefront"),
        is_public: false,
        labels: ["linux"].into_iter().collect(),
        runner: None,
        may_not_have_run: false,
        created_at: None,
        accepted_at: None,
        names: fleet::ledger::JobNames::default(),
    };
    jobs.into_iter().map(|job| Event::Job(event(job))).collect()
}

/// A burst of a hundred jobs, ten at a time: the book, for which all launchers compete, is written
/// ten times and not a hundred.
pub async fn a_burst_costs_one_write_of_the_book_for_each_batch(ledger: &(impl Ledger + ListItems)) {
    let launcher = bookkeeper(1, ByRef(ledger));
    let mut posted = Vec::new();
    for batch in 0..10 {
        let jobs = queued(batch * 10 + 1..=batch * 10 + 10);
        posted.push(launcher.post_and_settle(&pools(), &jobs, SETTLING).await.unwrap());
    }
    let book = assert_written_once(ledger, 1..=100, &posted).await;
    assert_eq!(book.version, 10);
}

/// Two that post to one pool at once, half of their jobs the same ones: each job gets one runner,
/// and the book says what its items add up to.
pub async fn two_that_race_for_a_book_are_both_written_once(ledger: &(impl Ledger + ListItems)) {
    let (first, second) = (bookkeeper(1, ByRef(ledger)), bookkeeper(2, ByRef(ledger)));
    let (ours, theirs) = tokio::join!(
        post_batches(&first, |batch| batch * 10 + 1..=batch * 10 + 10),
        post_batches(&second, |batch| batch * 10 + 6..=batch * 10 + 15),
    );
    let posted: Vec<Posted> = ours.into_iter().chain(theirs).collect();
    let book = assert_written_once(ledger, 1..=45, &posted).await;
    assert!(book.version <= 8, "once for each batch at most, not {} times", book.version);
}

async fn post_batches<L: Ledger>(
    launcher: &Bookkeeper<L, Still>,
    jobs: impl Fn(u64) -> RangeInclusive<u64>,
) -> Vec<Posted> {
    let mut posted = Vec::new();
    for batch in 0..4 {
        posted.push(launcher.post_and_settle(&pools(), &queued(jobs(batch)), SETTLING).await.unwrap());
    }
    posted
}

/// Every one of these jobs is Queued and was written once; as many runners are Starting, and those
/// are what was given back as reserved; the book says so. Gives the book.
pub async fn assert_written_once(
    ledger: &(impl Ledger + ListItems),
    jobs: RangeInclusive<u64>,
    posted: &[Posted],
) -> Book {
    let reserved: Vec<&Runner> = posted.iter().flat_map(|posted| &posted.reserved).collect();
    let keys: BTreeSet<Key> = reserved.iter().map(|runner| Key::Runner(runner.id.clone())).collect();
    assert_eq!(keys.len(), reserved.len(), "each reservation is given back once");
    assert_eq!(keys.len(), jobs.clone().count(), "one for each job");
    assert!(posted.iter().flat_map(|posted| &posted.answers).all(|answer| *answer == LedgerAnswer::Noted));
    let listed = ledger.list(&Listing::Moving(pool("plain"))).await.unwrap();
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), keys, "and no others");

    let jobs = jobs.map(|id| Key::Job(JobId(id)));
    let items = read(ledger, keys.into_iter().chain(jobs).chain([Key::Book(pool("plain"))])).await;
    let once = |item: &Item| match item {
        // An event that comes again is written down as heard.
        Item::Job(job) => job.state == JobState::Queued && job.seen_at <= job.heard_at.unwrap_or(job.seen_at),
        Item::Runner(runner) => runner.state == RunnerState::Starting && runner.version == 1,
        Item::Book(_) => true,
        Item::Budget(_) | Item::Meter(_) | Item::Deliveries(_) | Item::Suspicions(_) | Item::Sweep(_) => {
            false
        }
    };
    assert!(items.iter().all(once), "{items:#?}");
    let Some(Item::Book(book)) = items.first() else { panic!("no book among {items:#?}") };
    assert_eq!(Totals::from(book), recount(&items)[&book.pool]);
    book.clone()
}

/// A ledger that is lent.
struct ByRef<'a, L>(&'a L);

impl<L: Ledger> Ledger for ByRef<'_, L> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, fleet::ports::LedgerError> {
        self.0.read(keys).await
    }

    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, fleet::ports::LedgerError> {
        self.0.read_eventual(keys).await
    }

    async fn commit(&self, puts: &[fleet::ledger::Put]) -> Result<(), fleet::ports::LedgerError> {
        self.0.commit(puts).await
    }

    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, fleet::ports::LedgerError> {
        self.0.spend(spend).await
    }
}
