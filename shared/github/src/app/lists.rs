//! Repositories, runs and jobs, as lists.

use fleet::ports::{
    Clock, GithubError, JobStatus, ListJobs, ListRepositories, ListRuns, ListedJob, ListedRun, Priced, RunId,
    RunStatus,
};
use fleet::{JobId, Labels, Repository};
use jiff::Timestamp;
use serde::Deserialize;

use super::call::{Entries, ReadResponse};
use super::jobs::{Status, named};
use super::{App, metrics};
use crate::labels;
use crate::visibility::Visibility;

#[derive(Deserialize)]
struct DescribedRepository {
    full_name: String,
    /// `None` if nothing was pushed yet.
    #[serde(default)]
    pushed_at: Option<Timestamp>,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct RunsPage {
    workflow_runs: Entries<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: RunId,
    repository: OfRun,
}

/// The repository of a run, as its `minimal-repository` says: where it is now, whatever it was asked for as.
#[derive(Deserialize)]
struct OfRun {
    full_name: Repository,
    #[serde(flatten)]
    visibility: Visibility,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Entries<JobOfRun>,
}

#[derive(Deserialize)]
struct JobOfRun {
    id: JobId,
    status: Status,
    #[serde(default, deserialize_with = "labels::read")]
    labels: Labels,
    #[serde(default)]
    runner_id: Option<u64>,
    #[serde(default)]
    runner_name: Option<String>,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    started_at: Option<Timestamp>,
}

impl<C: Clock> ListRepositories for App<C> {
    async fn list_repositories(&self) -> Result<Priced<Vec<(Repository, Timestamp)>>, GithubError> {
        let installation = self.installation().await.map_err(not_installed)?;
        let path = self.organisation("repos?sort=pushed&direction=desc&per_page=100");
        let pushed = |answer: &ReadResponse| {
            let listed: Entries<DescribedRepository> = answer.json()?;
            let in_use = readable(listed).into_iter().filter(|it| !it.archived);
            let pushed = in_use.filter_map(|it| Some((Repository::new(it.full_name), it.pushed_at?)));
            Ok(pushed.collect())
        };
        self.first_page(&installation, &path, pushed).await
    }
}

impl<C: Clock> ListRuns for App<C> {
    async fn list_runs(
        &self,
        repository: &Repository,
        status: RunStatus,
    ) -> Result<Priced<Vec<ListedRun>>, GithubError> {
        let installation = self.installation().await.map_err(not_installed)?;
        let status = match status {
            RunStatus::Queued => "queued",
            RunStatus::InProgress => "in_progress",
        };
        // Without their pull requests the answer is much shorter.
        let path = format!(
            "/repos/{repository}/actions/runs?status={status}&exclude_pull_requests=true&per_page=100"
        );
        let runs = |answer: &ReadResponse| {
            let RunsPage { workflow_runs } = answer.json()?;
            let is_ours = |run: &Run| run.repository.full_name.belongs_to(&self.config.organisation);
            let runs = readable(workflow_runs).into_iter().filter(is_ours);
            let listed =
                |run: Run| ListedRun { id: run.id, is_public: run.repository.visibility.is_public() };
            Ok(runs.map(listed).collect())
        };
        self.list(&installation, &path, runs).await
    }
}

impl<C: Clock> ListJobs for App<C> {
    async fn list_jobs(
        &self,
        repository: &Repository,
        run: RunId,
    ) -> Result<Priced<Vec<ListedJob>>, GithubError> {
        let installation = self.installation().await.map_err(not_installed)?;
        let path = format!("/repos/{repository}/actions/runs/{run}/jobs?filter=latest&per_page=100");
        let jobs = |answer: &ReadResponse| {
            let Jobs { jobs } = answer.json()?;
            Ok(readable(jobs).into_iter().map(ListedJob::from).collect())
        };
        self.list(&installation, &path, jobs).await
    }
}

/// The entries that can be read. The others are counted.
fn readable<T>(entries: Entries<T>) -> Vec<T> {
    metrics::unreadable(entries.unreadable);
    entries.read
}

/// Without an installation nothing is known of any repository.
fn not_installed(error: GithubError) -> GithubError {
    match error {
        GithubError::NotFound(why) => GithubError::Refused(why),
        other => other,
    }
}

impl From<JobOfRun> for ListedJob {
    fn from(job: JobOfRun) -> Self {
        let status = JobStatus::from(job.status);
        let began = job.started_at.filter(|_| status != JobStatus::Queued);
        Self {
            id: job.id,
            status,
            labels: job.labels,
            runner: named(job.runner_id, job.runner_name),
            since: began.or(job.created_at),
        }
    }
}
