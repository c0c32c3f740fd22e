//! Settle: bring each pool's supply up to its demand, never over a maximum.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::health::RestCause;
use super::{Book, Entries, Event, Item, Permits, TRANSACTION_LIMIT};
use crate::ids::{PoolName, RunnerId};
use crate::pools::{Pool, PoolMap};

/// What settling reserved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The new runners, to be launched.
    pub reserved: Vec<RunnerId>,
    /// The pools that still want a runner and may have one, each with the capacity that would run it: there
    /// was no permit for it, or the transaction was full.
    pub wanting: BTreeMap<PoolName, PoolName>,
}

/// Reserves runners for these pools, until each has no deficit left that it may fill, until the permits are
/// used up, or until the transaction is full. A pool that the map does not know gets none.
///
/// The books of the pools, and of the pools that they fall back to, have to be among the entries.
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
            // A reservation writes one runner and at most two books more.
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

/// Whether these books are as an event wants them already. `None` if it changes something; else the book of the pool that
/// it names, and the pools that want runners: what posting it and handing on comes to, which would write nothing.
///
/// The event names a pool and no other item; the books of its fallbacks have to be among these, where they have any.
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
    // Without a permit nothing is reserved, so that no id is asked for.
    let settled =
        settle(&mut entries, &names, pools, now, &mut Permits::default(), || RunnerId::from_random(0));
    let book = entries.book(pool)?.clone();
    Some((book, settled.wanting.into_keys().collect()))
}

/// The permits that settling would use now, of each capacity; at most as many as a transaction takes.
pub fn wanted(entries: &Entries, names: &BTreeSet<PoolName>, pools: &PoolMap, now: Timestamp) -> Permits {
    let all = Permits::for_any(pools);
    let (mut left, mut trial, mut number) = (all.clone(), entries.clone(), 0);
    settle(&mut trial, names, pools, now, &mut left, || {
        number += 1;
        RunnerId::from_random(number)
    });
    all.without(&left)
}

/// Whose capacity would run one more runner of a pool than it needs now, if it may have one.
pub fn spare_capacity<'a>(
    books: &BTreeMap<PoolName, Book>,
    name: &PoolName,
    pools: &'a PoolMap,
    now: Timestamp,
) -> Option<&'a Pool> {
    capacity_for(|pool| books.get(pool), name, pools, |_| true, now)
}

/// Whose capacity runs the next runner of a pool, if it needs one and may have one.
///
/// That is the pool's own. While there is none of it (it rests, because ECS had no capacity), it is
/// the fallback's, for jobs that wait and never for a minimum.
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

/// Whether one more runner may be launched on a capacity: there is room, and, where tasks wait for instances, no
/// more of its own pool are on their way than may wait at once. On Fargate they wait for seconds.
fn may_start(book: &Book, capacity: &Pool, pools: &PoolMap) -> bool {
    let may_wait = i64::from(pools.limits().starting());
    book.has_room() && (capacity.capacity.is_fargate() || book.starting() < may_wait)
}

/// The first capacity of a pool's that has some and may be used. One at its maximum, or one that rests
/// because its launches fail, is nobody's; `wanted` tells whether the pool's own is, and whether a
/// fallback's is.
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
