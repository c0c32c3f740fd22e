//! Pools that have left the map. Their books are closed. Their waiting jobs move to the pools that serve them
//! now. Their runners that have asked for nothing are stopped, because their first answer would be "leave".
//!
//! Their idle runners leave by themselves, at their next question; busy ones finish their jobs. The book
//! stays, for the jobs and the runners that still count in it.

use std::collections::BTreeMap;

use super::{FenceCause, Repair, Snapshot};
use crate::ids::PoolName;
use crate::ledger::{Job, JobState, Runner};
use crate::pools::Pool;
use crate::routing::{Unserved, route};

/// Jobs of a pool that has left the map and that no other pool serves: only a map with a pool for them helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranded {
    /// Their number.
    pub jobs: u32,
    /// Why no pool serves the first of them.
    pub why: String,
}

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    let books = snapshot.books.values().filter(|book| snapshot.is_retired(&book.pool));
    let open = books.filter(|book| book.minimum != 0 || !book.is_closed());
    let close = open.map(|book| Repair::Close { pool: book.pool.clone() });
    let reroute = served(snapshot).map(|(job, from, to)| Repair::Reroute {
        job: job.id,
        from: from.clone(),
        to: to.name.clone(),
    });
    let fence = unasked(snapshot).into_iter().map(|runner| Repair::Fence {
        runner: runner.clone(),
        cause: FenceCause::OutOfMap,
        task: snapshot.sight(runner).task().cloned(),
    });
    close.chain(reroute).chain(fence).collect()
}

/// Runners that would ask in vain.
pub(super) fn unasked<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let mut runners = snapshot.unasked();
    runners.retain(|runner| snapshot.is_retired(&runner.pool));
    runners
}

/// The jobs that move, each with its old and its new pool.
pub(super) fn served<'a>(
    snapshot: &'a Snapshot<'_>,
) -> impl Iterator<Item = (&'a Job, &'a PoolName, &'a Pool)> {
    routed(snapshot).filter_map(|(job, from, to)| Some((job, from, to.ok()?)))
}

/// The jobs that no pool serves, by the pool in which they wait.
pub fn stranded(snapshot: &Snapshot<'_>) -> BTreeMap<PoolName, Stranded> {
    let mut stranded: BTreeMap<PoolName, Stranded> = BTreeMap::new();
    for (_, from, to) in routed(snapshot) {
        if let Err(why) = to {
            let first = || Stranded { jobs: 0, why: why.to_string() };
            stranded.entry(from.clone()).or_insert_with(first).jobs += 1;
        }
    }
    stranded
}

/// The jobs that wait in such a pool, each with that pool, routed by the current map.
fn routed<'a>(
    snapshot: &'a Snapshot<'_>,
) -> impl Iterator<Item = (&'a Job, &'a PoolName, Result<&'a Pool, Unserved<'a>>)> {
    let waiting = snapshot.waiting.iter().filter(|job| job.state == JobState::Queued);
    let retired = waiting.filter_map(|job| Some((job, job.pool.as_ref()?)));
    let retired = retired.filter(|(_, pool)| snapshot.is_retired(pool));
    retired.map(|(job, pool)| (job, pool, route(snapshot.pools, &job.labels, job.is_public)))
}
