//! The ports that are calls of GitHub's API.

use std::time::Duration;

use fleet::ledger::RunnerState;
use fleet::ports::{
    DeleteRunner, FindRunner, FindRunnerGroup, GenerateJitConfig, GithubError, JitConfig, JitRunner,
    JobStatus, ListRunners, LookAtJob, ReadJob, ReadRepository, ReadRun, ReadRunner, Registration,
    RegistrationPage, RunId, RunnerGroupId, SeenJob,
};
use fleet::status::GithubJob;
use fleet::{GithubRunnerId, JobId, Repository, RunnerId};

use crate::delays::Span;
use crate::faults::{Call, CrashPoint, Fault};
use crate::github::{LatePost, RemoveError, SelfHostedRunner};
use crate::world::PLANTED;
use crate::{Operation, Race, Sandbox};

/// How long GitHub takes when it is slow.
const SLOW: Span = Span(Duration::from_secs(1)..=Duration::from_secs(20));

impl FindRunnerGroup for Sandbox {
    async fn find_runner_group(&self, name: &str) -> Result<RunnerGroupId, GithubError> {
        // The App looks for a group once in the life of a process; here all of them are one.
        let is_known = self.github().borrow().groups().any(|(_, group)| group == name);
        if is_known && self.tells_operations_apart() {
            return Ok(self.github().borrow_mut().group(name));
        }
        self.call_github(Operation::FindRunnerGroup, || Ok(self.github().borrow_mut().group(name))).await
    }
}

impl GenerateJitConfig for Sandbox {
    async fn generate_jit_config(&self, runner: &JitRunner) -> Result<JitConfig, GithubError> {
        let is_late = self.strikes(Fault::PostLandsLate);
        let made = self.call_github(Operation::GenerateJitConfig, || {
            self.github().borrow_mut().count_call(self.manual_clock().now());
            if self.strikes(Fault::GithubRefuses) {
                return Err(GithubError::Refused("422 Validation Failed".to_owned()));
            }
            if self.strikes(Fault::GithubConflicts) {
                return Err(GithubError::Conflict);
            }
            let mut github = self.github().borrow_mut();
            let group = github.group_name(runner.group).map(str::to_owned);
            let group =
                group.ok_or_else(|| GithubError::NotFound(format!("runner group {}", runner.group)))?;
            if is_late {
                let (name, labels) = (runner.name.clone(), runner.labels.clone());
                github.post_later(LatePost { name, labels, group });
                return Err(time_out());
            }
            let made = github.register(&runner.name, runner.labels.clone(), &group);
            let runner = made.ok_or(GithubError::Conflict)?;
            Ok(JitConfig { runner, encoded: github.jit_config(runner).into() })
        });
        let made = made.await;
        if is_late {
            self.crash().await;
        }
        made
    }
}

impl FindRunner for Sandbox {
    async fn find_runner(&self, name: &str) -> Result<Option<GithubRunnerId>, GithubError> {
        self.call_github(Operation::FindRunner, || {
            let lags = self.strikes(Fault::GithubListLags);
            Ok(self.github().borrow().find_by_name(name).filter(|_| !lags))
        })
        .await
    }
}

impl ListRunners for Sandbox {
    async fn list_runners(&self, page: u32) -> Result<RegistrationPage, GithubError> {
        self.call_github(Operation::ListRunners, || {
            if self.strikes(Fault::GithubListEmpty) {
                return Ok(RegistrationPage { registrations: Vec::new(), total: 0 });
            }
            let lags = self.strikes(Fault::GithubListLags);
            Ok(self.github().borrow().list_runners(page, lags))
        })
        .await
    }
}

impl DeleteRunner for Sandbox {
    async fn delete_runner(&self, runner: GithubRunnerId) -> Result<(), GithubError> {
        self.call_github(Operation::DeleteRunner, || {
            let mut github = self.github().borrow_mut();
            github.count_call(self.manual_clock().now());
            let waits = |it: &SelfHostedRunner| it.online && it.job.is_none() && it.group != PLANTED;
            let waits = github.runner(runner).is_some_and(waits);
            if waits && self.strikes(Fault::JobGivenAtDeletion) {
                github.remove_with_a_job(runner);
                return Ok(());
            }
            if github.runner(runner).is_some() && self.strikes(Fault::GithubCallsBusy) {
                return Err(GithubError::Busy);
            }
            if github.runner(runner).is_some_and(|it| self.was_fenced_meanwhile(it)) {
                self.table().borrow_mut().note_race(Race::LeavingIsAnsweredLate);
            }
            match github.remove(runner) {
                Err(RemoveError::Busy) => Err(GithubError::Busy),
                Ok(()) | Err(RemoveError::NotFound) => Ok(()),
            }
        })
        .await
    }
}

