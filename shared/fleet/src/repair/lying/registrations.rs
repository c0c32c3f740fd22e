//! What GitHub's list of runners shows: runners that are not online, and registrations of runners that have
//! stopped.

use jiff::SignedDuration;

use super::evidence::Standing;
use super::{Confirmed, CountedOut, Evidence, Mend};
use crate::ids::RunnerId;
use crate::ledger::{Runner, RunnerState, SLOW};
use crate::repair::suspicion::Suspicion;

/// How long a runner must be Stopped before its registration is deleted. GitHub itself removes the
/// registration of a runner whose job is done.
const JUST_STOPPED: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn suspects(seen: &Evidence) -> Vec<Suspicion> {
    not_online(seen).map(|runner| Suspicion::NotOnline(runner.id.clone())).collect()
}

/// Counts out the runners that two looks do not find online.
pub(super) fn offline(seen: &Evidence, confirmed: &Confirmed) -> Vec<Mend> {
    let agreed = not_online(seen).filter(|it| confirmed.contains(&Suspicion::NotOnline(it.id.clone())));
    agreed.map(|it| Mend::CountOut { runner: it.clone(), cause: CountedOut::Offline }).collect()
}

/// Runners that have a registration and wait for a job, but are not online at GitHub. A runner without a
/// registration cannot be online. A runner that got its JIT config recently may still come up.
fn not_online(seen: &Evidence) -> impl Iterator<Item = &Runner> {
    let waiting = seen.runners_in(&[RunnerState::Idle, RunnerState::Overdue]);
    let had_its_time = waiting.filter(|runner| runner.listened || runner.silence(seen.now) >= SLOW);
    had_its_time.filter(|runner| match seen.standing(runner) {
        Standing::Listed(registration) => !registration.is_online,
        Standing::NotListed => true,
        Standing::Unknown => false,
    })
}

/// Registrations of runners that have stopped, online or not. A name that our ledger does not know belongs to
/// another stack.
pub(super) fn dead(seen: &Evidence, _: &Confirmed) -> Vec<Mend> {
    let all = seen.registrations.iter().flat_map(|all| all.values());
    let dead = all.filter_map(|registration| {
        let runner = seen.runners.get(&RunnerId::from_github_name(&registration.name)?)?;
        let is_dead = runner.state == RunnerState::Stopped && seen.since(runner) >= JUST_STOPPED;
        is_dead.then(|| Mend::Deregister { runner: runner.clone(), registration: registration.clone() })
    });
    dead.collect()
}
