//! The ports that are calls of GitHub, for one organisation.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::delivery::{AttemptId, AttemptPage};
use crate::ids::{GithubRunnerId, JobId, Repository};
use crate::label::Labels;
use crate::status::GithubJob;

/// GitHub's numeric id of a runner group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunnerGroupId(pub u64);

impl fmt::Display for RunnerGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Finds a runner group.
pub trait FindRunnerGroup {
    /// The group of this name, which is made if there is none.
    async fn find_runner_group(&self, name: &str) -> Result<RunnerGroupId, GithubError>;
}

/// A runner that is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JitRunner {
    /// Its name, at most 64 characters; it is the idempotency key of the registration.
    pub name: String,
    /// The group that it belongs to.
    pub group: RunnerGroupId,
    /// What it carries.
    pub labels: Labels,
}

/// A registration, with the configuration that is good for it once. It does not print itself.
#[derive(Debug, Clone)]
pub struct JitConfig {
    /// GitHub's id of the registration.
    pub runner: GithubRunnerId,
    /// GitHub's `encoded_jit_config`.
    pub encoded: SecretString,
}

/// Registers a runner (`generate-jitconfig`).
pub trait GenerateJitConfig {
    /// Registers a runner. [`GithubError::Conflict`] if its name is taken.
    async fn generate_jit_config(&self, runner: &JitRunner) -> Result<JitConfig, GithubError>;
}

/// Finds a registration by its name.
pub trait FindRunner {
    /// The registration of this name, if there is one.
    async fn find_runner(&self, name: &str) -> Result<Option<GithubRunnerId>, GithubError>;
}

/// Ends a registration.
pub trait DeleteRunner {
    /// Deletes a registration. [`GithubError::Busy`] if it has begun a job; one that is not there is
    /// no error.
    async fn delete_runner(&self, runner: GithubRunnerId) -> Result<(), GithubError>;
}

/// GitHub's numeric id of a workflow run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a job is, as GitHub says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// It waits for a runner.
    Queued,
    /// It waits for something else: an approval, a concurrency group.
    Waiting,
    /// A runner is at it.
    InProgress,
    /// It has ended.
    Completed,
}

/// A registration as GitHub names it in a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRunner {
    /// GitHub's id of it.
    pub id: GithubRunnerId,
    /// Its name.
    pub name: String,
}

/// A job as GitHub describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenJob {
    /// The run that it belongs to.
    pub run: RunId,
    /// How far it is.
    pub status: JobStatus,
    /// The runner that took it; `None` as long as GitHub names none.
    pub runner: Option<SeenRunner>,
    /// When it began, if it has.
    pub started_at: Option<Timestamp>,
    /// Whether it ended in a way that does not show that it ran: cancelled, or skipped.
    pub may_not_have_run: bool,
}

/// Reads a job.
pub trait ReadJob {
    /// The job. [`GithubError::NotFound`] if its repository can be read and has no such job, or none any
    /// longer.
    async fn read_job(&self, repository: &Repository, job: JobId) -> Result<SeenJob, GithubError>;
}

/// Looks at a job as a person does who asks why it waits.
pub trait LookAtJob {
    /// The job, with what its run waits for. [`GithubError::NotFound`] if its repository can be read and has no
    /// such job, or none any longer.
    async fn look_at_job(&self, repository: &Repository, job: JobId) -> Result<GithubJob, GithubError>;
}

/// Reads a workflow run.
pub trait ReadRun {
    /// Whether a run has ended, whatever its jobs say.
    async fn has_run_ended(&self, repository: &Repository, run: RunId) -> Result<bool, GithubError>;
}

/// Reads a registration.
pub trait ReadRunner {
    /// The registration, as GitHub knows it up to a minute late; `None` where there is none.
    async fn read_runner(&self, runner: GithubRunnerId) -> Result<Option<Registration>, GithubError>;
}

/// A registration as GitHub describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// GitHub's id of it.
    pub id: GithubRunnerId,
    /// Its name.
    pub name: String,
    /// Whether its listener is connected, as far as GitHub knows.
    pub is_online: bool,
    /// Whether it is at a job, up to a minute late.
    pub is_busy: bool,
}

