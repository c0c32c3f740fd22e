//! A pass of the reconciler over a large ledger: ten thousand jobs that wait and a thousand runners.

use std::cell::Cell;
use std::time::Duration;

use contracts::ledger::{at, job, runner};
use contracts::template;
use contracts::weather::FaultyClient;
use control::Bookkeeper;
use fleet::ledger::{Book, Item, Job, Key, Listing, Put, Runner, RunnerState, TRANSACTION_LIMIT};
use fleet::ports::{Clock, Ledger as _, ListItems as _, Random};
use fleet::repair::drift::INDEX_IS_BEHIND;
use fleet::repair::suspicion::Suspicion;
use fleet::{PoolName, RunnerId};
use jiff::{SignedDuration, Timestamp};
use reconciler::{Reconciler, ReconcilerSettings};
use tokio::time::Instant;

use super::*;

const JOBS: u64 = 10_000;
const RUNNERS: u128 = 1_000;

/// What a call of DynamoDB takes that is slow.
const A_SLOW_CALL: Duration = Duration::from_millis(50);

/// A clock that runs from a fifth minute on, when a pass looks at everything, and does not wait.
struct Passing {
    began: Instant,
    slept: Cell<Duration>,
}

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.began.elapsed() + self.slept.get()).unwrap();
        at(0) + SignedDuration::from_hours(1) + since
    }

    async fn sleep(&self, length: Duration) {
        self.slept.set(self.slept.get() + length);
    }
}

impl Random for Passing {
    fn bits(&self) -> u128 {
        7
    }
}

/// The items: every runner listens, or is busy, and each book says what there is.
fn items(pool: &PoolName) -> Vec<Item> {
    // GitHub was asked for each a minute ago.
    let of_pool = |number| {
        let labels = ["ec2-x64"].into_iter().collect();
        Job { pool: Some(pool.clone()), labels, read_at: Some(at(59 * 60 * 1000)), ..job(number) }
    };
    let jobs = (1..=JOBS).map(|number| Item::Job(of_pool(number)));
    let is_idle = |number: u128| number.is_multiple_of(2);
    let runners = (1..=RUNNERS).map(|number| {
        let state = if is_idle(number) { RunnerState::Idle } else { RunnerState::Busy };
        let id = RunnerId::from_random(number);
        let (pool, capacity) = (pool.clone(), pool.clone());
        Item::Runner(Runner { id, state, pool, capacity, listened: true, ..runner(number) })
    });
    let (all, idle) = (i64::try_from(RUNNERS).unwrap(), i64::try_from(RUNNERS / 2).unwrap());
    let queued = i64::try_from(JOBS).unwrap();
    // One too many is a difference that the pass has to find among all of them.
    let book = Book { queued: queued + 1, supply: idle, idle, live: all, ..Book::open(pool.clone(), 2000) };
    jobs.chain(runners).chain([Item::Book(Book { version: 1, ..book })]).collect()
}

#[tokio::test]
async fn a_pass_over_ten_thousand_jobs_and_a_thousand_runners_stays_within_its_time() {
    let emulator = Emulator::ministack();
    let requests = FaultyClient::fair();
    let plain = emulator.config();
    let ledger = table(&plain.to_builder().http_client(requests.clone()).build(), "large").await;
    let pool = PoolName::new("ec2-x64").unwrap();
    let puts: Vec<Put> = items(&pool).into_iter().map(Put).collect();
    for transaction in puts.chunks(TRANSACTION_LIMIT) {
        ledger.commit(transaction).await.unwrap();
    }
    let listed = ledger.list(&Listing::OpenJobs(pool.clone())).await.unwrap();
    assert_eq!(listed.len() as u64, JOBS, "by as many pages as it takes");

    let before = requests.bodies().len();
    let (github, ecs, queue) = (sandbox(), sandbox(), sandbox());
    let system = Passing { began: Instant::now(), slept: Cell::default() };
    let reconciler = Reconciler::new(Bookkeeper { ledger, system }, github, ecs, queue);
    let settings =
        ReconcilerSettings { pools: PoolMap::from_toml(DEFAULT_POOLS).unwrap(), stack: "mayfly".to_owned() };
    Box::pin(reconciler.handle(&settings)).await.unwrap();

    let sent = requests.bodies().split_off(before);
    let pages = sent.iter().filter(|body| body.contains("\"KeyConditionExpression\"")).count();
    let reads = sent.iter().filter(|body| body.contains("\"RequestItems\"")).count();
    let keys = |body: &str| body.matches("{\"key\":").count();
    assert!(sent.iter().all(|body| keys(body) <= 100), "a hundred keys a read are DynamoDB's limit");

    // Its own time says nothing of DynamoDB's: each call is taken for a slow one, and none for one beside
    // another.
    let calls = u32::try_from(sent.len()).unwrap();
    let took = A_SLOW_CALL * calls + Duration::try_from(INDEX_IS_BEHIND).unwrap();
    let function = template::read_file("template.yaml");
    let seconds = function["Resources"]["ReconcilerFunction"]["Properties"]["Timeout"].as_u64().unwrap();
    assert!(
        took < Duration::from_secs(seconds),
        "{calls} calls are {took:?}, and it is ended after {seconds} s"
    );
    println!("{pages} pages of the index, {reads} reads of up to 100 items, {calls} calls");
    let suspected = reconciler.books.ledger.read(&[Key::Suspicions]).await.unwrap();
    let suspected = suspected.iter().find_map(Item::suspicions).unwrap();
    let drifts = suspected
        .suspected
        .iter()
        .filter(|it| matches!(&it.what, Suspicion::Drift { pool: of, by } if *of == pool && by.queued == -1));
    assert_eq!(drifts.count(), 1, "what differs among ten thousand is found");
}
