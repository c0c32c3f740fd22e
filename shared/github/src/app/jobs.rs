//! Workflow jobs, by id.

use fleet::ports::{Clock, GithubError};
use fleet::{GithubRunnerId, JobId, Repository};
use jiff::Timestamp;
use serde::Deserialize;

use super::App;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiJobStatus {
    /// It waits for a runner.
    Queued,
    /// A runner is at it.
    InProgress,
    /// It has ended.
    Completed,
    /// It waits for something else: an approval, a concurrency group, or what is new.
    #[serde(other)]
    Waiting,
}

/// A job, as the API describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiJob {
    /// Its id.
    pub id: JobId,
    /// How far it is.
    pub status: ApiJobStatus,
    /// The words of its `runs-on`.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The registration that took it.
    #[serde(default)]
    pub runner_id: Option<GithubRunnerId>,
    /// The name of that.
    #[serde(default)]
    pub runner_name: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
}

impl<C: Clock> App<C> {
    /// Reads a job. [`GithubError::NotFound`] if there is none, or none any longer.
    pub async fn job(&self, repository: &Repository, job: JobId) -> Result<ApiJob, GithubError> {
        let installation = self.installation().await?;
        self.get(&installation, &format!("/repos/{repository}/actions/jobs/{job}")).await
    }
}
