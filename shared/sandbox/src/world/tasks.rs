//! Tasks and their PID 1: from RunTask to STOPPED.

use std::rc::Rc;

use fleet::launch::TICKET_VARIABLE;
use fleet::{BootId, TaskArn};

use super::functions::End;
use super::{ClaimReply, Functions, Happening, ReleaseReply, World};
use crate::ecs::{Stop, TaskStatus, task_state_change};
use crate::journal::Subject;
use crate::process::{CLAIM_AGAIN, LAST_LOOK, NOT_NEEDED, Phase, Process, RELEASE_EVERY, RELEASED};

impl<F: Functions + 'static> World<F> {
    /// Tasks that RunTask has started since the last look move on by themselves.
    pub(super) fn follow_new_tasks(&mut self) {
        let started = self.sandbox.ecs().borrow_mut().take_started();
        for task in started {
            let after = self.sandbox.draw(&self.sandbox.delays().provisioning);
            self.later(after, Happening::TaskMovesOn(task));
        }
    }

    pub(super) fn task_moves_on(&mut self, arn: &TaskArn) {
        let now = self.sandbox.manual_clock().now();
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
                    self.sandbox.queue().borrow_mut().send(event.to_string(), now);
                }
            }
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
        let after = self.sandbox.draw(&self.sandbox.delays().boot);
        self.later(after, Happening::Claim(arn.clone()));
    }

    pub(super) fn claim(&mut self, arn: TaskArn) {
        let Some(process) = self.processes.get(&arn).filter(|it| it.phase == Phase::Claiming) else { return };
        let (ticket, boot) = (process.ticket.clone(), process.boot.clone());
        let functions = Rc::clone(&self.functions);
        self.executor.spawn(Box::pin(async move { End::Claim(arn, functions.claim(&ticket, &boot).await) }));
    }

    pub(super) fn claim_answered(&mut self, arn: TaskArn, reply: ClaimReply) {
        let Some(process) = self.processes.get_mut(&arn).filter(|it| it.phase == Phase::Claiming) else {
            return;
        };
        match reply {
            ClaimReply::JitConfig(registration) => {
                process.phase = Phase::Idle(registration);
                self.registered.insert(registration, arn.clone());
                let runner = process.runner.clone();
                self.sandbox.github().borrow_mut().connect(registration);
                self.sandbox.note(|| Subject::Runner(runner), || "claimed its JIT config: idle".to_owned());
                self.later(RELEASE_EVERY, Happening::AskRelease(arn));
                self.assign_jobs();
            }
            ClaimReply::Later => self.later(CLAIM_AGAIN, Happening::Claim(arn)),
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
        let ticket = process.ticket.clone();
        let functions = Rc::clone(&self.functions);
        self.executor.spawn(Box::pin(async move { End::Release(arn, functions.release(&ticket).await) }));
    }

    pub(super) fn release_answered(&mut self, arn: TaskArn, reply: ReleaseReply) {
        match reply {
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

    /// PID 1 exits, and its task stops.
    pub(super) fn exit(&mut self, arn: &TaskArn, code: i64) {
        if let Some(process) = self.processes.get_mut(arn) {
            if let Some(registration) = process.registration() {
                self.registered.remove(&registration);
                self.sandbox.github().borrow_mut().disconnect(registration);
            }
            process.phase = Phase::Gone;
        }
        if self.sandbox.ecs().borrow_mut().begin_stop(arn, Stop::exited(code)) {
            let after = self.sandbox.draw(&self.sandbox.delays().stopping);
            self.later(after, Happening::TaskMovesOn(arn.clone()));
        }
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
