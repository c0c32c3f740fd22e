//! Stops that come from outside of a task: `StopTask`, and an EC2 spot instance that is taken back.

use std::time::Duration;

use fleet::pid1::Pid1Event;
use fleet::{InstanceId, RunnerId, TaskArn};

use super::{Functions, Happening, World};
use crate::ecs::{StopDetails, interruption_warning};
use crate::process::{STOP_TIMEOUT, WARNED_AHEAD};

impl<F: Functions + 'static> World<F> {
    /// EC2 is going to take a spot instance back: its warning comes to the queue now, and the instance
    /// is gone two minutes later, with every task that is still on it. `false` if there is no such
    /// instance, or if it was warned of already.
    ///
    /// ECS drains the instance, which keeps new tasks away from it and stops none.
    pub fn interrupt_instance(&mut self, instance: &InstanceId) -> bool {
        let (now, sandbox) = (self.now(), &self.sandbox);
        let drains = sandbox.ecs().borrow_mut().drain_instance(instance);
        if drains {
            sandbox.put_on_queue(interruption_warning(instance, now).to_string(), Duration::ZERO);
            self.later(WARNED_AHEAD, Happening::InstanceGone(instance.clone()));
        }
        drains
    }

    /// An instance is gone, with whatever runs on it.
    pub fn instance_gone(&mut self, instance: &InstanceId) {
        let tasks = self.sandbox.ecs().borrow_mut().remove_instance(instance);
        for task in tasks {
            self.sandbox.ecs().borrow_mut().begin_stop(&task, StopDetails::instance_gone(instance));
            if self.processes.contains_key(&task) {
                self.die(&task);
            } else if !self.has_exited(&task) {
                self.stops_soon(&task);
            }
        }
    }

    /// ECS stops a task: SIGTERM for its PID 1, where it runs, and SIGKILL if that does not end it.
    pub(super) fn terminate(&mut self, arn: &TaskArn) {
        if !self.processes.contains_key(arn) {
            if !self.has_exited(arn) {
                self.stops_soon(arn);
            }
        } else if !self.stops_outside(arn) {
            self.later(STOP_TIMEOUT, Happening::Die(arn.clone()));
            self.take(arn, Pid1Event::Terminate);
        }
    }

    /// Whether a task's PID 1 was there, and is no longer: its task comes to STOPPED by itself.
    fn has_exited(&self, arn: &TaskArn) -> bool {
        let ecs = self.sandbox.ecs().borrow();
        ecs.task(arn).and_then(|task| task.stop.as_ref()?.exit_code).is_some()
    }

    /// A claim whose answer was lost may have left a registration, which never comes online: GitHub forgets
    /// it in time.
    pub(super) fn forget_unanswered(&mut self, runner: &RunnerId) {
        let its_own = |name: &str| RunnerId::from_github_name(name).as_ref() == Some(runner);
        let found = {
            let github = self.sandbox.github().borrow();
            github.runners().find(|it| its_own(&it.name)).map(|it| it.id)
        };
        if let Some(registration) = found {
            self.forget_later(registration);
        }
    }
}
