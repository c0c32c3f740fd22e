//! Settle: bring each pool's supply up to its demand, never over a maximum.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::health::RestCause;
use super::{Book, Entries, TRANSACTION_LIMIT};
use crate::ids::{PoolName, RunnerId};
use crate::pools::{Pool, PoolMap};

/// What settling reserved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The new runners, to be launched.
    pub reserved: Vec<RunnerId>,
    /// Whether the transaction was full before the deficits were gone: settle again in a new one.
    pub more: bool,
}

/// Reserves runners for these pools, until each has no deficit left that it may fill, or until the
/// transaction is full. A pool that the map does not know gets none.
///
/// The books of the pools, and of the pools that they fall back to, have to be among the entries.
pub fn settle(
    entries: &mut Entries,
    names: &BTreeSet<PoolName>,
    pools: &PoolMap,
    now: Timestamp,
    mut fresh: impl FnMut() -> RunnerId,
) -> Settled {
    let mut settled = Settled::default();
    for name in names {
        while let Some(capacity) = next_capacity(entries, name, pools, now) {
            // A reservation writes one runner and at most two books more.
            if entries.changes() + 3 > TRANSACTION_LIMIT {
                settled.more = true;
                return settled;
            }
            let id = fresh();
            entries.reserve(id.clone(), name, &capacity.name, now);
            settled.reserved.push(id);
        }
    }
    settled
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
            None => return book.has_room().then_some(capacity),
            Some(rest) if rest.cause == RestCause::NoCapacity => {}
            Some(_) => return None,
        }
    }
    None
}