/// Reads a repository.
pub trait ReadRepository {
    /// Whether everybody may read it.
    async fn is_public(&self, repository: &Repository) -> Result<bool, GithubError>;
}

/// A page of GitHub's list of registrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrationPage {
    /// Its registrations, a hundred at most.
    pub registrations: Vec<Registration>,
    /// How many the whole list has.
    pub total: usize,
}

/// Lists the registrations of the organisation, of ours and of everybody else.
pub trait ListRunners {
    /// A page, the first one being 1. Beyond the last one there is nothing.
    async fn list_runners(&self, page: u32) -> Result<RegistrationPage, GithubError>;
}

/// What was read, and what that took of GitHub's limit of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced<T> {
    /// What was read.
    pub read: T,
    /// The calls that count: none of a page that is as it was when it was read last (GitHub: "Best
    /// practices for using the REST API", conditional requests).
    pub calls: u32,
}

/// Lists the repositories of the organisation.
pub trait ListRepositories {
    /// The hundred repositories that were pushed to last, with the time of that, the newest first. Archived
    /// ones run nothing, and are left out.
    async fn list_repositories(&self) -> Result<Priced<Vec<(Repository, Timestamp)>>, GithubError>;
}

/// The states of a run that may have jobs to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunStatus {
    /// None of its jobs is at work.
    Queued,
    /// One is, or was; others may wait.
    InProgress,
}

/// A run as GitHub lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedRun {
    /// Its id.
    pub id: RunId,
    /// Whether everybody may read its repository.
    pub is_public: bool,
}

/// Lists the runs of a repository.
pub trait ListRuns {
    /// Those of a status, on all pages, as far as they belong to the organisation.
    /// [`GithubError::NotFound`] if the repository is gone, or the App may not read it.
    async fn list_runs(
        &self,
        repository: &Repository,
        status: RunStatus,
    ) -> Result<Priced<Vec<ListedRun>>, GithubError>;
}

/// A job as GitHub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedJob {
    /// Its id.
    pub id: JobId,
    /// How far it is.
    pub status: JobStatus,
    /// What it asks for.
    pub labels: Labels,
    /// The runner that took it; `None` as long as GitHub names none.
    pub runner: Option<SeenRunner>,
    /// When it came to be as it is: when it began, if it has, or else was created; `None` where GitHub does
    /// not say.
    pub since: Option<Timestamp>,
}

/// Lists the jobs of a run.
pub trait ListJobs {
    /// Those of its latest attempt, on all pages.
    async fn list_jobs(
        &self,
        repository: &Repository,
        run: RunId,
    ) -> Result<Priced<Vec<ListedJob>>, GithubError>;
}

/// Lists the deliveries of the webhook that Mayfly listens to.
pub trait ListDeliveries {
    /// A page of its attempts, the newest first: the first page, or the one of this cursor of GitHub's.
    async fn list_deliveries(&self, cursor: Option<&str>) -> Result<AttemptPage, GithubError>;
}

/// Asks GitHub to deliver once more.
pub trait Redeliver {
    /// Repeats an attempt. Its delivery keeps its GUID, so that one which was received already changes
    /// nothing.
    async fn redeliver(&self, attempt: AttemptId) -> Result<(), GithubError>;
}

/// Why GitHub did not do it. No secret is in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// GitHub asks to wait (its rate limits): later.
    #[error("GitHub asks to wait {} s", .0.as_secs())]
    Wait(Duration),
    /// There is no such thing.
    #[error("GitHub has no such thing: {0}")]
    NotFound(String),
    /// The name is taken.
    #[error("the name is taken")]
    Conflict,
    /// The runner has begun a job.
    #[error("the runner is busy")]
    Busy,
    /// GitHub will not do it, and not later either: a permission is missing, or the request is wrong.
    #[error("GitHub refuses: {0}")]
    Refused(String),
    /// GitHub gave no answer that can be read. The call may have been made all the same: later.
    #[error("GitHub is out of reach: {0}")]
    Unavailable(String),
}
