//! Workflow jobs, their runs and their repositories.

use fleet::ports::{
    Clock, GithubError, JobStatus, ReadJob, ReadRepository, ReadRun, RunId, SeenJob, SeenRunner,
};
use fleet::{GithubRunnerId, JobId, Repository};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::App;
use crate::visibility::Visibility;

/// How far a job is, or a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Queued,
    InProgress,
    Completed,
    /// It waits for something else: an approval, a concurrency group, or what is new.
    #[serde(other)]
    Waiting,
}

#[derive(Deserialize)]
struct DescribedJob {
    run_id: u64,
    status: Status,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    runner_id: Option<u64>,
    #[serde(default)]
    runner_name: Option<String>,
    #[serde(default)]
    started_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct DescribedRun {
    status: Status,
}

impl<C: Clock> ReadJob for App<C> {
    async fn read_job(&self, repository: &Repository, job: JobId) -> Result<SeenJob, GithubError> {
        let path = format!("/repos/{repository}/actions/jobs/{job}");
        Ok(self.of_repository::<DescribedJob>(repository, &path).await?.into())
    }
}

impl<C: Clock> ReadRun for App<C> {
    async fn has_run_ended(&self, repository: &Repository, run: RunId) -> Result<bool, GithubError> {
        let path = format!("/repos/{repository}/actions/runs/{run}");
        Ok(self.of_repository::<DescribedRun>(repository, &path).await?.status == Status::Completed)
    }
}

impl<C: Clock> ReadRepository for App<C> {
    async fn is_public(&self, repository: &Repository) -> Result<bool, GithubError> {
        let installation = self.installation().await?;
        let read: Visibility = self.get(&installation, &format!("/repos/{repository}")).await?;
        Ok(read.is_public())
    }
}

impl<C: Clock> App<C> {
    /// Reads what belongs to a repository. [`GithubError::NotFound`] means that the repository has no such
    /// thing: one that the App may not read answers 404 for whatever it is asked, and is refused here.
    pub(super) async fn of_repository<T: serde::de::DeserializeOwned>(
        &self,
        repository: &Repository,
        path: &str,
    ) -> Result<T, GithubError> {
        let not_installed = |error| match error {
            GithubError::NotFound(why) => GithubError::Refused(why),
            other => other,
        };
        let installation = self.installation().await.map_err(not_installed)?;
        let answer = self.get(&installation, path).await;
        if !matches!(answer, Err(GithubError::NotFound(_))) {
            return answer;
        }
        match self.get::<IgnoredAny>(&installation, &format!("/repos/{repository}")).await {
            Ok(_) => answer,
            Err(GithubError::NotFound(_)) => Err(GithubError::Refused(format!(
                "the App may not read {repository}; let its installation have the repository"
            ))),
            Err(error) => Err(error),
        }
    }
}

impl From<Status> for JobStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::InProgress => Self::InProgress,
            Status::Completed => Self::Completed,
            Status::Waiting => Self::Waiting,
        }
    }
}

/// The runner that a job names. As in a webhook, its id may be 0 and its name empty.
pub(super) fn named(id: Option<u64>, name: Option<String>) -> Option<SeenRunner> {
    let named = id.filter(|&id| id != 0).zip(name.filter(|name| !name.is_empty()));
    named.map(|(id, name)| SeenRunner { id: GithubRunnerId(id), name })
}

impl From<DescribedJob> for SeenJob {
    fn from(job: DescribedJob) -> Self {
        Self {
            run: RunId(job.run_id),
            status: job.status.into(),
            runner: named(job.runner_id, job.runner_name),
            started_at: job.started_at,
            may_not_have_run: matches!(job.conclusion.as_deref(), Some("cancelled" | "skipped")),
        }
    }
}
