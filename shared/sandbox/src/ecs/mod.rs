//! ECS, as far as Mayfly meets it: `RunTask` with its idempotency and its failures, tasks that move
//! from PROVISIONING to STOPPED, the instances that they are placed on, what is listed and described
//! of them, and the events of their changes.

mod event;
mod instances;
mod limits;
mod queries;
mod task;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use fleet::launch::{Placement, RunTaskRequest};
use fleet::{Architecture, Pool, TaskArn};
use jiff::{SignedDuration, Timestamp};

pub use self::event::{interruption_warning, task_state_change};
pub use self::instances::ContainerInstance;
use self::instances::Instances;
use self::limits::EcsHeadroom;
pub use self::limits::{EcsLimits, Rate, Strain};
pub use self::task::{StopDetails, Task, TaskStatus};

/// How long ECS remembers a `clientToken` after its task has stopped.
const TOKEN_AFTER_STOP: SignedDuration = SignedDuration::from_hours(1);

/// How long ECS remembers a `clientToken` at most.
const TOKEN_LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// How `RunTask` refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunTaskError {
    /// An answer with status 200 and this reason in its `failures[]`.
    Failure(String),
    /// An exception: its code and its message.
    Exception(String, String),
    /// A `ConflictException`: the token started this task, with other parameters.
    Conflict(TaskArn),
}

/// An exception of any other call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its code, which is the name of its type.
    pub code: &'static str,
    /// Its message.
    pub message: String,
}

impl Exception {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl RunTaskError {
    fn exception(code: &str, message: impl Into<String>) -> Self {
        Self::Exception(code.to_owned(), message.into())
    }
}

/// ECS.
#[derive(Debug, Default)]
pub struct Ecs {
    /// The capacity providers of each cluster; those of EC2 with how many tasks fit on an instance.
    clusters: BTreeMap<String, BTreeMap<String, Option<u32>>>,
    task_definitions: BTreeMap<String, Architecture>,
    tasks: BTreeMap<TaskArn, Task>,
    /// Those that have not come to STOPPED.
    on_their_way: BTreeSet<TaskArn>,
    instances: Instances,
    tokens: BTreeMap<(String, String), TaskArn>,
    failures: VecDeque<RunTaskError>,
    outages: BTreeMap<String, RunTaskError>,
    started: u64,
    room: EcsHeadroom,
    newly_started: Vec<TaskArn>,
    newly_asked_to_stop: Vec<TaskArn>,
}

impl Ecs {
    /// Registers what a pool's tasks need: its cluster, capacity provider and task definition.
    pub fn register(&mut self, pool: &Pool, placement: &Placement) {
        let providers = self.clusters.entry(placement.cluster.clone()).or_default();
        providers.insert(placement.capacity_provider.clone(), pool.runners_per_instance);
        self.task_definitions.insert(placement.task_definition.clone(), pool.architecture);
    }

    /// Limits launches from now on.
    pub fn set_limits(&mut self, limits: EcsLimits) {
        self.room.limits = limits;
    }

    /// How near launches came to the limits so far.
    pub fn strain(&self) -> Strain {
        self.room.strain
    }

    /// Whether a task's capacity provider is one of EC2 instances.
    pub(crate) fn is_on_instances(&self, arn: &TaskArn) -> bool {
        let of = |task: &Task| *self.clusters.get(&task.request.cluster)?.get(task.capacity_provider())?;
        self.tasks.get(arn).and_then(of).is_some()
    }

    /// Lets the next `RunTask` fail like this; several follow one another.
    pub fn fail_next(&mut self, error: RunTaskError) {
        self.failures.push_back(error);
    }

    /// Lets every `RunTask` on a capacity provider fail like this, or none any longer.
    pub fn set_outage(&mut self, capacity_provider: &str, error: Option<RunTaskError>) {
        match error {
            Some(error) => drop(self.outages.insert(capacity_provider.to_owned(), error)),
            None => drop(self.outages.remove(capacity_provider)),
        }
    }

