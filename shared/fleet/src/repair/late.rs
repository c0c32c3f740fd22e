//! Runners that have not come as far as they should have by now, and never claimed.

use jiff::SignedDuration;

use super::{FenceCause, OWN_MATTER, Repair, SeenTask, Sight, Snapshot};
use crate::ledger::{Runner, RunnerState};

/// How long a task may wait for capacity, from its `RunTask` on.
const PROVISIONING_LIMIT: SignedDuration = SignedDuration::from_mins(5);

/// How long a runner may take from its reservation to its first claim.
const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    late(snapshot).into_iter().filter_map(|runner| of_runner(snapshot, runner)).collect()
}

/// Those whose launch is no longer their launcher's own matter.
pub(super) fn late<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let mut starting = snapshot.unclaimed(RunnerState::Starting);
    starting.retain(|runner| snapshot.age(runner) >= OWN_MATTER);
    starting
}

fn of_runner(snapshot: &Snapshot<'_>, runner: &Runner) -> Option<Repair> {
    let (age, sight) = (snapshot.age(runner), snapshot.sight(runner));
    // A launch that was left to a later pass has its time from then on.
    let waited = |task: &SeenTask| snapshot.now.duration_since(task.created_at.unwrap_or(runner.reserved_at));
    let runner = runner.clone();
    let fence = |runner, cause, task: Option<&SeenTask>| Repair::Fence { runner, cause, task: task.cloned() };
    match sight {
        _ if age >= BOOT_LIMIT => Some(fence(runner, FenceCause::BootLimit, sight.task())),
        Sight::NotListed => Some(Repair::RunAgain { runner }),
        Sight::Task(task) if task.has_stopped() => {
            Some(Repair::NoteStopped { runner, stop: task.why_stopped() })
        }
        Sight::Task(task) if task.is_provisioning() && waited(task) >= PROVISIONING_LIMIT => {
            Some(fence(runner, FenceCause::NoCapacity, Some(task)))
        }
        Sight::Task(_) | Sight::Unknown => None,
    }
}
