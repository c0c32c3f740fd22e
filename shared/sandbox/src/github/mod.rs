//! GitHub, as far as Mayfly meets it: jobs, runners, who takes what, and the webhooks of it.

mod api;
mod deletion;
mod deliveries;
mod job;
mod late;
mod limits;
mod lists;
mod payload;
mod reads;

use std::collections::{BTreeMap, BTreeSet};

use fleet::{GithubRunnerId, JobId, Labels, Repository};
use jiff::{SignedDuration, Timestamp};

pub use self::api::LIMIT_WAIT;
pub(crate) use self::api::registration_of;
pub use self::deliveries::{LARGEST_PAGE, RedeliverError};
pub use self::job::{JobPlan, Phase, WorkflowJob};
pub(crate) use self::late::LatePost;
pub use self::limits::{GithubLimits, LimitWindow};
pub use self::payload::workflow_job;

/// How long an assigned job waits to be picked up before it is queued again.
pub const PICK_UP_LIMIT: SignedDuration = SignedDuration::from_secs(60);

/// How long a job stays queued before GitHub gives it up.
pub const QUEUE_LIMIT: SignedDuration = SignedDuration::from_hours(24);

/// How long an ephemeral runner stays registered while it is offline.
pub const OFFLINE_LIMIT: SignedDuration = SignedDuration::from_hours(24);

/// A registered self-hosted runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfHostedRunner {
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

/// The organisation that the App is installed in, and whose repositories are listed.
pub const ORGANISATION: &str = "octo-org";

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
    /// The queued jobs, the oldest first.
    waiting: BTreeSet<(Timestamp, JobId)>,
    runners: BTreeMap<GithubRunnerId, SelfHostedRunner>,
    names: BTreeMap<String, GithubRunnerId>,
    /// The runners that are online and have no job.
    idle: BTreeSet<GithubRunnerId>,
    registered: u64,
    /// The names of runners that were given a job as they were deleted.
    deleted_names: BTreeMap<GithubRunnerId, String>,
    newly_deleted: Vec<SelfHostedRunner>,
    late_posts: Vec<LatePost>,
    /// Ended jobs that the API still calls queued.
    left_queued: BTreeSet<JobId>,
    /// Ended jobs that the API does not know any longer.
    forgotten: BTreeSet<JobId>,
    /// Jobs of which the API has said that they wait for an approval.
    said_gated: BTreeSet<JobId>,
    /// Repositories whose jobs no runner group takes.
    refused: BTreeSet<Repository>,
    public: BTreeSet<Repository>,
    log: deliveries::DeliveryLog,
    /// The jobs of each repository.
    of_repository: BTreeMap<Repository, Vec<JobId>>,
    lists: lists::Lists,
    api: api::Api,
}

impl Github {
    /// Knows a job from now on. `false` if it knew it already, which stays as it is.
    pub fn add_job(&mut self, id: JobId, plan: JobPlan, now: Timestamp) -> bool {
        if self.jobs.contains_key(&id) {
            return false;
        }
        self.know(WorkflowJob::new(id, plan, now), now);
        self.waiting.insert((now, id));
        true
    }

    /// Knows a job that waits for an approval. `false` if it knew it already.
    pub fn add_gated_job(&mut self, id: JobId, plan: JobPlan, now: Timestamp) -> bool {
        if self.jobs.contains_key(&id) {
            return false;
        }
        self.know(WorkflowJob { phase: Phase::Gated, ..WorkflowJob::new(id, plan, now) }, now);
        true
    }

    /// A push has made this job, or a schedule.
    fn know(&mut self, job: WorkflowJob, now: Timestamp) {
        let repository = job.plan.repository.clone();
        self.push_for_job(&repository, now);
        self.of_repository.entry(repository).or_default().push(job.id);
        self.jobs.insert(job.id, job);
    }

    /// Approves a gated job: it is queued. `false` if it was not gated.
    pub fn approve_job(&mut self, id: JobId, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.phase == Phase::Gated) else { return false };
        job.phase = Phase::Queued;
        job.queued_at = now;
        self.waiting.insert((now, id));
        true
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
    pub fn runners(&self) -> impl Iterator<Item = &SelfHostedRunner> {
        self.runners.values()
    }

    /// A registered runner.
    pub fn runner(&self, id: GithubRunnerId) -> Option<&SelfHostedRunner> {
        self.runners.get(&id)
    }

    /// `generate-jitconfig`: registers a runner, unless its name is taken (409).
    pub fn register(&mut self, name: &str, labels: Labels, group: &str) -> Option<GithubRunnerId> {
        if self.names.contains_key(name) {
            return None;
        }
        self.registered += 1;
        let id = GithubRunnerId(self.registered);
        let (name, group) = (name.to_owned(), group.to_owned());
        self.names.insert(name.clone(), id);
        self.runners.insert(id, SelfHostedRunner { id, name, labels, group, online: false, job: None });
        Some(id)
    }

    /// Finds a runner by its name.
    pub fn find_by_name(&self, name: &str) -> Option<GithubRunnerId> {
        self.names.get(name).copied()
    }

    /// Deletes a runner's registration.
    pub fn remove(&mut self, id: GithubRunnerId) -> Result<(), RemoveError> {
        match self.runners.get(&id) {
            None => Err(RemoveError::NotFound),
            Some(runner) if runner.job.is_some() => Err(RemoveError::Busy),
            Some(_) => {
                self.forget(id);
                Ok(())
            }
        }
    }

    /// A runner's listener has connected. `false` if it is not registered any longer.
    pub fn connect(&mut self, id: GithubRunnerId) -> bool {
        let Some(runner) = self.runners.get_mut(&id) else { return false };
        runner.online = true;
        if runner.job.is_none() {
            self.idle.insert(id);
        }
        true
    }

