//! Runners that should have come further by now, and have no JIT config.

use jiff::SignedDuration;

use super::{FenceCause, OWN_MATTER, Repair, SeenTask, Sight, Snapshot};
use crate::ledger::Runner;

/// How long a task may wait for capacity after its `RunTask`.
const PROVISIONING_LIMIT: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    late(snapshot).into_iter().filter_map(|runner| of_runner(snapshot, runner)).collect()
}

/// Finds runners whose launcher has had its time, and runners that asked and then went silent.
pub(super) fn late<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let is_late = |runner: &Runner| match runner.boot {
        None => snapshot.age(runner) >= OWN_MATTER,
        Some(_) => runner.is_past_its_boot_limit(snapshot.now),
    };
    let mut late = snapshot.on_their_way();
    late.retain(|runner| is_late(runner));
    late
}

fn of_runner(snapshot: &Snapshot<'_>, runner: &Runner) -> Option<Repair> {
    let sight = snapshot.sight(runner);
    // If a launch was left to a later pass, its time counts from there. While it waits for capacity, it does
    // not boot at all.
    let waited = |task: &SeenTask| snapshot.now.duration_since(task.created_at.unwrap_or(runner.reserved_at));
    let fence =
        |cause, task: Option<&SeenTask>| Repair::Fence { runner: runner.clone(), cause, task: task.cloned() };
    match sight {
        Sight::Task(task) if task.is_provisioning() && runner.boot.is_none() => {
            (waited(task) >= PROVISIONING_LIMIT).then(|| fence(FenceCause::NoCapacity, Some(task)))
        }
        _ if runner.is_past_its_boot_limit(snapshot.now) => {
            let was_put_off = sight == Sight::NotListed && runner.boot.is_none() && runner.put_off.is_some();
            let cause = if was_put_off { FenceCause::NotLaunched } else { FenceCause::BootLimit };
            Some(fence(cause, sight.task()))
        }
        Sight::NotListed => Some(Repair::RunAgain { runner: runner.clone() }),
        Sight::Task(task) if task.has_stopped() => {
            Some(Repair::NoteStopped { runner: runner.clone(), stop: task.why_stopped() })
        }
        Sight::Task(_) | Sight::Unknown => None,
    }
}
