//! Runners that were fenced a while ago, but whose task was not stopped, or whose stop was not reported.

use jiff::SignedDuration;

use super::{OWN_MATTER, Repair, Sight, Snapshot};
use crate::launch::SeenStop;
use crate::ledger::{Runner, RunnerState};

/// How long ECS recognises a repeated `RunTask` by its token: at least an hour after the task has stopped
/// (ECS: "Ensuring idempotency").
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_hours(1);

/// How long a leaving runner may take before it counts as silent.
const SILENCE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    left(snapshot).into_iter().filter_map(|runner| of_runner(snapshot, runner)).collect()
}

/// Finds runners whose fencing function has had its time to stop them, and runners that stay although they
/// got the answer "leave". Each question gets that answer again, and none of these runners has a JIT config.
/// Runners that have one are judged by GitHub's list.
pub(super) fn left<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let is_left = |runner: &&Runner| {
        let patience = if runner.boot.is_none() { OWN_MATTER } else { SILENCE };
        let since = snapshot.now.duration_since(runner.changed_at);
        runner.state == RunnerState::Leaving && runner.has_no_config() && since >= patience
    };
    snapshot.by_reservation(is_left)
}

/// If ECS lists no task, `RunTask` with the same token settles it: it returns the old task, or starts one
/// that is then stopped at once. Once ECS may have forgotten the token, there is no task. A capacity that has
/// left the map can run nothing, so there we wait until then.
fn of_runner(snapshot: &Snapshot<'_>, runner: &Runner) -> Option<Repair> {
    let (age, sight) = (snapshot.age(runner), snapshot.sight(runner));
    let can_run = snapshot.placements.contains_key(&runner.capacity);
    let runner = runner.clone();
    match sight {
        Sight::Task(task) if task.has_stopped() => {
            Some(Repair::NoteStopped { runner, stop: task.why_stopped() })
        }
        Sight::Task(task) => Some(Repair::Stop { runner, task: task.clone() }),
        Sight::NotListed if age >= TOKEN_HOLDS => {
            Some(Repair::NoteStopped { runner, stop: SeenStop::unknown() })
        }
        Sight::NotListed => can_run.then_some(Repair::RunAgain { runner }),
        Sight::Unknown => None,
    }
}
