//! Jobs, runs and runners as the API describes them, which is not always as they are.

use fleet::ports::{JobStatus, RunId, SeenJob, SeenRunner};
use fleet::{GithubRunnerId, JobId, Repository};

use super::{Github, Phase, WorkflowJob};

impl Github {
    /// A job that has ended stays queued, as far as the API tells.
    pub fn leave_queued(&mut self, id: JobId) {
        self.left_queued.insert(id);
    }

    /// The API does not know a job any longer.
    pub fn forget_job(&mut self, id: JobId) {
        self.forgotten.insert(id);
    }

    /// A job as the API describes it; `None` for 404.
    pub fn read_job(&mut self, id: JobId) -> Option<SeenJob> {
        let job = self.jobs.get(&id).filter(|_| !self.forgotten.contains(&id))?;
        let mut seen = describe(job);
        if self.left_queued.contains(&id) {
            (seen.status, seen.may_not_have_run) = (JobStatus::Queued, false);
        }
        if seen.status == JobStatus::Waiting {
            self.said_gated.insert(id);
        }
        Some(seen)
    }

    /// Whether a run has ended; `None` for 404.
    pub fn read_run(&self, repository: &Repository, run: RunId) -> Option<bool> {
        let of_run = |job: &&WorkflowJob| job.run() == run && job.plan.repository == *repository;
        let mut jobs = self.jobs.values().filter(of_run).peekable();
        jobs.peek()?;
        Some(jobs.all(|job| matches!(job.phase, Phase::Completed { .. })))
    }

    /// Whether nothing shows that a job has ended: the API calls it queued, and its run goes on.
    pub(crate) fn cannot_be_known(&self, id: JobId) -> bool {
        let job = self.jobs.get(&id).filter(|_| self.left_queued.contains(&id));
        job.is_some_and(|job| self.read_run(&job.plan.repository, job.run()) == Some(false))
    }

    /// Whether a runner is busy, as far as the API tells; one that is not there is not.
    pub fn is_busy(&self, runner: GithubRunnerId) -> bool {
        self.runners.get(&runner).is_some_and(|runner| runner.job.is_some())
    }

    /// Whether the API has said of a job that it waits for an approval.
    pub(crate) fn has_said_gated(&self, id: JobId) -> bool {
        self.said_gated.contains(&id)
    }
}

pub(super) fn describe(job: &WorkflowJob) -> SeenJob {
    let conclusion = if let Phase::Completed { conclusion } = job.phase { conclusion } else { "" };
    SeenJob {
        run: job.run(),
        status: status_of(job),
        runner: job.runner.as_ref().map(|(id, name)| SeenRunner { id: *id, name: name.clone() }),
        started_at: job.started_at,
        may_not_have_run: matches!(conclusion, "cancelled" | "skipped"),
    }
}

pub(super) fn status_of(job: &WorkflowJob) -> JobStatus {
    match job.phase {
        Phase::Gated => JobStatus::Waiting,
        Phase::Queued | Phase::Assigned { .. } => JobStatus::Queued,
        Phase::InProgress => JobStatus::InProgress,
        Phase::Completed { .. } => JobStatus::Completed,
    }
}
