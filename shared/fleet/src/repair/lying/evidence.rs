//! What a look has seen.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::ids::{GithubRunnerId, JobId, PoolName, RunnerId};
use crate::ledger::{Book, Job, JobState, Runner, RunnerState};
use crate::ports::{Registration, TaskDescription};
use crate::repair::SeenTask;

/// The ledger, ECS and GitHub, as they were read. What could not be read is not in it, and no rule takes
/// its absence for a fact.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// When the look began.
    pub now: Timestamp,
    /// The runners that are not Stopped; and of the others those that a task or a registration names. Read
    /// after those, so that none of them is younger than it.
    pub runners: BTreeMap<RunnerId, Runner>,
    /// Whether every runner that is not Stopped is among them.
    pub has_all_runners: bool,
    /// The books.
    pub books: BTreeMap<PoolName, Book>,
    /// The jobs that the Busy runners have.
    pub jobs: BTreeMap<JobId, Job>,
    /// The tasks of this stack whose `startedBy` is a runner's id.
    pub tasks: Vec<OurTask>,
    /// Whether ECS has listed every task that runs.
    pub saw_all_tasks: bool,
    /// The organisation's registrations, if GitHub has listed all of them.
    pub registrations: Option<BTreeMap<GithubRunnerId, Registration>>,
}

/// A task of this stack, with the runner that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurTask {
    /// The runner.
    pub runner: RunnerId,
    /// Its task.
    pub task: SeenTask,
}

impl OurTask {
    /// The task, if it is one of this stack.
    pub fn of(cluster: &str, stack: &str, described: TaskDescription) -> Option<Self> {
        let is_ours = described.stack.as_deref() == Some(stack);
        let runner = described.runner.clone().filter(|_| is_ours)?;
        Some(Self { runner, task: SeenTask::of(cluster, described) })
    }
}

/// How a runner's registration is at GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// This is it.
    Listed(&'a Registration),
    /// GitHub lists all, and not this one.
    NotListed,
    /// It has none that we know of, or GitHub was not seen.
    Unknown,
}

impl Evidence {
    /// The runners in some states.
    pub(super) fn runners_in(&self, states: &[RunnerState]) -> impl Iterator<Item = &Runner> {
        self.runners.values().filter(move |runner| states.contains(&runner.state))
    }

    /// The tasks of a runner: one, or none that was seen.
    pub(super) fn tasks_of(&self, runner: &RunnerId) -> impl Iterator<Item = &SeenTask> {
        self.tasks.iter().filter(move |task| task.runner == *runner).map(|task| &task.task)
    }

    /// How the registration of a runner is whose id the ledger has. One that GitHub once refused to delete as
    /// busy, and whose id nobody stored, is known by its name.
    pub(super) fn standing(&self, runner: &Runner) -> Standing<'_> {
        let Some(all) = &self.registrations else { return Standing::Unknown };
        let is_named = |it: &&Registration| RunnerId::from_github_name(&it.name).as_ref() == Some(&runner.id);
        let found = match runner.github_id {
            Some(id) => all.get(&id),
            None if runner.state == RunnerState::Busy => all.values().find(is_named),
            None => return Standing::Unknown,
        };
        found.map_or(Standing::NotListed, Standing::Listed)
    }

    /// How long a runner is in its state.
    pub(super) fn since(&self, runner: &Runner) -> SignedDuration {
        self.now.duration_since(runner.changed_at)
    }

    /// The job that a runner has, as the ledger knows it.
    pub(super) fn job_of(&self, runner: &Runner) -> Option<&Job> {
        self.jobs.get(&runner.job?)
    }

    /// For how long the job of a runner is over.
    pub(super) fn job_over_for(&self, runner: &Runner) -> Option<SignedDuration> {
        let job = self.job_of(runner).filter(|job| job.state == JobState::Completed)?;
        Some(self.now.duration_since(job.changed_at))
    }
}
