//! A run's figures, from the sandbox's own records.

use std::collections::BTreeMap;
use std::time::Duration;

use fleet::RunnerId;
use jiff::{SignedDuration, Timestamp};
use sandbox::ecs::{Strain, Task};
use sandbox::github::{Phase, WorkflowJob};

use crate::bench::Bench;
use crate::binds::binds;
use crate::observed::Tries;

/// How long after its reservation Mayfly gives up a runner that has not come up; one that is not even launched by
/// then was forgotten (LEDGER: "boot limit").
const BOOT_LIMIT: SignedDuration = SignedDuration::from_mins(15);

/// Durations, the shortest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread(pub Vec<SignedDuration>);

impl Spread {
    /// The value that this percentage of them does not exceed.
    pub fn percentile(&self, percent: usize) -> Option<SignedDuration> {
        let place = (self.0.len() * percent).div_ceil(100);
        self.0.get(place.saturating_sub(1)).copied()
    }

    /// The longest.
    pub fn longest(&self) -> Option<SignedDuration> {
        self.0.last().copied()
    }
}

/// A run's figures.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The run's name.
    pub name: String,
    /// Jobs.
    pub jobs: usize,
    /// From the beginning to the last `RunTask`.
    pub last_run_task: Option<SignedDuration>,
    /// From the beginning to the last JIT config.
    pub last_config: Option<SignedDuration>,
    /// From each job's demand to the JIT config of the runner that took it.
    pub to_config: Spread,
    /// From each task's RUNNING to its JIT config, or to its end without one; summed.
    pub waited: SignedDuration,
    /// Tasks started.
    pub tasks: usize,
    /// Tasks beyond one for each job.
    pub tasks_too_many: usize,
    /// Questions from tasks that had no JIT config yet.
    pub questions: u64,
    /// From the queue to the ledger: webhooks' events.
    pub webhooks: Spread,
    /// The same of tasks that have stopped.
    pub stops: Spread,
    /// Events that were never recorded.
    pub unwritten: usize,
    /// Transactions of the ledger.
    pub ledger: Tries,
    /// Writes of GitHub's budget.
    pub budget: Tries,
    /// How close launches came to ECS's limits.
    pub strain: Strain,
    /// Calls that GitHub's limits refused.
    pub refused_by_github: u64,
    /// Jobs that no runner ran to their end.
    pub lost: usize,
    /// Runners that had no task by their boot limit.
    pub unlaunched: usize,
    /// Invocations that Lambda ended at their timeout.
    pub timed_out: u64,
    /// The scheduler's longest tick.
    pub longest_tick: Option<Duration>,
    /// Which limits bind.
    pub binds: String,
    /// How long the run took on this machine.
    pub wall: Duration,
}

impl Figures {
    /// Measures a run that began at this moment; jobs of earlier demands count from it.
    pub fn of(name: String, bench: &Bench, began: Timestamp) -> Self {
        let sandbox = bench.sandbox();
        let (github, ecs, table) =
            (sandbox.github().borrow(), sandbox.ecs().borrow(), sandbox.table().borrow());
        let observed = bench.observed.borrow();
        let now = bench.now();
        let claims = bench.world.claims();
        let configs: BTreeMap<&RunnerId, Timestamp> =
            claims.values().filter_map(|claim| Some((&claim.runner, claim.config_at?))).collect();
        let launches: BTreeMap<RunnerId, Timestamp> =
            ecs.tasks().filter_map(|task| Some((task.runner()?, task.started_at))).collect();

        let ran = |job: &&WorkflowJob| job.phase == Phase::Completed { conclusion: "success" };
        let config_of = |job: &WorkflowJob| {
            let (_, name) = job.runner.as_ref()?;
            configs.get(&RunnerId::from_github_name(name)?).copied()
        };
        let mut to_config: Vec<_> = github
            .jobs()
            .filter_map(|job| Some(config_of(job)?.duration_since(job.queued_at.max(began))))
            .collect();
        to_config.sort();
        let unlaunched = table.runners().filter(|runner| {
            let at = launches.get(&runner.id).copied().unwrap_or(now);
            at.duration_since(runner.reserved_at) > BOOT_LIMIT
        });
        let (jobs, lost) = (github.jobs().count(), github.jobs().filter(|job| !ran(job)).count());
        let tasks = launches.len();
        let since = |at: Option<Timestamp>| at.map(|at| at.duration_since(began));
        Self {
            name,
            jobs,
            last_run_task: since(launches.values().max().copied()),
            last_config: since(configs.values().max().copied()),
            to_config: Spread(to_config),
            waited: ecs.tasks().map(|task| waited(task, &configs, now)).sum(),
            tasks,
            tasks_too_many: tasks.saturating_sub(jobs - lost),
            questions: claims.values().map(|claim| u64::from(claim.questions)).sum(),
            webhooks: Spread(observed.webhooks_took()),
            stops: Spread(observed.stops_took()),
            unwritten: observed.unwritten(),
            ledger: observed.ledger,
            budget: observed.budget,
            strain: ecs.strain(),
            refused_by_github: github.refused_by_limits(),
            lost,
            unlaunched: unlaunched.count(),
            timed_out: sandbox.invocations_so_far().values().map(|it| it.timed_out).sum(),
            longest_tick: bench.ticks.longest().map(|tick| tick.took),
            binds: binds(bench, began, &launches.into_values().collect::<Vec<_>>(), &configs),
            wall: Duration::ZERO,
        }
    }
}

/// How long a task ran before its JIT config, or to its end if it had none.
fn waited(task: &Task, configs: &BTreeMap<&RunnerId, Timestamp>, now: Timestamp) -> SignedDuration {
    let Some(running_at) = task.running_at else { return SignedDuration::ZERO };
    let config = task.runner().and_then(|runner| configs.get(&runner).copied());
    let until = config.or(task.stopped_at).unwrap_or(now);
    until.duration_since(running_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let of = |seconds: &[i64]| Spread(seconds.iter().map(|it| SignedDuration::from_secs(*it)).collect());
        for (values, percent, found) in [
            (&[1, 2, 3][..], 50, Some(2)),
            (&[1, 2, 3, 4], 50, Some(2)),
            (&[1, 2], 99, Some(2)),
            (&[1, 2], 100, Some(2)),
            (&[], 50, None),
        ] {
            let expected = found.map(SignedDuration::from_secs);
            assert_eq!(of(values).percentile(percent), expected, "{percent} of {values:?}");
        }
    }
}