    /// Starts a task, or finds the one that the same token started before.
    pub fn run_task(&mut self, request: &RunTaskRequest, now: Timestamp) -> Result<TaskArn, RunTaskError> {
        if let Some(error) = self.failures.pop_front() {
            return Err(error);
        }
        self.room.take_call(now)?;
        let [strategy] = &request.capacity_provider_strategy[..] else {
            let message = "The sandbox takes one capacity provider a task.";
            return Err(RunTaskError::exception("InvalidParameterException", message));
        };
        let provider = &strategy.capacity_provider;
        let Some(providers) = self.clusters.get(&request.cluster) else {
            return Err(RunTaskError::exception("ClusterNotFoundException", "Cluster not found."));
        };
        if !providers.contains_key(provider) {
            let message = format!("The capacity provider {provider} is not associated with the cluster.");
            return Err(RunTaskError::exception("InvalidParameterException", message));
        }
        let Some(&architecture) = self.task_definitions.get(&request.task_definition) else {
            return Err(RunTaskError::exception("ClientException", "TaskDefinition not found."));
        };
        let token = (request.cluster.clone(), request.client_token.clone());
        if let Some(task) = self.tokens.get(&token).and_then(|arn| self.tasks.get(arn))
            && token_holds(task, now)
        {
            return if task.request == *request {
                Ok(task.arn.clone())
            } else {
                Err(RunTaskError::Conflict(task.arn.clone()))
            };
        }
        if let Some(error) = self.outages.get(provider) {
            return Err(error.clone());
        }
        self.room.check_provisioning(&request.cluster)?;
        self.started += 1;
        let id = format!("{:032x}", self.started);
        let arn = TaskArn::new(format!("arn:aws:ecs:us-east-1:123456789012:task/{}/{id}", request.cluster));
        let task = Task::new(arn.clone(), request.clone(), architecture, now);
        self.tasks.insert(arn.clone(), task);
        self.on_their_way.insert(arn.clone());
        self.room.provisions(&request.cluster);
        self.newly_started.push(arn.clone());
        self.tokens.insert(token, arn.clone());
        Ok(arn)
    }

    /// The tasks that were started since this was asked last.
    pub fn take_started(&mut self) -> Vec<TaskArn> {
        std::mem::take(&mut self.newly_started)
    }

    /// The tasks that `StopTask` was called on since this was asked last.
    pub fn take_asked_to_stop(&mut self) -> Vec<TaskArn> {
        std::mem::take(&mut self.newly_asked_to_stop)
    }

    /// Moves a task to its next status, and gives it. `None` if it has none that comes by itself.
    ///
    /// A task of EC2 is placed on an instance when it comes to PENDING, and makes room there when it
    /// comes to STOPPED.
    pub fn move_on(&mut self, arn: &TaskArn, now: Timestamp) -> Option<TaskStatus> {
        let task = self.tasks.get_mut(arn)?;
        let before = task.status;
        task.move_on(now);
        let room = self.clusters.get(&task.request.cluster);
        let room = room.and_then(|providers| *providers.get(task.capacity_provider())?);
        match (task.status, room) {
            (TaskStatus::Pending, Some(room)) => self.instances.place(task, room),
            (TaskStatus::Stopped, Some(_)) => self.instances.make_room(task),
            _ => {}
        }
        if before == TaskStatus::Provisioning && task.status != before {
            self.room.provisioned(&task.request.cluster);
        }
        if task.status == TaskStatus::Stopped {
            self.on_their_way.remove(arn);
        }
        (task.status != before).then_some(task.status)
    }

    /// Begins the stop of a task that has not begun to stop. `true` if this began it.
    pub fn begin_stop(&mut self, arn: &TaskArn, stop: StopDetails) -> bool {
        self.tasks.get_mut(arn).is_some_and(|task| task.begin_stop(stop))
    }

    /// PID 1 of a task has exited: its task stops, if it does not already. `true` if it had not exited
    /// before.
    pub fn exit(&mut self, arn: &TaskArn, exit_code: i64) -> bool {
        self.tasks.get_mut(arn).is_some_and(|task| task.exit(exit_code))
    }

    /// A task.
    pub fn task(&self, arn: &TaskArn) -> Option<&Task> {
        self.tasks.get(arn)
    }

    /// Every task that ever was, in the order of their start.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// The tasks that have not come to STOPPED.
    pub(crate) fn tasks_on_their_way(&self) -> impl Iterator<Item = &Task> {
        self.on_their_way.iter().filter_map(|arn| self.tasks.get(arn))
    }
}

fn token_holds(task: &Task, now: Timestamp) -> bool {
    let after_stop = task.stopped_at.map(|at| now.duration_since(at));
    now.duration_since(task.started_at) < TOKEN_LONGEST
        && after_stop.is_none_or(|since| since < TOKEN_AFTER_STOP)
}
