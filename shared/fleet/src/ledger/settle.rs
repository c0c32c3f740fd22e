//! Settle: bring each pool's supply up to its demand, never over a maximum.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::health::RestCause;
use super::{Book, Entries, Event, Item, Permits, TRANSACTION_LIMIT, Wanted};
use crate::ids::{PoolName, RunnerId};
use crate::pools::{Pool, PoolMap};

/// What settling reserved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The new runners, to be launched.
    pub reserved: Vec<RunnerId>,
    /// The pools that still want a runner and may have one, each with the capacity that would run it. There
    /// was no permit for it, or the transaction was full.
    pub wanting: BTreeMap<PoolName, PoolName>,
}

/// Reserves runners for these pools until no pool has a deficit that it may fill, the permits are used up, or
/// the transaction is full. A pool that the map does not know gets none.
///
/// The books of the pools and of their fallbacks must be among the entries.
pub fn settle(
    entries: &mut Entries,
    names: &BTreeSet<PoolName>,
    pools: &PoolMap,
    now: Timestamp,
    permits: &mut Permits,
    mut fresh: impl FnMut() -> RunnerId,
) -> Settled {
    let mut settled = Settled::default();
    for name in names {
        while let Some(capacity) = next_capacity(entries, name, pools, now) {
            // A reservation writes one runner, and at most two books.
            if entries.changes() + 3 > TRANSACTION_LIMIT || !permits.take(&capacity.name) {
                settled.wanting.insert(name.clone(), capacity.name.clone());
                break;
            }
            let id = fresh();
            entries.reserve(id.clone(), name, &capacity.name, now);
            settled.reserved.push(id);
        }
    }
    settled
}

/// Checks whether these books already are as an event wants them. `None` if it changes something. Otherwise,
/// returns what posting the event and handing on would lead to, without any write: the book of the pool that
/// it names, and the pools that want runners.
///
/// The event names a pool and no other item. The books of the pool's fallbacks must be among these, if it has
/// any.
pub fn without_change(
    books: &BTreeMap<PoolName, Book>,
    event: &Event,
    pools: &PoolMap,
    now: Timestamp,
) -> Option<(Book, BTreeSet<PoolName>)> {
    let pool = event.pool()?;
    let names = BTreeSet::from([pool.clone()]);
    let chain = pools.with_capacities(&names);
    let mut entries = Entries::default();
    entries.extend(chain.iter().filter_map(|name| books.get(name)).cloned().map(Item::Book));
    entries.open_books(&chain, pools);
    entries.apply(event, now);
    if entries.changes() > 0 {
        return None;
    }
    // Without permits nothing is reserved, so no id is asked for.
    let settled =
        settle(&mut entries, &names, pools, now, &mut Permits::default(), || RunnerId::from_random(0));
    let book = entries.book(pool)?.clone();
    Some((book, settled.wanting.into_keys().collect()))
}

/// The permits that settling would use now; at most what fits into a transaction.
pub fn wanted(entries: &Entries, names: &BTreeSet<PoolName>, pools: &PoolMap, now: Timestamp) -> Wanted {
    let (mut all, mut trial, mut number) = (Permits::for_any(pools), entries.clone(), 0);
    let settled = settle(&mut trial, names, pools, now, &mut all, || {
        number += 1;
        RunnerId::from_random(number)
    });
    settled.reserved.iter().filter_map(|id| Some(trial.runner(id)?.capacity.clone())).collect()
}

/// The capacity that would run one more runner than the pool needs now, if it may have one.
pub fn spare_capacity<'a>(
    books: &BTreeMap<PoolName, Book>,
    name: &PoolName,
    pools: &'a PoolMap,
    now: Timestamp,
) -> Option<&'a Pool> {
    capacity_for(|pool| books.get(pool), name, pools, |_| true, now)
}

/// The capacity that runs the pool's next runner, if it needs one and may have one.
///
/// That is the pool's own. While it rests because ECS had no capacity, it is the fallback's, for waiting jobs
/// but never for a minimum.
fn next_capacity<'a>(
    entries: &Entries,
    name: &PoolName,
    pools: &'a PoolMap,
    now: Timestamp,
) -> Option<&'a Pool> {
    let demand = entries.book(name)?;
    let wanted = |is_its_own| {
        if is_its_own { demand.deficit(now) } else { demand.unserved_jobs() }
    };
    capacity_for(|pool| entries.book(pool), name, pools, |is_its_own| wanted(is_its_own) >= 1, now)
}

/// Whether one more runner may be launched on a capacity. It must have room; and where tasks wait for
/// instances, no more of its own pool may be on their way than may wait at once. On Fargate, tasks wait only
/// for seconds.
fn may_start(book: &Book, capacity: &Pool, pools: &PoolMap) -> bool {
    let may_wait = i64::from(pools.limits().starting());
    book.has_room() && (capacity.capacity.is_fargate() || book.starting() < may_wait)
}

/// The first capacity in the pool's chain of fallbacks that exists and may be used. A capacity at its
/// maximum, or one that rests because its launches fail, blocks the chain. `wanted` says whether the pool's
/// own is wanted, and whether a fallback's is.
fn capacity_for<'a, 'b>(
    book: impl Fn(&PoolName) -> Option<&'b Book>,
    name: &PoolName,
    pools: &'a PoolMap,
    wanted: impl Fn(bool) -> bool,
    now: Timestamp,
) -> Option<&'a Pool> {
    for (distance, capacity) in pools.capacity_chain(name).enumerate() {
        if !wanted(distance == 0) {
            return None;
        }
        let book = book(&capacity.name)?;
        match book.health.resting(now) {
            None => return may_start(book, capacity, pools).then_some(capacity),
            Some(rest) if rest.cause == RestCause::NoCapacity => {}
            Some(_) => return None,
        }
    }
    None
}
