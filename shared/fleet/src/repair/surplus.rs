//! Runners that are not needed and have not claimed. One that has is told so at its next release.

use super::{FenceCause, Repair, Snapshot, retired};
use crate::ledger::{Book, Runner, RunnerState};

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    let fence = |runner: &Runner| Repair::Fence {
        runner: runner.clone(),
        cause: FenceCause::NotNeeded,
        task: snapshot.sight(runner).task().cloned(),
    };
    unneeded(snapshot).into_iter().map(fence).collect()
}

/// The youngest of each pool's, up to its surplus.
pub(super) fn unneeded<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let starting = snapshot.unclaimed(RunnerState::Starting);
    let of_map = snapshot.books.values().filter(|book| !snapshot.is_retired(&book.pool));
    let unneeded = of_map.flat_map(|book| {
        let of_pool = starting.iter().rev().filter(|runner| runner.pool == book.pool);
        of_pool.take(surplus(snapshot, book)).copied()
    });
    unneeded.collect()
}

/// How many runners a pool has beyond those that it needs; jobs that come over to it from a pool
/// which is out of the map are about to need theirs.
fn surplus(snapshot: &Snapshot<'_>, book: &Book) -> usize {
    let coming = retired::served(snapshot).filter(|(_, to)| to.name == book.pool).count();
    let beyond = usize::try_from(-book.deficit()).unwrap_or(0);
    beyond.saturating_sub(coming)
}
