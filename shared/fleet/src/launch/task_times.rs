//! When a task came to each of its points, as ECS says.

use jiff::Timestamp;

/// ECS's times of a task (ECS: `Task`); each is `None` where ECS does not say it, or not yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskTimes {
    /// `createdAt`: when `RunTask` was called for it.
    pub created_at: Option<Timestamp>,
    /// `pullStartedAt`: when it had left PROVISIONING and its images were begun to be pulled.
    pub pull_started_at: Option<Timestamp>,
    /// `pullStoppedAt`: when they were there.
    pub pull_stopped_at: Option<Timestamp>,
    /// `startedAt`: when it came to RUNNING.
    pub started_at: Option<Timestamp>,
    /// `stoppedAt`: when it came to STOPPED.
    pub stopped_at: Option<Timestamp>,
}
