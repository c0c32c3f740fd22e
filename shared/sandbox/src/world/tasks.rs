//! Tasks and their PID 1: from RunTask to STOPPED.

use std::rc::Rc;
use std::time::Duration;

use fleet::launch::TICKET_VARIABLE;
use fleet::launch::exit_code::{JOB_DONE, NOT_NEEDED, RELEASED};
use fleet::{BootId, GithubRunnerId, TaskArn};

use super::functions::End;
use super::{ClaimReply, Functions, Happening, ReleaseReply, World};
use crate::ecs::{Stop, TaskStatus, task_state_change};
use crate::faults::Fault;
use crate::github::OFFLINE_LIMIT;
use crate::journal::Subject;
use crate::process::{ABANDONED_AFTER, CLAIM_AGAIN, KILLED, LAST_LOOK, Phase, Process, RELEASE_EVERY};
use crate::sandbox::{FunctionName, Span};

/// How long ECS looks for capacity before it gives a task up.
const GIVEN_UP: Span = Span::minutes(10, 30);

/// How late a late event of ECS is.
const LATE_EVENT: Span = Span::minutes(1, 60);

/// When an idle runner fails that is going to.
const SOON: Span = Span::minutes(0, 3);

impl<F: Functions + 'static> World<F> {
    /// Tasks that were started since the last look move on by themselves, and those that were asked to
    /// stop do.
    pub(super) fn follow_tasks(&mut self) {
        let started = self.sandbox.ecs().borrow_mut().take_started();
        for task in started {
            if self.sandbox.strikes(Fault::TaskNeverStarts) {
                let after = self.sandbox.draw(&GIVEN_UP);
                self.later(after, Happening::FailsToStart(task, "Capacity is unavailable at this time."));
            } else if self.sandbox.strikes(Fault::TaskFailsToStart) {
                let after = self.sandbox.draw(&self.sandbox.delays().pending);
                self.later(
                    after,
                    Happening::FailsToStart(task, "CannotPullContainerError: manifest unknown"),
                );
            } else {
                let after = self.sandbox.draw(&self.sandbox.delays().provisioning);
                self.later(after, Happening::TaskMovesOn(task));
            }
        }
        let asked_to_stop = self.sandbox.ecs().borrow_mut().take_asked_to_stop();
        for task in asked_to_stop {
            self.terminate(&task);
        }
    }

    pub(super) fn fails_to_start(&mut self, arn: &TaskArn, reason: &str) {
        self.sandbox.ecs().borrow_mut().begin_stop(arn, Stop::failed_to_start(reason));
        self.task_moves_on(arn);
    }

    pub(super) fn task_moves_on(&mut self, arn: &TaskArn) {
        let now = self.now();
        let Some(status) = self.sandbox.ecs().borrow_mut().move_on(arn, now) else { return };
        self.note_task(arn, status);
        match status {
            TaskStatus::Provisioning => {}
            TaskStatus::Pending => {
                let after = self.sandbox.draw(&self.sandbox.delays().pending);
                self.later(after, Happening::TaskMovesOn(arn.clone()));
            }
            TaskStatus::Running => self.boot(arn),
            TaskStatus::Stopped => {
                let event = self.sandbox.ecs().borrow().task(arn).map(|task| task_state_change(task, now));
                if let Some(event) = event {
                    self.send_task_event(&event.to_string());
                }
            }
        }
    }

    fn send_task_event(&mut self, event: &str) {
        if self.sandbox.strikes(Fault::StopEventLost) {
            return;
        }
        let times = if self.sandbox.strikes(Fault::StopEventDoubled) { 2 } else { 1 };
        for _ in 0..times {
            let late = self.sandbox.strikes(Fault::StopEventLate);
            let after = if late { self.sandbox.draw(&LATE_EVENT) } else { Duration::ZERO };
            self.later(after, Happening::TaskEvent(event.to_owned()));
        }
    }

    /// The task's containers run: PID 1 will claim.
    fn boot(&mut self, arn: &TaskArn) {
        let process = {
            let ecs = self.sandbox.ecs().borrow();
            let task = ecs.task(arn);
            task.and_then(|task| Some((task.runner()?, task.environment(TICKET_VARIABLE)?.to_owned())))
        };
        let Some((runner, ticket)) = process else { return };
        let boot = BootId::new(format!("{:032x}", self.sandbox.random_bits()));
        self.processes.insert(arn.clone(), Process { runner, ticket, boot, phase: Phase::Claiming });
        if self.begins_outside(arn) || self.sandbox.strikes(Fault::TaskNeverClaims) {
            return;
        }
        let after = self.sandbox.draw(&self.sandbox.delays().boot);
        self.later(after, Happening::Claim(arn.clone()));
    }

    pub(super) fn claim(&mut self, arn: TaskArn) {
        let Some(process) = self.processes.get(&arn).filter(|it| it.phase == Phase::Claiming) else { return };
        let Some(request) = process.claim() else { return };
        let functions = Rc::clone(&self.functions);
        let crashed = End::Claim(arn.clone(), ClaimReply::Later(CLAIM_AGAIN));
        let answered = async move { End::Claim(arn, ClaimReply::read(&functions.registrar(request).await)) };
        self.invoke(FunctionName::Registrar, answered, crashed);
    }

    pub(super) fn claim_answered(&mut self, arn: TaskArn, reply: ClaimReply) {
        let lost = self.sandbox.strikes(Fault::ClaimAnswerLost);
        let Some(process) = self.processes.get_mut(&arn).filter(|it| it.phase == Phase::Claiming) else {
            // It was stopped meanwhile. Nobody will use what was registered for it.
            if let Some(runner) = self.processes.get(&arn).map(|process| process.runner.clone()) {
                self.forget_unanswered(&runner);
            }
            return;
        };
        let reply = if lost { ClaimReply::Later(CLAIM_AGAIN) } else { reply };
        match reply {
            ClaimReply::JitConfig(registration) => {
                process.phase = Phase::Idle(registration);
                self.registered.insert(registration, arn.clone());
                let runner = process.runner.clone();
                self.sandbox.github().borrow_mut().connect(registration);
                self.sandbox.note(|| Subject::Runner(runner), || "claimed its JIT config: idle".to_owned());
                self.may_fail_idle(&arn);
                self.later(RELEASE_EVERY, Happening::AskRelease(arn));
                self.assign_jobs();
            }
            ClaimReply::Later(after) => self.later(after, Happening::Claim(arn)),
            ClaimReply::NotNeeded | ClaimReply::Refused => {
                let runner = process.runner.clone();
                self.sandbox.note(|| Subject::Runner(runner), || format!("claim answered {reply:?}: leaves"));
                self.exit(&arn, NOT_NEEDED);
            }
        }
    }

    /// PID 1 never asks while a worker process exists.
    pub(super) fn ask_release(&mut self, arn: TaskArn) {
        let Some(process) = self.processes.get(&arn).filter(|it| matches!(it.phase, Phase::Idle(_))) else {
            return;
        };
        let Some(request) = process.release() else { return };
        let functions = Rc::clone(&self.functions);
        let crashed = End::Release(arn.clone(), ReleaseReply::Stay);
        let answered =
            async move { End::Release(arn, ReleaseReply::read(&functions.registrar(request).await)) };
        self.invoke(FunctionName::Registrar, answered, crashed);
    }

    pub(super) fn release_answered(&mut self, arn: TaskArn, reply: ReleaseReply) {
        let lost = self.sandbox.strikes(Fault::ReleaseAnswerLost);
        match if lost { ReleaseReply::Stay } else { reply } {
            ReleaseReply::Stay => self.later(RELEASE_EVERY, Happening::AskRelease(arn)),
            ReleaseReply::Leave => self.later(LAST_LOOK, Happening::Leave(arn)),
        }
    }

    pub(super) fn leave(&mut self, arn: &TaskArn) {
        let idle = self.processes.get(arn).filter(|process| matches!(process.phase, Phase::Idle(_)));
        if let Some(runner) = idle.map(|process| process.runner.clone()) {
            self.sandbox.note(|| Subject::Runner(runner), || "released: leaves".to_owned());
            self.exit(arn, RELEASED);
        }
    }

    /// Some runners are not going to take a job, though they are idle.
    fn may_fail_idle(&mut self, arn: &TaskArn) {
        if self.sandbox.strikes(Fault::TaskExitsWithoutJob) {
            self.later(self.sandbox.draw(&SOON), Happening::ExitWithoutJob(arn.clone()));
        }
        if self.sandbox.strikes(Fault::RunnerDiesIdle) {
            self.later(self.sandbox.draw(&SOON), Happening::Die(arn.clone()));
        }
    }

    pub(super) fn exit_without_job(&mut self, arn: &TaskArn) {
        if self.processes.get(arn).is_some_and(|process| matches!(process.phase, Phase::Idle(_))) {
            self.exit(arn, JOB_DONE);
        }
    }

    /// Whatever the runner does, it does no longer. GitHub ends its job after a while.
    pub(super) fn die(&mut self, arn: &TaskArn) {
        let Some(process) = self.processes.get(arn).filter(|process| process.phase != Phase::Gone) else {
            return;
        };
        let (runner, phase) = (process.runner.clone(), process.phase);
        if let Phase::Working(_, job) = phase {
            self.later(ABANDONED_AFTER, Happening::JobAbandoned(job));
        }
        self.sandbox.note(|| Subject::Runner(runner), || "died".to_owned());
        self.exit(arn, KILLED);
    }

    /// PID 1 exits, and its task stops.
    pub(super) fn exit(&mut self, arn: &TaskArn, code: i64) {
        if let Some(process) = self.processes.get_mut(arn) {
            let registration = process.registration();
            let unanswered = (process.phase == Phase::Claiming).then(|| process.runner.clone());
            process.phase = Phase::Gone;
            if let Some(runner) = unanswered {
                self.forget_unanswered(&runner);
            }
            if let Some(registration) = registration {
                self.registered.remove(&registration);
                self.sandbox.github().borrow_mut().disconnect(registration);
                self.forget_later(registration);
            }
        }
        if self.sandbox.ecs().borrow_mut().exit(arn, code) {
            self.stops_soon(arn);
        }
    }

    /// The task comes to STOPPED as soon as ECS has noticed.
    pub(super) fn stops_soon(&mut self, arn: &TaskArn) {
        let after = self.sandbox.draw(&self.sandbox.delays().stopping);
        self.later(after, Happening::TaskMovesOn(arn.clone()));
    }

    /// GitHub forgets a registration that stays offline.
    pub(super) fn forget_later(&mut self, registration: GithubRunnerId) {
        self.later(OFFLINE_LIMIT.unsigned_abs(), Happening::ForgetOffline(registration));
    }

    fn note_task(&self, arn: &TaskArn, status: TaskStatus) {
        let ecs = self.sandbox.ecs().borrow();
        let Some((task, runner)) = ecs.task(arn).and_then(|task| Some((task, task.runner()?))) else {
            return;
        };
        let exit = task.stop.as_ref().and_then(|stop| stop.exit_code);
        let text = || exit.map_or_else(|| status.to_string(), |code| format!("{status}, exit code {code}"));
        self.sandbox.note(|| Subject::Runner(runner), text);
    }
}
