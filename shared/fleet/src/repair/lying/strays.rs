//! Tasks that run for nobody. A task whose runner had a JIT config is never among them: it may have a job.

use super::{Confirmed, Evidence, Mend, OurTask, StopCause};
use crate::ids::RunnerId;
use crate::ledger::RunnerState;
use crate::repair::suspicion::Suspicion;

pub(super) fn suspects(seen: &Evidence) -> Vec<Suspicion> {
    strays(seen).map(|(stray, _)| Suspicion::StrayTask(stray.task.task.clone())).collect()
}

pub(super) fn find(seen: &Evidence, confirmed: &Confirmed) -> Vec<Mend> {
    let is_confirmed = |stray: &OurTask| confirmed.contains(&Suspicion::StrayTask(stray.task.task.clone()));
    let agreed = strays(seen).filter(|(stray, _)| is_confirmed(stray));
    agreed
        .map(|(stray, cause)| Mend::Stop {
            runner: stray.runner.clone(),
            known: seen.runners.get(&stray.runner).cloned(),
            task: stray.task.clone(),
            cause,
        })
        .collect()
}

fn strays(seen: &Evidence) -> impl Iterator<Item = (&OurTask, StopCause)> {
    let running = seen.tasks.iter().filter(|task| !task.task.has_stopped());
    running.filter_map(|task| {
        let cause = match seen.runners.get(&task.runner) {
            // A reservation is written before RunTask, so it will not appear later. If GitHub has a
            // registration for the runner, it had a JIT config, and its item was deleted since.
            None if is_registered(seen, &task.runner)? => return None,
            None => StopCause::UnknownRunner,
            Some(runner) if runner.state == RunnerState::Stopped && runner.has_no_config() => {
                StopCause::LaunchGivenBack
            }
            Some(_) => return None,
        };
        Some((task, cause))
    })
}

/// Whether GitHub has a registration with the runner's name. `None` if GitHub was not read.
fn is_registered(seen: &Evidence, runner: &RunnerId) -> Option<bool> {
    let mut all = seen.registrations.as_ref()?.values();
    Some(all.any(|it| RunnerId::from_github_name(&it.name).as_ref() == Some(runner)))
}
