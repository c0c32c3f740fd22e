//! Settle: bring each pool's supply up to its demand, never over a maximum.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::health::RestCause;
use super::{Entries, TRANSACTION_LIMIT};
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

/// Whose capacity runs the next runner of a pool, if it needs one and may have one.
///
/// That is the pool's own. While there is none of it (it rests, because ECS had no capacity), it is
/// the fallback's, for jobs that wait and never for a minimum. A capacity at its maximum, or one
/// that rests because its launches fail, is nobody's.
fn next_capacity<'a>(
    entries: &Entries,
    name: &PoolName,
    pools: &'a PoolMap,
    now: Timestamp,
) -> Option<&'a Pool> {
    let demand = entries.book(name)?;
    for (distance, capacity) in pools.capacity_chain(name).enumerate() {
        let wanted = if distance == 0 { demand.deficit() } else { demand.unserved_jobs() };
        if wanted < 1 {
            return None;
        }
        let book = entries.book(&capacity.name)?;
        match book.health.resting(now) {
            None => return book.has_room().then_some(capacity),
            Some(rest) if rest.cause == RestCause::NoCapacity => {}
            Some(_) => return None,
        }
    }
    None
}
