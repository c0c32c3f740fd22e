//! The ports that are calls of GitHub's lists.

use fleet::Repository;
use fleet::ports::{
    GithubError, JobStatus, ListJobs, ListRepositories, ListRuns, ListedJob, ListedRun, Priced, RunId,
    RunStatus,
};
use jiff::Timestamp;

use crate::faults::Fault;
use crate::{Operation, Sandbox};

impl ListRepositories for Sandbox {
    async fn list_repositories(&self) -> Result<Priced<Vec<(Repository, Timestamp)>>, GithubError> {
        self.call_github(Operation::ListRepositories, || Ok(self.github().borrow_mut().list_repositories()))
            .await
    }
}

impl ListRuns for Sandbox {
    async fn list_runs(
        &self,
        repository: &Repository,
        status: RunStatus,
    ) -> Result<Priced<Vec<ListedRun>>, GithubError> {
        self.call_github(Operation::ListRuns, || {
            let listed = self.github().borrow_mut().list_runs(repository, status);
            listed.ok_or_else(|| GithubError::NotFound(format!("404 repository {repository}")))
        })
        .await
    }
}

impl ListJobs for Sandbox {
    async fn list_jobs(
        &self,
        repository: &Repository,
        run: RunId,
    ) -> Result<Priced<Vec<ListedJob>>, GithubError> {
        self.call_github(Operation::ListJobs, || {
            let listed = self.github().borrow_mut().list_jobs(repository, run);
            let mut listed = listed.ok_or_else(|| GithubError::NotFound(format!("404 run {run}")))?;
            for job in listed.read.iter_mut().filter(|job| job.status == JobStatus::InProgress) {
                if self.strikes(Fault::GithubNamesNobody) {
                    job.runner = None;
                }
            }
            Ok(listed)
        })
        .await
    }
}