impl ReadJob for Sandbox {
    async fn read_job(&self, _repository: &Repository, job: JobId) -> Result<SeenJob, GithubError> {
        let read = self.call_github(Operation::ReadJob, || {
            let seen = self.github().borrow_mut().read_job(job);
            let mut seen = seen.ok_or_else(|| GithubError::NotFound(format!("404 job {job}")))?;
            if seen.status == JobStatus::InProgress && self.strikes(Fault::GithubNamesNobody) {
                seen.runner = None;
            }
            Ok(seen)
        });
        let read = read.await;
        if self.strikes(Fault::GithubReadsLate) {
            self.manual_clock().sleep(self.draw(&SLOW)).await;
        }
        read
    }
}

impl LookAtJob for Sandbox {
    async fn look_at_job(&self, _repository: &Repository, job: JobId) -> Result<GithubJob, GithubError> {
        self.call_github(Operation::ReadJob, || {
            let seen = self.github().borrow().look_at_job(job);
            seen.ok_or_else(|| GithubError::NotFound(format!("404 job {job}")))
        })
        .await
    }
}

impl ReadRun for Sandbox {
    async fn has_run_ended(&self, repository: &Repository, run: RunId) -> Result<bool, GithubError> {
        let ended = || self.github().borrow().read_run(repository, run);
        self.call_github(Operation::ReadRun, || {
            ended().ok_or_else(|| GithubError::NotFound(format!("404 run {run}")))
        })
        .await
    }
}

impl ReadRunner for Sandbox {
    async fn read_runner(&self, runner: GithubRunnerId) -> Result<Option<Registration>, GithubError> {
        self.call_github(Operation::ReadRunner, || Ok(self.github().borrow().read_runner(runner))).await
    }
}

impl ReadRepository for Sandbox {
    async fn is_public(&self, repository: &Repository) -> Result<bool, GithubError> {
        self.call_github(Operation::ReadRepository, || Ok(self.github().borrow().is_public(repository))).await
    }
}

impl Sandbox {
    /// One call, with the faults that strike it.
    pub(super) async fn call_github<T>(
        &self,
        operation: Operation,
        act: impl FnOnce() -> Result<T, GithubError>,
    ) -> Result<T, GithubError> {
        self.begin(operation).await;
        self.may_crash(CrashPoint::Before, Call::Github).await;
        if self.strikes(Fault::GithubSlow) {
            self.manual_clock().sleep(self.draw(&SLOW)).await;
        }
        let answer = match self.github_refusal(operation) {
            Some(refusal) => Err(refusal),
            None => act(),
        };
        self.end(operation).await;
        self.may_crash(CrashPoint::After, Call::Github).await;
        if answer.is_ok() && self.strikes(Fault::GithubAnswerLost) { Err(time_out()) } else { answer }
    }

    /// Whether a registration was made for a runner that leaves, and whose id is not in the ledger.
    fn was_fenced_meanwhile(&self, registration: &SelfHostedRunner) -> bool {
        let table = self.table().borrow();
        let runner = RunnerId::from_github_name(&registration.name).and_then(|id| table.runner(&id));
        runner.is_some_and(|it| it.state == RunnerState::Leaving && it.github_id != Some(registration.id))
    }

    /// How GitHub answers whatever it is asked, if it is not itself.
    fn github_refusal(&self, operation: Operation) -> Option<GithubError> {
        let now = self.manual_clock().now();
        if self.github().borrow().is_out(now) {
            return Some(time_out());
        }
        if let Some(wait) = self.github().borrow().asks_to_wait(now) {
            return Some(GithubError::Wait(wait));
        }
        if let Err(wait) = self.github().borrow_mut().take_call(operation, now) {
            return Some(GithubError::Wait(wait));
        }
        if self.strikes(Fault::GithubAsksToWait) {
            self.github().borrow_mut().ask_to_wait(now);
            return self.github().borrow().asks_to_wait(now).map(GithubError::Wait);
        }
        self.strikes(Fault::GithubFails).then(|| GithubError::Unavailable("502 Bad Gateway".to_owned()))
    }
}

fn time_out() -> GithubError {
    GithubError::Unavailable("no answer in time".to_owned())
}
