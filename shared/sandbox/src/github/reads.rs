//! Jobs, runs and runners as the API describes them, which is not always as they are.

use fleet::ports::{self, JobStatus, RegistrationPage, RunId, SeenJob, SeenRunner};
use fleet::status::{GithubJob, GithubStatus};
use fleet::{GithubRunnerId, JobId, Repository};

use super::{Github, Phase, SelfHostedRunner, WorkflowJob};

/// The environment whose approval a gated job waits for.
const ENVIRONMENT: &str = "production";

/// Registrations a page of the list.
const PAGE: usize = 100;

impl Github {
    /// A page of the registrations, by their ids. A list that lags does not have the newest one yet.
    pub fn list_runners(&self, page: u32, lags: bool) -> RegistrationPage {
        let total = self.runners.len() - usize::from(lags && !self.runners.is_empty());
        let before = usize::try_from(page.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(PAGE);
        let listed = self.runners.values().take(total).skip(before).take(PAGE);
        RegistrationPage { registrations: listed.map(describe_runner).collect(), total }
    }

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

    /// A job as a person sees it; `None` for 404.
    pub fn look_at_job(&self, id: JobId) -> Option<GithubJob> {
        let job = self.jobs.get(&id).filter(|_| !self.forgotten.contains(&id))?;
        let conclusion =
            if let Phase::Completed { conclusion } = job.phase { Some(conclusion) } else { None };
        Some(GithubJob {
            repository: job.plan.repository.clone(),
            run: job.run(),
            status: match job.phase {
                Phase::Gated => GithubStatus::Waiting,
                Phase::Queued | Phase::Assigned { .. } => GithubStatus::Queued,
                Phase::InProgress => GithubStatus::InProgress,
                Phase::Completed { .. } => GithubStatus::Completed,
            },
            conclusion: conclusion.map(str::to_owned),
            labels: job.plan.labels.clone(),
            is_public: Some(self.is_public(&job.plan.repository)),
            runner: describe(job).runner,
            environments: if job.phase == Phase::Gated { vec![ENVIRONMENT.to_owned()] } else { Vec::new() },
            created_at: Some(job.queued_at),
            started_at: job.started_at,
            first_step_at: job.first_step_at,
            completed_at: job.completed_at,
        })
    }

    /// Whether a run has ended; `None` for 404.
    pub fn read_run(&self, repository: &Repository, run: RunId) -> Option<bool> {
        let of_run = |job: &&WorkflowJob| job.run() == run && job.plan.repository == *repository;
        let mut jobs = self.jobs.values().filter(of_run).peekable();
        jobs.peek()?;
        Some(jobs.all(|job| matches!(job.phase, Phase::Completed { .. })))
    }

    /// A registration as the API describes it.
    pub fn read_runner(&self, runner: GithubRunnerId) -> Option<ports::Registration> {
        self.runners.get(&runner).map(describe_runner)
    }

    /// Whether everybody may read a repository.
    pub fn is_public(&self, repository: &Repository) -> bool {
        self.public.contains(repository)
    }

    /// Whether nothing shows that a job has ended: the API calls it queued, and its run goes on.
    pub(crate) fn cannot_be_known(&self, id: JobId) -> bool {
        let job = self.jobs.get(&id).filter(|_| self.left_queued.contains(&id));
        job.is_some_and(|job| self.read_run(&job.plan.repository, job.run()) == Some(false))
    }

    /// Whether the API has said of a job that it waits for an approval.
    pub(crate) fn has_said_gated(&self, id: JobId) -> bool {
        self.said_gated.contains(&id)
    }
}

fn describe_runner(it: &SelfHostedRunner) -> ports::Registration {
    ports::Registration { id: it.id, name: it.name.clone(), is_online: it.online, is_busy: it.job.is_some() }
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
