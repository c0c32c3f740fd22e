//! Runners whose task has stopped without an event.

use super::{Confirmed, Evidence, Mend};
use crate::ledger::Runner;
use crate::repair::SeenTask;
use crate::repair::suspicion::Suspicion;

pub(super) fn suspects(seen: &Evidence) -> Vec<Suspicion> {
    stopped(seen).map(|(runner, _)| Suspicion::TaskGone(runner.id.clone())).collect()
}

pub(super) fn find(seen: &Evidence, confirmed: &Confirmed) -> Vec<Mend> {
    let agreed =
        stopped(seen).filter(|(runner, _)| confirmed.contains(&Suspicion::TaskGone(runner.id.clone())));
    agreed
        .map(|(runner, task)| Mend::NoteStopped { runner: runner.clone(), stop: task.why_stopped() })
        .collect()
}

/// The runners whose task ECS reports as stopped, and that have no other task. If ECS merely lists none, that
/// proves nothing.
fn stopped(seen: &Evidence) -> impl Iterator<Item = (&Runner, &SeenTask)> {
    let live = seen.runners.values().filter(|runner| runner.state.is_live());
    live.filter_map(|runner| {
        let is_over = seen.tasks_of(&runner.id).all(SeenTask::has_stopped);
        Some((runner, seen.tasks_of(&runner.id).next().filter(|_| is_over)?))
    })
}
