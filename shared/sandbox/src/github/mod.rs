//! GitHub, as far as Mayfly meets it: jobs, runners, who takes what, and the webhooks of it.

mod api;
mod assignment;
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

    fn forget(&mut self, id: GithubRunnerId) {
        self.idle.remove(&id);
        if let Some(runner) = self.runners.remove(&id) {
            self.names.remove(&runner.name);
        }
    }
}
