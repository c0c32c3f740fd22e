//! What every ledger does: items with versions, written all or none, and an index.

mod bookkeeping;
mod items;
mod listings;
mod meters;

pub use self::bookkeeping::*;
pub use self::items::*;
pub use self::listings::*;
pub use self::meters::*;

use fleet::ledger::{Item, Job, JobState, Key, Put, Runner};
use fleet::ports::Ledger;
use fleet::{JobId, PoolName, Repository, RunnerId};
use jiff::Timestamp;

/// A name of a pool.
pub fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

/// A time, this many milliseconds after one that is the same in every clause.
pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_791_190_800_000 + milliseconds).unwrap()
}

/// A job of the pool `plain` that waits, as it is written for the first time.
pub fn job(id: u64) -> Job {
    Job {
        pool: Some(pool("plain")),
        version: 1,
        ..Job::new(
            JobId(id),
            JobState::Queued,
            Repository::new("octo-org/storefront"),
            ["self-hosted", "linux"].into_iter().collect(),
            at(0),
        )
    }
}

/// A runner of the pool `plain` that starts, as it is written for the first time.
pub fn runner(number: u128) -> Runner {
    let id = RunnerId::from_random(number);
    Runner { version: 1, ..Runner::reserved(id, pool("plain"), pool("plain"), at(0)) }
}

/// Writes that are items as they stand.
fn puts(items: impl IntoIterator<Item = Item>) -> Vec<Put> {
    items.into_iter().map(Put).collect()
}

/// What is stored under these keys, in the keys' order.
async fn read(ledger: &impl Ledger, keys: impl IntoIterator<Item = Key>) -> Vec<Item> {
    let mut items = ledger.read(&keys.into_iter().collect::<Vec<_>>()).await.unwrap();
    items.sort_by_key(Item::key);
    items
}
