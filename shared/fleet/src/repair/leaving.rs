//! Runners that were fenced a while ago, and whose task was not stopped yet or whose stop was not reported.

use jiff::SignedDuration;

use super::{OWN_MATTER, Repair, Sight, Snapshot};
use crate::launch::SeenStop;
use crate::ledger::{Runner, RunnerState};

/// How long ECS knows a `RunTask` again by its token, at least: an hour after the task has stopped
/// (ECS: "Ensuring idempotency").
const TOKEN_HOLDS: SignedDuration = SignedDuration::from_hours(1);

/// How long a runner that leaves may take, before it is silent.
const SILENCE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    left(snapshot).into_iter().filter_map(|runner| of_runner(snapshot, runner)).collect()
}

/// Runners whose fencing function has had its time to stop them, and runners that got the answer "leave" and
/// stayed: each question gets it again, and none of them has a JIT config. GitHub judges those that have one.
pub(super) fn left<'a>(snapshot: &'a Snapshot<'_>) -> Vec<&'a Runner> {
    let is_left = |runner: &&Runner| {
        let patience = if runner.boot.is_none() { OWN_MATTER } else { SILENCE };
        let since = snapshot.now.duration_since(runner.changed_at);
        runner.state == RunnerState::Leaving && runner.has_no_config() && since >= patience
    };
    snapshot.by_reservation(is_left)
}

/// Where ECS lists no task, `RunTask` with the same token tells for certain: it gives the task that there
/// was, or one that is stopped at once. Once ECS may have forgotten the token, there is no task. A capacity
/// that is out of the map can run nothing, so there that time is waited for.
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
