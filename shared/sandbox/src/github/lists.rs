//! Repositories, runs and jobs as the API lists them, and what a read of them costs.

use std::collections::{BTreeMap, BTreeSet};

use fleet::Repository;
use fleet::ports::{JobStatus, ListedJob, ListedRun, Priced, RunId, RunStatus};
use jiff::Timestamp;

use super::reads::{describe, status_of};
use super::{Github, ORGANISATION, WorkflowJob};

/// Repositories that are listed.
const LISTED: usize = 100;

/// What is listed, and what was read of it.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// When each repository was pushed to last.
    pushed: BTreeMap<Repository, Timestamp>,
    /// What each list held when it was read last: as long as it is the same, a read of it costs nothing
    /// (GitHub's 304). There is one reader.
    read: BTreeMap<String, String>,
    /// Whether jobs come by schedules, and by no push.
    by_schedules: bool,
    /// Whether no webhook is sent.
    is_silent: bool,
    /// Repositories that are gone, or that the App may not read.
    hidden: BTreeSet<Repository>,
}

impl Github {
    /// Somebody pushes to a repository, which is there from now on.
    pub fn push(&mut self, repository: &Repository, now: Timestamp) {
        if !self.lists.hidden.contains(repository) {
            self.lists.pushed.insert(repository.clone(), now);
        }
    }

    /// A repository is gone from the lists: it was deleted, or the App may not read it any longer.
    pub fn hide_repository(&mut self, repository: &Repository) {
        self.lists.pushed.remove(repository);
        self.lists.hidden.insert(repository.clone());
    }

    /// From now on jobs come by schedules, and no push is made for them.
    pub fn run_by_schedules(&mut self) {
        self.lists.by_schedules = true;
    }

    /// A repository has a job: somebody has pushed to it, or nobody has.
    pub(super) fn push_for_job(&mut self, repository: &Repository, now: Timestamp) {
        if !self.lists.by_schedules || !self.lists.pushed.contains_key(repository) {
            self.push(repository, now);
        }
    }

    /// No webhook is sent from now on, and none is in the list of deliveries.
    pub fn send_no_webhooks(&mut self) {
        self.lists.is_silent = true;
    }

    /// Whether webhooks are sent.
    pub(crate) fn sends_webhooks(&self) -> bool {
        !self.lists.is_silent
    }

    /// The reader has a new token: nothing that was read before is known any longer.
    pub fn renew_token(&mut self) {
        self.lists.read.clear();
    }

    /// The repositories of the organisation that were pushed to last.
    pub fn list_repositories(&mut self) -> Priced<Vec<(Repository, Timestamp)>> {
        let pushed = self.lists.pushed.iter().filter(|(it, _)| it.belongs_to(ORGANISATION));
        let mut pushed: Vec<_> = pushed.map(|(it, at)| (it.clone(), *at)).collect();
        pushed.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        pushed.truncate(LISTED);
        self.priced("repositories".to_owned(), pushed)
    }

    /// The runs of a repository that have this status; `None` for 404.
    pub fn list_runs(
        &mut self,
        repository: &Repository,
        status: RunStatus,
    ) -> Option<Priced<Vec<ListedRun>>> {
        if self.lists.hidden.contains(repository) {
            return None;
        }
        let mut runs: BTreeMap<RunId, Vec<JobStatus>> = BTreeMap::new();
        for job in self.listed_jobs(repository) {
            runs.entry(job.run()).or_default().push(status_of(job));
        }
        let listed = runs.into_iter().filter(|(_, jobs)| status_of_run(jobs) == Some(status));
        let is_public = self.is_public(repository);
        let listed = listed.map(|(id, _)| ListedRun { id, is_public }).collect();
        Some(self.priced(format!("{repository} {status:?}"), listed))
    }

    /// The jobs of a run; `None` for 404.
    pub fn list_jobs(&mut self, repository: &Repository, run: RunId) -> Option<Priced<Vec<ListedJob>>> {
        let jobs = self.listed_jobs(repository).filter(|job| job.run() == run);
        let jobs: Vec<ListedJob> = jobs.map(|job| self.list(job)).collect();
        if jobs.is_empty() {
            return None;
        }
        Some(self.priced(format!("{repository} {run}"), jobs))
    }

    /// The jobs of a repository that the API knows.
    fn listed_jobs(&self, repository: &Repository) -> impl Iterator<Item = &WorkflowJob> {
        let ids = self.of_repository.get(repository).into_iter().flatten();
        let jobs = ids.filter(|id| !self.forgotten.contains(id)).filter_map(|id| self.jobs.get(id));
        let is_shown = !self.lists.hidden.contains(repository);
        jobs.filter(move |_| is_shown)
    }

    /// A job as its run's list has it.
    fn list(&self, job: &WorkflowJob) -> ListedJob {
        let seen = describe(job);
        let status = if self.left_queued.contains(&job.id) { JobStatus::Queued } else { seen.status };
        ListedJob {
            id: job.id,
            status,
            labels: job.plan.labels.clone(),
            runner: seen.runner,
            since: Some(job.started_at.unwrap_or(job.queued_at)),
        }
    }

    /// What a list holds, for nothing if that is what it held when it was read last.
    fn priced<T: std::fmt::Debug>(&mut self, list: String, read: T) -> Priced<T> {
        let holds = format!("{read:?}");
        let before = self.lists.read.insert(list, holds.clone());
        Priced { read, calls: u32::from(before.is_none_or(|before| before != holds)) }
    }
}

/// How far a run is by its jobs, if it is one that may have jobs to tell of.
fn status_of_run(jobs: &[JobStatus]) -> Option<RunStatus> {
    let has = |status| jobs.contains(&status);
    let is_over = jobs.iter().all(|status| *status == JobStatus::Completed);
    if is_over {
        None
    } else if has(JobStatus::InProgress) || has(JobStatus::Completed) {
        Some(RunStatus::InProgress)
    } else {
        // Else all of its jobs wait for an approval.
        has(JobStatus::Queued).then_some(RunStatus::Queued)
    }
}
