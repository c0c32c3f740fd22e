//! A job, with what its run waits for, as a person sees it.

use fleet::ports::{Clock, GithubError, LookAtJob, RunId};
use fleet::status::{GithubJob, GithubStatus};
use fleet::{JobId, Labels, Repository};
use jiff::Timestamp;
use serde::Deserialize;

use super::App;
use super::jobs::named;
use crate::labels;
use crate::visibility::Visibility;

#[derive(Deserialize)]
struct JobDetails {
    run_id: RunId,
    status: GithubStatus,
    #[serde(default)]
    conclusion: Option<String>,
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
    #[serde(default)]
    completed_at: Option<Timestamp>,
    #[serde(default)]
    steps: Option<Vec<StepOfJob>>,
}

#[derive(Deserialize)]
struct StepOfJob {
    #[serde(default)]
    started_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct PendingDeployment {
    environment: DeploymentEnvironment,
}

#[derive(Deserialize)]
struct DeploymentEnvironment {
    #[serde(default)]
    name: Option<String>,
}

impl<C: Clock> LookAtJob for App<C> {
    /// The job itself; what is read beside it, and only where that tells anything, may be missing.
    async fn look_at_job(&self, repository: &Repository, job: JobId) -> Result<GithubJob, GithubError> {
        let read: JobDetails =
            self.of_repository(repository, &format!("/repos/{repository}/actions/jobs/{job}")).await?;
        let (mut environments, mut is_public) = (Vec::new(), None);
        match read.status {
            GithubStatus::Waiting => {
                let path = format!("/repos/{repository}/actions/runs/{}/pending_deployments", read.run_id);
                let pending: Result<Vec<PendingDeployment>, _> = self.of_repository(repository, &path).await;
                let names = pending.unwrap_or_default().into_iter().filter_map(|it| it.environment.name);
                environments = names.collect();
            }
            GithubStatus::Queued => {
                let read: Result<Visibility, _> =
                    self.of_repository(repository, &format!("/repos/{repository}")).await;
                is_public = read.ok().map(|it| it.is_public());
            }
            _ => {}
        }
        let steps = read.steps.unwrap_or_default();
        Ok(GithubJob {
            repository: repository.clone(),
            run: read.run_id,
            status: read.status,
            conclusion: read.conclusion,
            labels: read.labels,
            is_public,
            runner: named(read.runner_id, read.runner_name),
            environments,
            created_at: read.created_at,
            started_at: read.started_at,
            first_step_at: steps.iter().filter_map(|step| step.started_at).min(),
            completed_at: read.completed_at,
        })
    }
}
