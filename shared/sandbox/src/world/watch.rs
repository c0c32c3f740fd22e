//! What the world sees of PID 1 from outside, and must never see.

use fleet::launch::exit_code::{FAILED, RELEASED};
use fleet::{JobId, TaskArn};
use jiff::SignedDuration;

use super::World;
use crate::Violation;
use crate::github::Phase;

/// How long a claim may take to be answered once nothing goes wrong any more.
const SOON_ENOUGH: SignedDuration = SignedDuration::from_mins(15);

impl<F> World<F> {
    /// What PID 1 has done that it must never do.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// A claim is made: not before the end of the wait that the last one was answered with.
    pub(super) fn watch_claim(&mut self, arn: &TaskArn) {
        let now = self.sandbox.manual_clock().now();
        let Some(process) = self.processes.get_mut(arn) else { return };
        if let Some(until) = process.not_before.take().filter(|&until| now < until) {
            let found = format!("runner {} was to wait until {until}, and claimed at {now}", process.runner);
            self.violations
                .push(Violation { rule: "a claim comes back when its wait is over, not before", found });
        }
    }

    /// PID 1 exits by its own decision: not from a job that has begun, unless its task was stopped, and
    /// not from one that GitHub gave it before it released the runner.
    pub(super) fn watch_leave(&mut self, arn: &TaskArn, code: i64) {
        self.watch_end_of_claims(arn, code);
        let left = self.begun_job(arn).or_else(|| self.given_job(arn).filter(|_| code == RELEASED));
        let runner = self.processes.get(arn).map(|process| &process.runner);
        if let (Some(job), Some(runner)) = (left, runner) {
            let found = format!("runner {runner} left job {job} with exit code {code}");
            self.violations.push(Violation { rule: "a runner leaves no job behind", found });
        }
    }

    /// PID 1 gives up claiming after an hour. Once nothing goes wrong any more, an answer comes soon.
    fn watch_end_of_claims(&mut self, arn: &TaskArn, code: i64) {
        let process = self.processes.get(arn).filter(|process| process.registration.is_none());
        let now = self.sandbox.manual_clock().now();
        let is_fair = self.sandbox.fair_since().is_some_and(|since| now.duration_since(since) > SOON_ENOUGH);
        let has_failed = code == FAILED && is_fair && !self.sandbox.github().borrow().is_out(now);
        if let Some(process) = process.filter(|_| has_failed) {
            let found = format!("runner {} gave up, with exit code {code}", process.runner);
            self.violations.push(Violation { rule: "a claim is answered while nothing goes wrong", found });
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
