//! Slow starters: while jobs wait for one, another runner is reserved as well. The slow one may still come
//! up, and is then as good as any.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{FenceCause, Repair, Sight, Snapshot};
use crate::ids::PoolName;
use crate::ledger::settle::spare_capacity;
use crate::ledger::{Book, Runner, RunnerState, SLOW};

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    // The books as they will be after the repairs already found.
    let mut books = snapshot.books.clone();
    let slow = slow(snapshot).into_iter();
    slow.filter_map(|runner| of_runner(snapshot, runner, &mut books)).collect()
}

/// Runners that may be slow, according to the ledger; the longest silent first.
pub(super) fn slow<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let now = snapshot.now;
    let is_slow = |runner: &Runner| match runner.state {
        RunnerState::Starting => runner.boot.is_none() && runner.silence(now) >= SLOW,
        _ => runner.is_silent(now),
    };
    let jobs_wait = |runner: &Runner| snapshot.books.get(&runner.pool).is_some_and(|book| book.queued > 0);
    let mut slow = snapshot.on_their_way();
    slow.retain(|runner| !snapshot.is_retired(&runner.pool) && jobs_wait(runner) && is_slow(runner));
    slow.sort_by_key(|runner| Reverse(runner.silence(now)));
    slow
}

fn of_runner(
    snapshot: &Snapshot<'_>,
    runner: &Runner,
    books: &mut BTreeMap<PoolName, Book>,
) -> Option<Repair> {
    let now = snapshot.now;
    if runner.state == RunnerState::Starting && !had_its_time(snapshot, runner) {
        return None;
    }
    let book = books.get(&runner.pool)?;
    // If there is a surplus, its replacement is already on its way.
    if !book.jobs_wait_beside(runner) || book.has_surplus(now) {
        return None;
    }
    if runner.overdue_at.is_some() {
        let task = snapshot.sight(runner).task().cloned();
        let fence = Repair::Fence { runner: runner.clone(), cause: FenceCause::SlowTwice, task };
        return runner.has_no_config().then_some(fence);
    }
    if !book.may_have_another_overdue(now) {
        return None;
    }
    let capacity = spare_capacity(books, &runner.pool, snapshot.pools, now)?.name.clone();
    books.entry(runner.pool.clone()).and_modify(|book| book.expect_overdue(runner, now));
    books.entry(capacity).and_modify(|book| book.live += 1);
    Some(Repair::CallOverdue { runner: runner.clone() })
}

/// Whether a task whose runner has asked for nothing left PROVISIONING so long ago that it is slow. An
/// unknown task, and one that waits for capacity, is not.
pub(super) fn had_its_time(snapshot: &Snapshot<'_>, runner: &Runner) -> bool {
    let Sight::Task(task) = snapshot.sight(runner) else { return false };
    let since = task.pull_started_at.unwrap_or(runner.reserved_at);
    !task.is_provisioning() && !task.has_stopped() && snapshot.now.duration_since(since) >= SLOW
}
