//! GitHub, as far as Mayfly meets it: jobs, runners, who takes what, and the webhooks of it.

mod job;
mod payload;

use std::collections::BTreeMap;

use fleet::{GithubRunnerId, JobId, Labels};
use jiff::{SignedDuration, Timestamp};

pub use self::job::{JobPlan, Phase, WorkflowJob};
pub use self::payload::workflow_job;

/// How long an assigned job waits to be picked up before it is queued again.
pub const PICK_UP_LIMIT: SignedDuration = SignedDuration::from_secs(60);

/// A registered self-hosted runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// GitHub's id.
    pub id: GithubRunnerId,
    /// Its name, which is unique.
    pub name: String,
    /// What it carries.
    pub labels: Labels,
    /// Its runner group.
    pub group: String,
    /// Whether its listener is connected.
    pub online: bool,
    /// The job it was given.
    pub job: Option<JobId>,
}

/// How GitHub refuses to delete a runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveError {
    /// 422: it runs a job.
    Busy,
    /// 404: there is none.
    NotFound,
}

/// GitHub.
#[derive(Debug, Default)]
pub struct Github {
    jobs: BTreeMap<JobId, WorkflowJob>,
    runners: BTreeMap<GithubRunnerId, Registration>,
    registered: u64,
}

impl Github {
    /// Knows a job from now on. `false` if it knew it already, which stays as it is.
    pub fn add_job(&mut self, id: JobId, plan: JobPlan, now: Timestamp) -> bool {
        let is_new = !self.jobs.contains_key(&id);
        self.jobs.entry(id).or_insert_with(|| WorkflowJob::new(id, plan, now));
        is_new
    }

    /// A job.
    pub fn job(&self, id: JobId) -> Option<&WorkflowJob> {
        self.jobs.get(&id)
    }

    /// Every job.
    pub fn jobs(&self) -> impl Iterator<Item = &WorkflowJob> {
        self.jobs.values()
    }

    /// Every registered runner.
    pub fn runners(&self) -> impl Iterator<Item = &Registration> {
        self.runners.values()
    }

    /// A registered runner.
    pub fn runner(&self, id: GithubRunnerId) -> Option<&Registration> {
        self.runners.get(&id)
    }

    /// `generate-jitconfig`: registers a runner, unless its name is taken (409).
    pub fn register(&mut self, name: &str, labels: Labels, group: &str) -> Option<GithubRunnerId> {
        if self.runners.values().any(|runner| runner.name == name) {
            return None;
        }
        self.registered += 1;
        let id = GithubRunnerId(self.registered);
        let (name, group) = (name.to_owned(), group.to_owned());
        self.runners.insert(id, Registration { id, name, labels, group, online: false, job: None });
        Some(id)
    }

    /// Finds a runner by its name.
    pub fn find_by_name(&self, name: &str) -> Option<GithubRunnerId> {
        self.runners.values().find(|runner| runner.name == name).map(|runner| runner.id)
    }

    /// Deletes a runner's registration.
    pub fn remove(&mut self, id: GithubRunnerId) -> Result<(), RemoveError> {
        match self.runners.get(&id) {
            None => Err(RemoveError::NotFound),
            Some(runner) if runner.job.is_some() => Err(RemoveError::Busy),
            Some(_) => {
                self.runners.remove(&id);
                Ok(())
            }
        }
    }

    /// A runner's listener has connected. `false` if it is not registered any longer.
    pub fn connect(&mut self, id: GithubRunnerId) -> bool {
        let runner = self.runners.get_mut(&id);
        runner.map(|runner| runner.online = true).is_some()
    }

    /// A runner's listener is gone, its registration stays.
    pub fn disconnect(&mut self, id: GithubRunnerId) {
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.online = false;
        }
    }

    /// Gives queued jobs to idle runners that have all of their labels, the oldest job first; `pick`
    /// chooses among the runners.
    pub fn assign(
        &mut self,
        now: Timestamp,
        mut pick: impl FnMut(usize) -> usize,
    ) -> Vec<(JobId, GithubRunnerId)> {
        let mut assigned = Vec::new();
        let mut waiting: Vec<&mut WorkflowJob> =
            self.jobs.values_mut().filter(|job| job.phase == Phase::Queued).collect();
        waiting.sort_by_key(|job| (job.queued_at, job.id));
        for job in waiting {
            let fits = |runner: &Registration| {
                runner.online && runner.job.is_none() && runner.labels.serve(&job.plan.labels)
            };
            let idle: Vec<GithubRunnerId> =
                self.runners.values().filter(|it| fits(it)).map(|it| it.id).collect();
            if idle.is_empty() {
                continue;
            }
            let chosen = idle.get(pick(idle.len()).min(idle.len() - 1));
            if let Some(runner) = chosen.and_then(|id| self.runners.get_mut(id)) {
                runner.job = Some(job.id);
                job.phase = Phase::Assigned { runner: runner.id, at: now };
                assigned.push((job.id, runner.id));
            }
        }
        assigned
    }

    /// The runner picks its job up: in progress from now on. `false` if it is no longer the runner's.
    pub fn start_job(&mut self, id: JobId, runner: GithubRunnerId, now: Timestamp) -> bool {
        let Some(name) = self.runners.get(&runner).map(|it| it.name.clone()) else { return false };
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        if !matches!(job.phase, Phase::Assigned { runner: given, .. } if given == runner) {
            return false;
        }
        job.phase = Phase::InProgress;
        job.runner = Some((runner, name));
        job.started_at = Some(now);
        true
    }

    /// A job that was assigned and not picked up in time is queued again. `true` if this one is.
    pub fn requeue_if_not_picked_up(&mut self, id: JobId, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        let Phase::Assigned { runner, at } = job.phase else { return false };
        if now.duration_since(at) < PICK_UP_LIMIT {
            return false;
        }
        job.phase = Phase::Queued;
        if let Some(runner) = self.runners.get_mut(&runner) {
            runner.job = None;
            runner.online = false;
        }
        true
    }

    /// A job ends, whoever ran it; the registration of its ephemeral runner ends with it. `false` if
    /// it had ended before.
    pub fn complete_job(&mut self, id: JobId, conclusion: &'static str, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        if matches!(job.phase, Phase::Completed { .. }) {
            return false;
        }
        if let Phase::Assigned { runner, .. } = job.phase
            && let Some(runner) = self.runners.get_mut(&runner)
        {
            runner.job = None;
        }
        if let Some((runner, _)) = &job.runner {
            self.runners.remove(runner);
        }
        job.phase = Phase::Completed { conclusion };
        job.completed_at = Some(now);
        true
    }

    /// A job was taken by a runner that the sandbox does not run, as a webhook of somebody else tells.
    pub fn taken_elsewhere(&mut self, id: JobId, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&id)
            && matches!(job.phase, Phase::Queued | Phase::Assigned { .. })
        {
            if let Phase::Assigned { runner, .. } = job.phase
                && let Some(runner) = self.runners.get_mut(&runner)
            {
                runner.job = None;
            }
            job.phase = Phase::InProgress;
            job.started_at = Some(now);
        }
    }
}
