//! One ECS task.

use std::fmt;

use fleet::launch::{RUNNER_CONTAINER, RunTaskRequest, TaskTimes};
use fleet::{Architecture, ContainerInstanceArn, InstanceId, RunnerId, TaskArn};
use jiff::Timestamp;
use serde::Serialize;

/// ECS's `lastStatus` of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskStatus {
    /// It waits for capacity.
    Provisioning,
    /// Its images are pulled and its containers made.
    Pending,
    /// Its containers run.
    Running,
    /// It is over.
    Stopped,
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        })
    }
}

/// Why a task stops, in ECS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopDetails {
    /// `stopCode`.
    pub code: &'static str,
    /// `stoppedReason`.
    pub reason: String,
    /// The runner container's exit code.
    pub exit_code: Option<i64>,
}

impl StopDetails {
    /// PID 1 has exited.
    pub fn exited(exit_code: i64) -> Self {
        let reason = "Essential container in task exited".to_owned();
        Self { code: "EssentialContainerExited", reason, exit_code: Some(exit_code) }
    }

    /// It never came to run.
    pub fn failed_to_start(reason: &str) -> Self {
        Self { code: "TaskFailedToStart", reason: reason.to_owned(), exit_code: None }
    }

    /// Somebody called `StopTask`.
    pub fn asked_for(reason: &str) -> Self {
        Self { code: "UserInitiated", reason: reason.to_owned(), exit_code: None }
    }

    /// Its EC2 instance is gone.
    pub fn instance_gone(instance: &InstanceId) -> Self {
        let reason = format!("Host EC2 (instance {instance}) terminated.");
        Self { code: "TerminationNotice", reason, exit_code: None }
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its ARN.
    pub arn: TaskArn,
    /// What it was asked for with.
    pub request: RunTaskRequest,
    /// The architecture of its task definition.
    pub architecture: Architecture,
    /// How far it is.
    pub status: TaskStatus,
    /// The instance that it is placed on; none on Fargate, and none before PENDING.
    pub container_instance: Option<ContainerInstanceArn>,
    /// When `RunTask` was called.
    pub started_at: Timestamp,
    /// When it left PROVISIONING.
    pub pull_started_at: Option<Timestamp>,
    /// When it came to RUNNING.
    pub running_at: Option<Timestamp>,
    /// When it came to STOPPED.
    pub stopped_at: Option<Timestamp>,
    /// Why it stops, once it does.
    pub stop: Option<StopDetails>,
}

impl Task {
    pub(super) fn new(
        arn: TaskArn,
        request: RunTaskRequest,
        architecture: Architecture,
        now: Timestamp,
    ) -> Self {
        Self {
            arn,
            request,
            architecture,
            status: TaskStatus::Provisioning,
            container_instance: None,
            started_at: now,
            pull_started_at: None,
            running_at: None,
            stopped_at: None,
            stop: None,
        }
    }

    /// When it came to each of its points. Its images are there when its containers run.
    pub fn times(&self) -> TaskTimes {
        TaskTimes {
            created_at: Some(self.started_at),
            pull_started_at: self.pull_started_at,
            pull_stopped_at: self.running_at,
            started_at: self.running_at,
            stopped_at: self.stopped_at,
        }
    }

    /// ECS's `desiredStatus`: STOPPED as soon as the stop begins.
    pub fn desired_status(&self) -> &'static str {
        if self.stop.is_some() { "STOPPED" } else { "RUNNING" }
    }

    /// The capacity provider it runs on.
    pub fn capacity_provider(&self) -> &str {
        self.request.capacity_provider_strategy.first().map_or("", |item| &item.capacity_provider)
    }

    /// The runner that it is, by its `startedBy`.
    pub fn runner(&self) -> Option<RunnerId> {
        RunnerId::parse(&self.request.started_by).ok()
    }

    /// An environment variable of the runner's container, from the overrides.
    pub fn environment(&self, name: &str) -> Option<&str> {
        let mut containers = self.request.overrides.container_overrides.iter();
        let runner = containers.find(|container| container.name == RUNNER_CONTAINER)?;
        runner.environment.iter().find(|pair| pair.name == name).map(|pair| pair.value.as_str())
    }

    pub(super) fn begin_stop(&mut self, stop: StopDetails) -> bool {
        let begins = self.stop.is_none();
        self.stop.get_or_insert(stop);
        begins
    }

    pub(super) fn exit(&mut self, exit_code: i64) -> bool {
        let stop = self
            .stop
            .get_or_insert_with(|| StopDetails { exit_code: None, ..StopDetails::exited(exit_code) });
        let first = stop.exit_code.is_none();
        stop.exit_code.get_or_insert(exit_code);
        first
    }

    pub(super) fn move_on(&mut self, now: Timestamp) {
        self.status = match self.status {
            _ if self.stop.is_some() => TaskStatus::Stopped,
            TaskStatus::Provisioning => TaskStatus::Pending,
            TaskStatus::Pending | TaskStatus::Running => TaskStatus::Running,
            TaskStatus::Stopped => TaskStatus::Stopped,
        };
        match self.status {
            TaskStatus::Pending => drop(self.pull_started_at.get_or_insert(now)),
            TaskStatus::Running => drop(self.running_at.get_or_insert(now)),
            TaskStatus::Stopped => drop(self.stopped_at.get_or_insert(now)),
            TaskStatus::Provisioning => {}
        }
    }
}
