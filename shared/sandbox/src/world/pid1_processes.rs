//! Tasks whose PID 1 is a process outside the world. The world starts and stops it, and it reports what it
//! does.

use std::time::Duration;

use fleet::{GithubRunnerId, RunnerId, TaskArn};

use super::{Functions, World};
use crate::process::ConnectedListener;

/// What happened since it was asked last.
#[derive(Debug, Default)]
pub(super) struct Outside {
    begun: Vec<Begun>,
    asked_to_stop: Vec<TaskArn>,
}

/// A task whose containers run from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The task.
    pub task: TaskArn,
    /// Its environment, as its overrides have it.
    pub environment: Vec<(String, String)>,
}

impl<F: Functions + 'static> World<F> {
    /// From now on the world plays no PID 1: somebody else runs one for each task, whose listener finds
    /// GitHub at this URL.
    pub fn run_tasks_outside(&mut self, url: &str) {
        self.outside.get_or_insert_default();
        self.sandbox.github().borrow_mut().set_listeners_url(url);
    }

    /// The tasks that have come to RUNNING since this was asked last.
    pub fn take_begun(&mut self) -> Vec<Begun> {
        self.outside.as_mut().map(|outside| std::mem::take(&mut outside.begun)).unwrap_or_default()
    }

    /// The running tasks that were asked to stop since this was asked last: SIGTERM for them.
    pub fn take_stopping(&mut self) -> Vec<TaskArn> {
        self.outside.as_mut().map(|outside| std::mem::take(&mut outside.asked_to_stop)).unwrap_or_default()
    }

    /// The PID 1 of a task has exited.
    pub fn exited(&mut self, task: &TaskArn, code: i64) {
        self.exit(task, code);
    }

    /// The listener with this registration has connected to GitHub, which may have a job for it.
    pub fn listener_connects(&mut self, registration: GithubRunnerId) {
        let name = self.sandbox.github().borrow().runner(registration).map(|runner| runner.name.clone());
        let Some(runner) = name.and_then(|name| RunnerId::from_github_name(&name)) else { return };
        let Some((task, process)) = self.processes.iter_mut().find(|(_, it)| it.runner == runner) else {
            return;
        };
        process.registration = Some(registration);
        process.listener = Some(ConnectedListener::default());
        self.registered.insert(registration, task.clone());
        self.sandbox.github().borrow_mut().connect(registration);
        self.assign_jobs();
    }

    /// How long the job works that GitHub has given to this registration; `None` as long as it has
    /// none.
    pub fn job_of(&self, registration: GithubRunnerId) -> Option<Duration> {
        let job = self.processes.get(self.registered.get(&registration)?)?.job()?;
        self.sandbox.github().borrow().job(job).map(|job| job.plan.work)
    }

    /// The job of this registration is done.
    pub fn job_is_done(&mut self, registration: GithubRunnerId) {
        let process = self.registered.get(&registration).and_then(|task| self.processes.get_mut(task));
        let listener = process.and_then(|process| process.listener.as_mut());
        if let Some(job) = listener.and_then(|listener| listener.job.take()) {
            self.end_job(job, "success");
        }
    }

    pub(super) fn is_outside(&self) -> bool {
        self.outside.is_some()
    }

    /// `true` if the task's PID 1 is begun outside.
    pub(super) fn begins_outside(&mut self, task: &TaskArn) -> bool {
        let Some(outside) = &mut self.outside else { return false };
        let ecs = self.sandbox.ecs().borrow();
        let containers = ecs.task(task).map(|it| &it.request.overrides.container_overrides);
        let pairs = containers.into_iter().flatten().flat_map(|container| &container.environment);
        let environment = pairs.map(|pair| (pair.name.clone(), pair.value.clone())).collect();
        outside.begun.push(Begun { task: task.clone(), environment });
        true
    }

    /// `true` if the task's PID 1 is such a process, which now has to stop.
    pub(super) fn stops_outside(&mut self, task: &TaskArn) -> bool {
        let Some(outside) = &mut self.outside else { return false };
        outside.asked_to_stop.push(task.clone());
        true
    }
}
