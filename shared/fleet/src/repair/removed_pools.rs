//! Pools that were taken out of the map. Their books are closed, their waiting jobs go over to the pools that
//! serve them now, and their runners that have asked for nothing are stopped: their first answer would be
//! "leave".
//!
//! Their idle runners leave by themselves, at their next question, and what is busy works on to its end. The
//! book stays, for the jobs and the runners that are still counted in it.

use std::collections::BTreeMap;

use super::{FenceCause, Repair, Snapshot};
use crate::ids::PoolName;
use crate::ledger::{Job, JobState, Runner};
use crate::pools::Pool;
use crate::routing::{Unserved, route};

/// Jobs of a pool that is out of the map which no other one serves: nothing repairs that but a map
/// with a pool for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranded {
    /// How many they are.
    pub jobs: u32,
    /// Why none serves the first of them.
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

/// The jobs that go over to another pool, each with the pool that it leaves, and that one.
pub(super) fn served<'a>(
    snapshot: &'a Snapshot<'_>,
) -> impl Iterator<Item = (&'a Job, &'a PoolName, &'a Pool)> {
    routed(snapshot).filter_map(|(job, from, to)| Some((job, from, to.ok()?)))
}

/// The jobs that no pool serves, by the pool that they wait in.
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

/// The jobs that wait in such a pool, each with that pool, routed by the map of today.
fn routed<'a>(
    snapshot: &'a Snapshot<'_>,
) -> impl Iterator<Item = (&'a Job, &'a PoolName, Result<&'a Pool, Unserved<'a>>)> {
    let waiting = snapshot.waiting.iter().filter(|job| job.state == JobState::Queued);
    let retired = waiting.filter_map(|job| Some((job, job.pool.as_ref()?)));
    let retired = retired.filter(|(_, pool)| snapshot.is_retired(pool));
    retired.map(|(job, pool)| (job, pool, route(snapshot.pools, &job.labels, job.is_public)))
}
