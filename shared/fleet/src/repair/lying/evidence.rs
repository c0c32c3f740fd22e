//! What a look has seen.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::ids::{GithubRunnerId, JobId, PoolName, RunnerId};
use crate::ledger::{Book, Job, JobState, Runner, RunnerState};
use crate::ports::{Registration, TaskDescription};
use crate::repair::SeenTask;

/// The ledger, ECS and GitHub, as they were read. What could not be read is missing, and no rule treats its
/// absence as a fact.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// When the look began.
    pub now: Timestamp,
    /// The runners that are not Stopped, and the Stopped ones that a task or a registration names. They are
    /// read after the tasks and registrations, so none of those is older than its runner.
    pub runners: BTreeMap<RunnerId, Runner>,
    /// Whether every runner that is not Stopped is included.
    pub has_all_runners: bool,
    /// The books.
    pub books: BTreeMap<PoolName, Book>,
    /// The jobs that the Busy runners have.
    pub jobs: BTreeMap<JobId, Job>,
    /// The tasks of this stack whose `startedBy` is a runner's id.
    pub tasks: Vec<OurTask>,
    /// Whether ECS has listed every running task.
    pub saw_all_tasks: bool,
    /// The organisation's registrations, if GitHub has listed all of them.
    pub registrations: Option<BTreeMap<GithubRunnerId, Registration>>,
}

/// A task of this stack, and its runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurTask {
    /// The runner.
    pub runner: RunnerId,
    /// Its task.
    pub task: SeenTask,
}

impl OurTask {
    /// The task, if it belongs to this stack.
    pub fn of(cluster: &str, stack: &str, described: TaskDescription) -> Option<Self> {
        let is_ours = described.stack.as_deref() == Some(stack);
        let runner = described.runner.clone().filter(|_| is_ours)?;
        Some(Self { runner, task: SeenTask::of(cluster, described) })
    }
}

/// A runner's registration, as GitHub has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// GitHub has this one.
    Listed(&'a Registration),
    /// GitHub listed all registrations, and this runner's was not among them.
    NotListed,
    /// It has none that we know of, or GitHub was not read.
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

    /// The registration of a runner, by the id in the ledger. If GitHub once refused to delete it as busy,
    /// and its id was never stored, it is recognised by its name.
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

    /// How long a runner has been in its state.
    pub(super) fn since(&self, runner: &Runner) -> SignedDuration {
        self.now.duration_since(runner.changed_at)
    }

    /// The job that a runner has, according to the ledger.
    pub(super) fn job_of(&self, runner: &Runner) -> Option<&Job> {
        self.jobs.get(&runner.job?)
    }

    /// How long ago the job of a runner ended.
    pub(super) fn job_over_for(&self, runner: &Runner) -> Option<SignedDuration> {
        let job = self.job_of(runner).filter(|job| job.state == JobState::Completed)?;
        Some(self.now.duration_since(job.changed_at))
    }
}
