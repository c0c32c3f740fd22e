//! Runners that are not needed and have not asked yet. A runner that has asked gets the answer "leave" at its
//! next question.

use super::{FenceCause, Repair, Snapshot, overdue, removed_pools};
use crate::ledger::{Book, Runner, RunnerState};

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    let fence = |runner: &Runner| Repair::Fence {
        runner: runner.clone(),
        cause: FenceCause::NotNeeded,
        task: snapshot.sight(runner).task().cloned(),
    };
    unneeded(snapshot).into_iter().map(fence).collect()
}

/// In each pool, up to its surplus: first the slow ones, then the youngest. Also the Overdue ones for which
/// no job waits.
pub(super) fn unneeded<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let unasked = snapshot.unasked();
    let of_map = snapshot.books.values().filter(|book| !snapshot.is_retired(&book.pool));
    let unneeded = of_map.flat_map(|book| {
        let of_pool = |state| move |runner: &&&Runner| runner.pool == book.pool && runner.state == state;
        let mut starting: Vec<_> = unasked.iter().rev().filter(of_pool(RunnerState::Starting)).collect();
        starting.sort_by_key(|runner| !overdue::had_its_time(snapshot, runner));
        let overdue = unasked.iter().filter(of_pool(RunnerState::Overdue));
        let is_needed = |runner: &Runner| book.needs(runner, snapshot.now) || coming(snapshot, book) > 0;
        let overdue = overdue.filter(|runner| !is_needed(runner));
        starting.into_iter().take(surplus(snapshot, book)).chain(overdue).copied().collect::<Vec<_>>()
    });
    unneeded.collect()
}

/// How many runners a pool has beyond those that it needs, or will soon need.
fn surplus(snapshot: &Snapshot<'_>, book: &Book) -> usize {
    let beyond = usize::try_from(-book.deficit(snapshot.now)).unwrap_or(0);
    beyond.saturating_sub(coming(snapshot, book))
}

/// The jobs that move to a pool from pools which have left the map.
fn coming(snapshot: &Snapshot<'_>, book: &Book) -> usize {
    removed_pools::served(snapshot).filter(|(_, _, to)| to.name == book.pool).count()
}
