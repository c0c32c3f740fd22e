//! A runner that is given a job in the same moment in which its registration is deleted.

use fleet::{GithubRunnerId, JobId};
use jiff::Timestamp;

use super::{Github, JobPlan, Phase, SelfHostedRunner, WorkflowJob};

impl Github {
    /// Deletes the registration of a runner that is to be given a job in the same moment.
    pub(crate) fn remove_with_a_job(&mut self, id: GithubRunnerId) {
        if let Some(runner) = self.runners.get(&id).cloned() {
            self.forget(id);
            self.deleted_names.insert(id, runner.name.clone());
            self.newly_deleted.push(runner);
        }
    }

    /// The runners that were deleted so since this was asked last.
    pub(crate) fn take_removed_with_a_job(&mut self) -> Vec<SelfHostedRunner> {
        std::mem::take(&mut self.newly_deleted)
    }

    /// Knows a job that it has given to a runner already.
    pub(crate) fn add_given_job(&mut self, id: JobId, plan: JobPlan, runner: GithubRunnerId, now: Timestamp) {
        let phase = Phase::Assigned { runner, at: now };
        self.know(WorkflowJob { phase, ..WorkflowJob::new(id, plan, now) }, now);
    }
}
