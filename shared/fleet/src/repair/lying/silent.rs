//! Runners with a JIT config that do not end, although they got the answer "leave" or their job is over.
//!
//! No other rule stops a runner that had a JIT config. Each stop relies on GitHub's word: it has no
//! registration for the runner, and a runner at a job always has one.

use jiff::SignedDuration;

use super::evidence::Standing;
use super::{Confirmed, Evidence, Mend, StopCause};
use crate::launch::SeenStop;
use crate::ledger::{JobState, Runner, RunnerState};
use crate::repair::Sight;
use crate::repair::suspicion::Suspicion;

/// How long a runner may take to leave, or to end after its job, before it counts as silent. Every question
/// in that time gets the answer "leave".
const SILENCE: SignedDuration = SignedDuration::from_mins(15);

/// How long a runner must be Leaving, or Busy, before its task is stopped because GitHub does not have it.
const GONE_FOR: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn suspects(seen: &Evidence) -> Vec<Suspicion> {
    unregistered(seen).map(|runner| Suspicion::NotRegistered(runner.id.clone())).collect()
}

pub(super) fn find(seen: &Evidence, confirmed: &Confirmed) -> Vec<Mend> {
    let agreed = unregistered(seen).filter(|it| confirmed.contains(&Suspicion::NotRegistered(it.id.clone())));
    let stops = agreed.filter_map(|runner| stop(seen, runner));
    let silent = candidates(seen).filter(|runner| is_silent(seen, runner));
    let still_registered = silent.filter_map(|runner| match seen.standing(runner) {
        Standing::Listed(it) => Some(Mend::Deregister { runner: runner.clone(), registration: it.clone() }),
        Standing::NotListed | Standing::Unknown => None,
    });
    stops.chain(still_registered).collect()
}

fn candidates(seen: &Evidence) -> impl Iterator<Item = &Runner> {
    seen.runners_in(&[RunnerState::Leaving, RunnerState::Busy])
}

fn unregistered(seen: &Evidence) -> impl Iterator<Item = &Runner> {
    candidates(seen).filter(|runner| seen.standing(runner) == Standing::NotListed)
}

/// Whether the runner should have ended by now, according to the ledger: it got the answer "leave"; or its
/// job is over; or GitHub once refused to delete its registration as busy, never named a job, and does not
/// report it as busy now.
fn is_silent(seen: &Evidence, runner: &Runner) -> bool {
    let is_idle = || matches!(seen.standing(runner), Standing::Listed(it) if !it.is_busy);
    match (runner.state, runner.job) {
        (RunnerState::Leaving, _) => seen.since(runner) >= SILENCE,
        (_, None) => seen.since(runner) >= SILENCE && is_idle(),
        (_, Some(_)) => seen.job_over_for(runner).is_some_and(|over| over >= SILENCE),
    }
}

/// What to do about a runner that two looks did not find registered.
fn stop(seen: &Evidence, runner: &Runner) -> Option<Mend> {
    let is_long = seen.since(runner) >= GONE_FOR;
    let cause = match (runner.state, seen.job_of(runner)) {
        (RunnerState::Leaving, _) if is_long => StopCause::ToldToLeave,
        (RunnerState::Leaving, _) => return None,
        (_, Some(job)) if job.state == JobState::Completed => {
            is_silent(seen, runner).then_some(StopCause::JobOver)?
        }
        (_, Some(job)) if is_long => {
            let task = match running(seen, runner) {
                Sight::Task(task) => Some(task.clone()),
                Sight::NotListed => None,
                Sight::Unknown => return None,
            };
            return Some(Mend::StopUnlessAtJob { runner: runner.clone(), job: job.clone(), task });
        }
        // GitHub reported it as busy, but never named its job.
        (_, None) if is_long && runner.job.is_none() => StopCause::NoJob,
        _ => return None,
    };
    end(runner, running(seen, runner), cause)
}

/// Stops a runner's task. If ECS runs none either, the runner has stopped.
fn end(runner: &Runner, task: Sight<'_>, cause: StopCause) -> Option<Mend> {
    match task {
        Sight::Task(task) => {
            let (known, task) = (Some(runner.clone()), task.clone());
            Some(Mend::Stop { runner: runner.id.clone(), known, task, cause })
        }
        Sight::NotListed => Some(Mend::NoteStopped { runner: runner.clone(), stop: SeenStop::unknown() }),
        Sight::Unknown => None,
    }
}

/// The task of a runner, if it runs. Unknown if ECS was not read, or reports a stop.
fn running<'a>(seen: &'a Evidence, runner: &'a Runner) -> Sight<'a> {
    let mut tasks = seen.tasks_of(&runner.id).peekable();
    if tasks.peek().is_none() {
        return if seen.saw_all_tasks { Sight::NotListed } else { Sight::Unknown };
    }
    tasks.find(|task| !task.has_stopped()).map_or(Sight::Unknown, Sight::Task)
}
