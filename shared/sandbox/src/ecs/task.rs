//! One ECS task.

use std::fmt;

use fleet::launch::{RUNNER_CONTAINER, RunTaskRequest};
use fleet::{Architecture, RunnerId, TaskArn};
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
pub struct Stop {
    /// `stopCode`.
    pub code: &'static str,
    /// `stoppedReason`.
    pub reason: String,
    /// The runner container's exit code.
    pub exit_code: Option<i64>,
}

impl Stop {
    /// PID 1 has exited.
    pub fn exited(exit_code: i64) -> Self {
        let reason = "Essential container in task exited".to_owned();
        Self { code: "EssentialContainerExited", reason, exit_code: Some(exit_code) }
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
    /// When `RunTask` was called.
    pub started_at: Timestamp,
    /// When it came to STOPPED.
    pub stopped_at: Option<Timestamp>,
    /// Why it stops, once it does.
    pub stop: Option<Stop>,
}

impl Task {
    pub(super) fn new(
        arn: TaskArn,
        request: RunTaskRequest,
        architecture: Architecture,
        now: Timestamp,
    ) -> Self {
        let status = TaskStatus::Provisioning;
        Self { arn, request, architecture, status, started_at: now, stopped_at: None, stop: None }
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

    pub(super) fn begin_stop(&mut self, stop: Stop) -> bool {
        let begins = self.stop.is_none();
        self.stop.get_or_insert(stop);
        begins
    }

    pub(super) fn move_on(&mut self, now: Timestamp) {
        self.status = match self.status {
            _ if self.stop.is_some() => TaskStatus::Stopped,
            TaskStatus::Provisioning => TaskStatus::Pending,
            TaskStatus::Pending | TaskStatus::Running => TaskStatus::Running,
            TaskStatus::Stopped => TaskStatus::Stopped,
        };
        if self.status == TaskStatus::Stopped {
            self.stopped_at.get_or_insert(now);
        }
    }
}
