//! What the world sees of PID 1 from outside, and must never see.

use std::time::Duration;

use fleet::launch::exit_code::{FAILED, RELEASED};
use fleet::pid1::Answered;
use fleet::question::{LONGEST_WAIT_SECONDS, Listener};
use fleet::{GithubRunnerId, JobId, RunnerId, TaskArn};
use jiff::SignedDuration;
use jiff::Timestamp;

use super::World;
use crate::Violation;
use crate::github::Phase;

/// The longest wait of a runner without a listener.
const LONGEST_WAIT: Duration = Duration::from_secs(LONGEST_WAIT_SECONDS);

/// How long PID 1 goes on without an answer, less than the wait that it does not begin any more.
const PATIENT_FOR: SignedDuration = SignedDuration::from_mins(50);

/// A task whose PID 1 does nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hung {
    /// Its runner.
    pub runner: RunnerId,
    /// Since when.
    pub since: Timestamp,
    /// Whether it has been answered a JIT config.
    pub has_config: bool,
}

/// How long a question may take to be answered once nothing goes wrong any more.
const SOON_ENOUGH: SignedDuration = SignedDuration::from_mins(15);

impl<F> World<F> {
    /// What PID 1 has done that it must never do.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The tasks whose PID 1 hung, and when it began.
    pub fn hung(&self) -> &[Hung] {
        &self.hung
    }

    /// PID 1 asks: not before the end of the wait that the last answer asked for, and not while a
    /// registrar is at work on the question before.
    pub(super) fn watch_question(&mut self, arn: &TaskArn) {
        let now = self.sandbox.manual_clock().now();
        let Some(process) = self.processes.get_mut(arn) else { return };
        let runner = process.runner.clone();
        let early = process.not_before.take().filter(|&until| now < until);
        let is_second = process.in_flight > 0;
        if let Some(until) = early {
            let found = format!("runner {runner} was to wait until {until}, and asked at {now}");
            self.violate("a question comes back when its wait is over, not before", found);
        }
        if is_second {
            let found = format!("runner {runner} asks while its last question is under way");
            self.violate("one question of a boot is under way", found);
        }
    }

    /// An answer reaches PID 1.
    pub(super) fn watch_answer(&mut self, arn: &TaskArn, answered: Answered, listener: Listener) {
        let Some(process) = self.processes.get(arn) else { return };
        let (runner, has_listened) = (process.runner.clone(), process.has_listened);
        if answered == Answered::Config && has_listened {
            let found = format!("runner {runner}");
            self.violate("a task gets one JIT config at most that listened", found);
        }
        if let (Answered::Wait(told) | Answered::Later(Some(told)), Listener::None) = (answered, listener)
            && told > LONGEST_WAIT
        {
            let found = format!("runner {runner}: {} s", told.as_secs());
            self.violate("no runner without a listener has to wait for more than a minute", found);
        }
    }

    /// A listener connects: its registration is the one in the ledger, unless its runner was let go.
    pub(super) fn watch_listener(&mut self, arn: &TaskArn, registration: GithubRunnerId) {
        let Some(runner) = self.processes.get(arn).map(|process| process.runner.clone()) else { return };
        let known = self.sandbox.table().borrow().runner(&runner).and_then(|runner| runner.github_id);
        if known != Some(registration) {
            let found = format!("runner {runner} listens as {registration}, the ledger has {known:?}");
            self.violate("the id in the ledger is the id that listens", found);
        }
    }

    pub(super) fn violate(&mut self, rule: &'static str, found: String) {
        self.violations.push(Violation { rule, found });
    }

    /// PID 1 exits by its own decision: not from a job that has begun, unless its task was stopped, and
    /// not from one that GitHub gave it before it released the runner.
    pub(super) fn watch_leave(&mut self, arn: &TaskArn, code: i64) {
        self.watch_giving_up(arn, code);
        let left = self.begun_job(arn).or_else(|| self.given_job(arn).filter(|_| code == RELEASED));
        let runner = self.processes.get(arn).map(|process| &process.runner);
        if let (Some(job), Some(runner)) = (left, runner) {
            let found = format!("runner {runner} left job {job} with exit code {code}");
            self.violations.push(Violation { rule: "a runner leaves no job behind", found });
        }
    }

    /// PID 1 gives up after an hour without an answer, and not before. Once nothing goes wrong any more, one comes soon.
    fn watch_giving_up(&mut self, arn: &TaskArn, code: i64) {
        let process = self.processes.get(arn).filter(|it| code == FAILED && it.registration.is_none());
        let Some((runner, heard_at)) = process.map(|it| (it.runner.clone(), it.heard_at)) else { return };
        let now = self.sandbox.manual_clock().now();
        if heard_at.is_some_and(|at| now.duration_since(at) < PATIENT_FOR) {
            let found = format!("runner {runner} was answered at {heard_at:?}");
            self.violate("PID 1 gives up only after an hour without an answer", found);
        }
        let is_fair = self.sandbox.fair_since().is_some_and(|since| now.duration_since(since) > SOON_ENOUGH);
        let is_out = self.sandbox.github().borrow().is_out(now);
        if is_fair && !is_out {
            let found = format!("runner {runner} gave up, with exit code {code}");
            self.violate("a question is answered while nothing goes wrong", found);
        }
    }

    /// The job that this task's runner has begun, unless the task was stopped.
    fn begun_job(&self, arn: &TaskArn) -> Option<JobId> {
        let is_stopped = self.sandbox.ecs().borrow().task(arn).is_some_and(|task| task.stop.is_some());
        self.processes.get(arn)?.job().filter(|_| !is_stopped)
    }

    /// The job that GitHub has given to this task's runner, which has not picked it up yet.
    fn given_job(&self, arn: &TaskArn) -> Option<JobId> {
        let process = self.processes.get(arn)?;
        let (given, its_own) = (process.listener?.given?, process.registration?);
        let github = self.sandbox.github().borrow();
        let is_given =
            matches!(github.job(given)?.phase, Phase::Assigned { runner, .. } if runner == its_own);
        is_given.then_some(given)
    }
}
