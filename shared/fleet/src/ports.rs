//! What the functions need of the world, each named by its verb.
//!
//! `shared/aws` and `shared/github` implement these over the wire, `shared/sandbox` in memory. An
//! implementation of [`RunTask`] needs the permission `ecs:RunTask`, and so on: a function's
//! permissions are the ports it takes.

mod github;

use std::time::Duration;

use jiff::Timestamp;

use crate::ids::{ContainerInstanceArn, InstanceId, RunnerId, TaskArn};
use crate::launch::{LaunchFailure, RunTaskRequest, TaskTimes};
use crate::ledger::{Item, JobMessage, Key, Left, Put, SettleMessage, Spend};
use crate::schedule::GroupSizes;

pub use self::github::{
    DeleteRunner, FindRunner, FindRunnerGroup, GenerateJitConfig, GithubError, JitConfig, JitRunner,
    JobStatus, ListDeliveries, ListJobs, ListRepositories, ListRunners, ListRuns, ListedJob, ListedRun,
    LookAtJob, Priced, ReadJob, ReadRepository, ReadRun, ReadRunner, Redeliver, Registration,
    RegistrationPage, RunId, RunStatus, RunnerGroupId, SeenJob, SeenRunner,
};
pub use crate::ledger::Listing;

/// What time it is, and how to wait.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn sleep(&self, length: Duration);
}

/// Where random bits come from.
pub trait Random {
    /// 128 random bits.
    fn bits(&self) -> u128;
}

/// The ledger's table.
pub trait Ledger {
    /// Reads items, strongly consistent, in any order; those that are not there are left out.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError>;

    /// The same, eventually consistent and at half the price: an item may be as it was a moment before, within a second
    /// mostly. For who looks around, and reads again what it changes.
    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError>;

    /// Writes items, all or none, each on the condition of [`Put`]; at most
    /// [`crate::ledger::TRANSACTION_LIMIT`] of them.
    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError>;

    /// Adds to a meter, if there is so much left; tells what is left then, or, where it is too little, what is
    /// left now. An answer that is lost may have been added all the same, and is lost with what was asked for.
    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError>;
}

/// The ledger's sparse index. It runs a little behind the table: a hint of which keys to read.
pub trait ListItems {
    /// The keys of what is listed: jobs by their last change and runners by their reservation, the oldest first.
    async fn list(&self, listing: &Listing) -> Result<Vec<Key>, LedgerError>;
}

/// Why the ledger did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// An item was written by somebody else since it was read: read again.
    #[error("an item was changed meanwhile")]
    Conflict,
    /// The ledger did not answer. A write may have been made all the same.
    #[error("{0}")]
    Unavailable(String),
}

/// The queue from the webhook to the launcher (SQS: `SendMessage`).
pub trait SendMessage {
    /// Puts a message on the queue. `Ok` means that it is safe there.
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError>;
}

/// The queue to the launchers, for pools (SQS: `SendMessage`).
pub trait SendSettle {
    /// Puts a message on the queue that comes into sight after a delay, in whole seconds.
    async fn send_settle(&self, message: &SettleMessage, delay: Duration) -> Result<(), QueueError>;
}

/// The queue did not take a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not take the message: {0}")]
pub struct QueueError(pub String);

/// ECS's `RunTask`, for one task.
pub trait RunTask {
    /// Starts a task, or finds the one that the same `clientToken` started before.
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure>;
}

/// ECS's `StopTask`.
pub trait StopTask {
    /// Lets ECS stop a task: SIGTERM, and SIGKILL when its stop time-out is over. A task that has
    /// stopped, or that ECS no longer knows, is no error.
    async fn stop_task(&self, cluster: &str, task: &TaskArn, reason: &str) -> Result<(), EcsError>;
}

/// Which tasks of a cluster `ListTasks` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskFilter {
    /// Those that have not stopped, and do not stop.
    Running,
    /// Those that stop, or have stopped within the last hour.
    Stopped,
    /// Those on this container instance.
    On(ContainerInstanceArn),
}

/// ECS's `ListTasks`. It is eventually consistent: what it does not list may be there all the same.
pub trait ListTasks {
    /// Every task that fits, over all pages.
    async fn list_tasks(&self, cluster: &str, filter: &TaskFilter) -> Result<Vec<TaskArn>, EcsError>;
}

/// A task as `DescribeTasks` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDescription {
    /// The task.
    pub task: TaskArn,
    /// The runner that it is, by its `startedBy`; `None` if somebody else started it.
    pub runner: Option<RunnerId>,
    /// ECS's `lastStatus`.
    pub last_status: String,
    /// When it came to each of its points.
    pub times: TaskTimes,
    /// Why it has stopped; `None` before that.
    pub stop: Option<TaskStop>,
    /// The stack whose task definition it has; `None` where it is none that a stack names. Its tag says the
    /// same, but only a role that may list tags sees it.
    pub stack: Option<String>,
}

/// Why a task has stopped, as `DescribeTasks` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStop {
    /// ECS's `stopCode`.
    pub code: Option<String>,
    /// ECS's `stoppedReason`.
    pub reason: String,
    /// The exit code of PID 1, where the runner's container has one.
    pub exit_code: Option<i64>,
}

/// ECS's `DescribeTasks`.
pub trait DescribeTasks {
    /// Describes tasks, however many; those that ECS no longer knows (MISSING) are left out.
    async fn describe_tasks(
        &self,
        cluster: &str,
        tasks: &[TaskArn],
    ) -> Result<Vec<TaskDescription>, EcsError>;
}

/// ECS's `ListContainerInstances`.
pub trait ListContainerInstances {
    /// The cluster's container instances on an EC2 instance: one, or none.
    async fn list_container_instances(
        &self,
        cluster: &str,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, EcsError>;
}

/// ECS did not answer as it should, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EcsError(pub String);

/// Auto Scaling's `DescribeAutoScalingGroups`, for one group.
pub trait DescribeAutoScalingGroup {
    /// The group's sizes. A group that is not there is an error.
    async fn describe_auto_scaling_group(&self, name: &str) -> Result<GroupSizes, ScalingError>;
}

/// Auto Scaling's `UpdateAutoScalingGroup`, with `MinSize` and nothing else.
pub trait SetMinSize {
    /// Sets how many instances a group keeps at least.
    async fn set_min_size(&self, name: &str, min_size: u32) -> Result<(), ScalingError>;
}

/// Auto Scaling's `DescribeScalingActivities`, for one group.
pub trait DescribeScalingActivities {
    /// Why a group could not grow: what Auto Scaling says of its newest activity that failed, of those that
    /// began since this time. `None` where none failed.
    async fn describe_scaling_activities(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<String>, ScalingError>;
}

/// Auto Scaling did not answer as it should, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScalingError(pub String);

impl<T: Clock> Clock for &T {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    async fn sleep(&self, length: Duration) {
        (**self).sleep(length).await;
    }
}