    /// A runner's listener is gone, its registration stays.
    pub fn disconnect(&mut self, id: GithubRunnerId) {
        self.idle.remove(&id);
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.online = false;
        }
    }

    /// A runner listens on, and is given no job any longer (actions/runner#4617).
    pub fn lose_assignment(&mut self, id: GithubRunnerId) {
        self.idle.remove(&id);
    }

    /// Forgets a runner that is offline.
    pub fn forget_offline(&mut self, id: GithubRunnerId) {
        if self.runners.get(&id).is_some_and(|runner| !runner.online) {
            self.forget(id);
        }
    }

    /// From now on no runner group takes the jobs of a repository, or all of them do again.
    pub fn refuse(&mut self, repository: Repository, is_refused: bool) {
        if is_refused {
            self.refused.insert(repository);
        } else {
            self.refused.remove(&repository);
        }
    }

    /// Whether no runner group takes the jobs of a repository. The organisation's groups never take jobs of
    /// another owner's repository.
    pub fn refuses(&self, repository: &Repository) -> bool {
        self.refused.contains(repository) || !repository.belongs_to(ORGANISATION)
    }

    /// Everybody may read a repository.
    pub fn publish(&mut self, repository: Repository) {
        self.public.insert(repository);
    }

    /// Gives queued jobs to idle runners that have all of their labels, the oldest job first; `pick`
    /// chooses among the runners.
    pub fn assign(
        &mut self,
        now: Timestamp,
        mut pick: impl FnMut(usize) -> usize,
    ) -> Vec<(JobId, GithubRunnerId)> {
        let mut assigned = Vec::new();
        for &(_, id) in &self.waiting {
            if self.idle.is_empty() {
                break;
            }
            if self.jobs.get(&id).is_some_and(|job| self.refuses(&job.plan.repository)) {
                continue;
            }
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            let serves = |runner: &&GithubRunnerId| {
                self.runners.get(runner).is_some_and(|runner| runner.labels.serve(&job.plan.labels))
            };
            let fitting: Vec<GithubRunnerId> = self.idle.iter().filter(serves).copied().collect();
            if fitting.is_empty() {
                continue;
            }
            let chosen = fitting.get(pick(fitting.len()).min(fitting.len() - 1));
            if let Some(runner) = chosen.and_then(|id| self.runners.get_mut(id)) {
                runner.job = Some(id);
                job.phase = Phase::Assigned { runner: runner.id, at: now };
                self.idle.remove(&runner.id);
                assigned.push((id, runner.id));
            }
        }
        self.waiting.retain(|(_, id)| !assigned.iter().any(|(job, _)| job == id));
        assigned
    }

    /// The runner picks its job up: in progress from now on. `false` if it is no longer the runner's.
    pub fn start_job(&mut self, id: JobId, runner: GithubRunnerId, now: Timestamp) -> bool {
        let name = self.runners.get(&runner).map(|it| &it.name).or_else(|| self.deleted_names.get(&runner));
        let Some(name) = name.cloned() else { return false };
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        if !matches!(job.phase, Phase::Assigned { runner: given, .. } if given == runner) {
            return false;
        }
        job.phase = Phase::InProgress;
        job.runner = Some((runner, name));
        job.started_at = Some(now);
        true
    }

    /// A worker begins with the first step of a job that was picked up.
    pub fn begin_steps(&mut self, id: JobId, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| job.phase == Phase::InProgress) {
            job.first_step_at.get_or_insert(now);
        }
    }

    /// A job that was assigned and not picked up in time is queued again. `true` if this one is.
    pub fn requeue_if_not_picked_up(&mut self, id: JobId, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        let Phase::Assigned { runner, at } = job.phase else { return false };
        if now.duration_since(at) < PICK_UP_LIMIT {
            return false;
        }
        job.phase = Phase::Queued;
        self.waiting.insert((job.queued_at, id));
        self.idle.remove(&runner);
        if let Some(runner) = self.runners.get_mut(&runner) {
            runner.job = None;
            runner.online = false;
        }
        true
    }

    /// A job ends, on any runner; the registration of its ephemeral runner ends with it. `false` if it had
    /// ended before.
    pub fn complete_job(&mut self, id: JobId, conclusion: &'static str, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        if matches!(job.phase, Phase::Completed { .. }) {
            return false;
        }
        let (before, worker) = (job.phase, job.runner.as_ref().map(|(runner, _)| *runner));
        job.phase = Phase::Completed { conclusion };
        job.completed_at = Some(now);
        self.take_back(id, before);
        if let Some(worker) = worker {
            self.forget(worker);
        }
        true
    }

    /// A runner outside the sandbox has taken a job, as another system's webhook reports.
    pub fn taken_elsewhere(&mut self, id: JobId, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&id)
            && matches!(job.phase, Phase::Queued | Phase::Assigned { .. })
        {
            let before = job.phase;
            job.phase = Phase::InProgress;
            job.started_at = Some(now);
            self.take_back(id, before);
        }
    }

    /// A job no longer waits: neither in the queue nor with a runner that had not picked it up.
    fn take_back(&mut self, id: JobId, before: Phase) {
        let Some(job) = self.jobs.get(&id) else { return };
        self.waiting.remove(&(job.queued_at, id));
        if let Phase::Assigned { runner, .. } = before
            && let Some(runner) = self.runners.get_mut(&runner)
        {
            runner.job = None;
            if runner.online {
                self.idle.insert(runner.id);
            }
        }
    }

    fn forget(&mut self, id: GithubRunnerId) {
        self.idle.remove(&id);
        if let Some(runner) = self.runners.remove(&id) {
            self.names.remove(&runner.name);
        }
    }
}
