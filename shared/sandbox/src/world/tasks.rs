//! Tasks: from RunTask over the start and the exit of their PID 1 to STOPPED.

use std::time::Duration;

use fleet::launch::TICKET_VARIABLE;
use fleet::launch::exit_code::KILLED;
use fleet::pid1::Timings;
use fleet::{BootId, GithubRunnerId, TaskArn};

use super::{Functions, Happening, World};
use crate::delays::{Span, Starts};
use crate::ecs::{StopDetails, Task, TaskStatus, task_state_change};
use crate::faults::Fault;
use crate::github::OFFLINE_LIMIT;
use crate::journal::Subject;
use crate::process::{ABANDONED_AFTER, Process};

/// How long ECS looks for capacity before it gives a task up.
const GIVEN_UP: Span = Span::minutes(10, 30);

/// How late a late event of ECS is.
const LATE_EVENT: Span = Span::minutes(1, 60);

/// What EC2 says to an Auto Scaling group beyond the account's quota.
const NO_GROWTH: &str = "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU \
                         capacity than your current vCPU limit of 5 allows for the instance bucket that the \
                         specified instance type belongs to.";

impl<F: Functions + 'static> World<F> {
    /// Tasks that were started since the last look move on by themselves, and those that were asked to
    /// stop do.
    pub(super) fn follow_tasks(&mut self) {
        let started = self.sandbox.ecs().borrow_mut().take_started();
        for task in started {
            if self.sandbox.strikes(Fault::TaskNeverStarts) {
                self.note_no_growth(&task);
                let after = self.sandbox.draw(&GIVEN_UP);
                self.later(after, Happening::FailsToStart(task, "Capacity is unavailable at this time."));
            } else if self.sandbox.strikes(Fault::TaskFailsToStart) {
                let after = self.sandbox.draw(&self.starts(&task).pending);
                self.later(
                    after,
                    Happening::FailsToStart(task, "CannotPullContainerError: manifest unknown"),
                );
            } else {
                let after = self.sandbox.draw(&self.starts(&task).provisioning);
                self.later(after, Happening::TaskMovesOn(task));
            }
        }
        let asked_to_stop = self.sandbox.ecs().borrow_mut().take_asked_to_stop();
        for task in asked_to_stop {
            self.terminate(&task);
        }
    }

    /// How long a task's start takes.
    fn starts(&self, arn: &TaskArn) -> Starts {
        self.sandbox.delays().starts(self.sandbox.ecs().borrow().is_on_instances(arn))
    }

    /// The Auto Scaling group behind a task's capacity provider, if it has one, fails to launch an instance.
    fn note_no_growth(&self, task: &TaskArn) {
        let ecs = self.sandbox.ecs().borrow();
        let Some(task) = ecs.task(task) else { return };
        // It has the capacity provider's name (`Placement::in_stack`).
        let group = task.capacity_provider();
        if self.sandbox.groups().borrow().contains_key(group) {
            self.sandbox.fail_to_grow(group, NO_GROWTH);
        }
    }

    /// ECS stops a task before it runs, for this reason.
    pub fn fails_to_start(&mut self, arn: &TaskArn, reason: &str) {
        self.sandbox.ecs().borrow_mut().begin_stop(arn, StopDetails::failed_to_start(reason));
        self.task_moves_on(arn);
    }

    pub(super) fn task_moves_on(&mut self, arn: &TaskArn) {
        let now = self.now();
        let Some(status) = self.sandbox.ecs().borrow_mut().move_on(arn, now) else { return };
        self.note_task(arn, status);
        match status {
            TaskStatus::Provisioning => {}
            TaskStatus::Pending => {
                let after = self.sandbox.draw(&self.starts(arn).pending);
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

    /// The task's containers run: PID 1 makes its preparations.
    fn boot(&mut self, arn: &TaskArn) {
        let (now, process, has_docker) = {
            let ecs = self.sandbox.ecs().borrow();
            let task = ecs.task(arn);
            let of = |task: &Task| Some((task.runner()?, task.environment(TICKET_VARIABLE)?.to_owned()));
            let has_docker = task.is_some_and(|task| task.container_instance.is_some());
            (self.now(), task.and_then(of), has_docker)
        };
        let Some((runner, ticket)) = process else { return };
        let boot = BootId::new(format!("{:032x}", self.sandbox.random_bits()));
        let is_planted = self.planted.contains(&runner);
        self.processes.insert(arn.clone(), Process::new(runner, ticket, boot, now));
        if self.begins_outside(arn) {
            return;
        }
        if is_planted {
            if let Some(process) = self.processes.get_mut(arn) {
                process.hangs_since = Some(now);
            }
            return;
        }
        if self.sandbox.strikes(Fault::TaskNeverAsks) {
            return self.hang(arn);
        }
        if self.sandbox.strikes(Fault::ImageEnds) {
            return self.later(self.sandbox.draw(&self.starts(arn).boot), Happening::ImageEnds(arn.clone()));
        }
        if self.sandbox.strikes(Fault::RestoreHangs)
            && let Some(process) = self.processes.get_mut(arn)
        {
            process.restore_for_ever();
            self.later(Timings::default().tool_cache, Happening::Due(arn.clone()));
        }
        let (after, prepared) = if has_docker && self.sandbox.strikes(Fault::PreparationFails) {
            (Timings::default().docker, false)
        } else {
            (self.sandbox.draw(&self.starts(arn).boot), true)
        };
        self.later(after, Happening::Prepared(arn.clone(), prepared));
    }

    /// Whatever PID 1 and its runner do, they do no longer.
    pub(super) fn die(&mut self, arn: &TaskArn) {
        let Some(runner) = self.processes.get(arn).map(|process| process.runner.clone()) else { return };
        self.sandbox.note(|| Subject::Runner(runner), || "died".to_owned());
        self.exit(arn, KILLED);
    }

    /// PID 1 exits, and its task stops. GitHub ends a job that it leaves after a while.
    pub(super) fn exit(&mut self, arn: &TaskArn, code: i64) {
        if let Some(process) = self.processes.remove(arn) {
            if let Some(job) = process.job() {
                self.later(ABANDONED_AFTER, Happening::JobAbandoned(job));
            }
            if let Some(registration) = process.registration {
                self.registered.remove(&registration);
                self.sandbox.github().borrow_mut().disconnect(registration);
                self.forget_later(registration);
            } else {
                self.forget_unanswered(&process.runner);
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
