//! Who takes what: a job from its assignment to its end.

use fleet::{GithubRunnerId, JobId};
use jiff::Timestamp;

use super::{Github, PICK_UP_LIMIT, Phase};

impl Github {
    /// Gives queued jobs to idle runners that have all of their labels, the oldest job first; `pick`
    /// chooses among the runners.
    pub fn assign(
        &mut self,
        now: Timestamp,
        mut pick: impl FnMut(usize) -> usize,
    ) -> Vec<(JobId, GithubRunnerId)> {
        let mut assigned = Vec::new();
        for &(_, id) in &self.waiting {
            if self.idle.is_empty() {
                break;
            }
            if self.jobs.get(&id).is_some_and(|job| self.refuses(&job.plan.repository)) {
                continue;
            }
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            let serves = |runner: &&GithubRunnerId| {
                self.runners.get(runner).is_some_and(|runner| runner.labels.serve(&job.plan.labels))
            };
            let fitting: Vec<GithubRunnerId> = self.idle.iter().filter(serves).copied().collect();
            if fitting.is_empty() {
                continue;
            }
            let chosen = fitting.get(pick(fitting.len()).min(fitting.len() - 1));
            if let Some(runner) = chosen.and_then(|id| self.runners.get_mut(id)) {
                runner.job = Some(id);
                job.phase = Phase::Assigned { runner: runner.id, at: now };
                self.idle.remove(&runner.id);
                assigned.push((id, runner.id));
            }
        }
        self.waiting.retain(|(_, id)| !assigned.iter().any(|(job, _)| job == id));
        assigned
    }

    /// The runner picks its job up: in progress from now on. `false` if it is no longer the runner's.
    pub fn start_job(&mut self, id: JobId, runner: GithubRunnerId, now: Timestamp) -> bool {
        let name = self.runners.get(&runner).map(|it| &it.name).or_else(|| self.deleted_names.get(&runner));
        let Some(name) = name.cloned() else { return false };
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        if !matches!(job.phase, Phase::Assigned { runner: given, .. } if given == runner) {
            return false;
        }
        job.phase = Phase::InProgress;
        job.runner = Some((runner, name));
        job.started_at = Some(now);
        true
    }

    /// A worker begins with the first step of a job that was picked up.
    pub fn begin_steps(&mut self, id: JobId, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| job.phase == Phase::InProgress) {
            job.first_step_at.get_or_insert(now);
        }
    }

    /// A job that was assigned and not picked up in time is queued again. `true` if this one is.
    pub fn requeue_if_not_picked_up(&mut self, id: JobId, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        let Phase::Assigned { runner, at } = job.phase else { return false };
        if now.duration_since(at) < PICK_UP_LIMIT {
            return false;
        }
        job.phase = Phase::Queued;
        self.waiting.insert((job.queued_at, id));
        self.idle.remove(&runner);
        if let Some(runner) = self.runners.get_mut(&runner) {
            runner.job = None;
            runner.online = false;
        }
        true
    }

    /// A job ends, on any runner; the registration of its ephemeral runner ends with it. `false` if it had
    /// ended before.
    pub fn complete_job(&mut self, id: JobId, conclusion: &'static str, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        if matches!(job.phase, Phase::Completed { .. }) {
            return false;
        }
        let (before, worker) = (job.phase, job.runner.as_ref().map(|(runner, _)| *runner));
        job.phase = Phase::Completed { conclusion };
        job.completed_at = Some(now);
        self.take_back(id, before);
        if let Some(worker) = worker {
            self.forget(worker);
        }
        true
    }

    /// A runner outside the sandbox has taken a job, as another system's webhook reports.
    pub fn taken_elsewhere(&mut self, id: JobId, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(&id)
            && matches!(job.phase, Phase::Queued | Phase::Assigned { .. })
        {
            let before = job.phase;
            job.phase = Phase::InProgress;
            job.started_at = Some(now);
            self.take_back(id, before);
        }
    }

    /// A job no longer waits: neither in the queue nor with a runner that had not picked it up.
    fn take_back(&mut self, id: JobId, before: Phase) {
        let Some(job) = self.jobs.get(&id) else { return };
        self.waiting.remove(&(job.queued_at, id));
        if let Phase::Assigned { runner, .. } = before
            && let Some(runner) = self.runners.get_mut(&runner)
        {
            runner.job = None;
            if runner.online {
                self.idle.insert(runner.id);
            }
        }
    }
}
