//! The sandbox, which writes down what a tick asks of the ledger, of ECS and of Auto Scaling.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use control::Bookkeeper;
use fleet::TaskArn;
use fleet::launch::{LaunchFailure, RunTaskRequest};
use fleet::ledger::{Item, Key, Left, Put, Spend};
use fleet::ports::{
    DescribeAutoScalingGroup, DescribeScalingActivities, DescribeTasks, EcsError, Ledger, LedgerError,
    ListItems, ListTasks, Listing, RunTask, ScalingError, SetMinSize, StopTask, TaskDescription, TaskFilter,
};
use fleet::schedule::GroupSizes;
use jiff::Timestamp;
use sandbox::Sandbox;
use scheduler::{Failed, Scheduler};

use super::SchedulerStage;

/// The sandbox, with every call that is made written down.
pub(super) struct RecordedCalls {
    sandbox: Sandbox,
    pub(super) calls: RefCell<Vec<&'static str>>,
    /// The call that fails.
    pub(super) broken: Cell<&'static str>,
}

impl RecordedCalls {
    pub(super) fn of(stage: &SchedulerStage) -> Self {
        Self { sandbox: stage.sandbox.clone(), calls: RefCell::default(), broken: Cell::new("nothing") }
    }

    fn note(&self, call: &'static str) {
        self.calls.borrow_mut().push(call);
    }

    fn ask_ecs(&self, call: &'static str) -> Result<(), EcsError> {
        self.note(call);
        if self.broken.get() == call { Err(EcsError("time-out".to_owned())) } else { Ok(()) }
    }

    pub(super) fn tick(&self, stage: &SchedulerStage) -> Result<(), Failed> {
        let books = Bookkeeper { ledger: self, system: stage.sandbox.clone() };
        let scheduler =
            Scheduler::new(books, self, self, stage.sandbox.clone(), "https://r.example/".to_owned());
        self.calls.borrow_mut().clear();
        let ticked = stage.finish(scheduler.handle(&stage.settings));
        stage.launch_what_is_handed_on();
        ticked
    }

    /// How often each call was made in the last tick.
    pub(super) fn counted(&self) -> BTreeMap<&'static str, u32> {
        let mut counted = BTreeMap::new();
        self.calls.borrow().iter().for_each(|call| *counted.entry(*call).or_default() += 1);
        counted
    }

    pub(super) fn place(&self, call: &str) -> usize {
        self.calls.borrow().iter().position(|made| *made == call).unwrap()
    }
}

impl Ledger for &RecordedCalls {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        // AWS is not asked about nothing.
        if !keys.is_empty() {
            self.note("BatchGetItem");
            if self.broken.get() == "the first BatchGetItem" {
                self.broken.set("nothing");
                return Err(LedgerError::Unavailable("time-out".to_owned()));
            }
        }
        self.sandbox.read(keys).await
    }

    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.read(keys).await
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        self.note("TransactWriteItems");
        if self.broken.get() == "TransactWriteItems" {
            return Err(LedgerError::Unavailable("time-out".to_owned()));
        }
        self.sandbox.commit(puts).await
    }

    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError> {
        self.note("UpdateItem");
        self.sandbox.spend(spend).await
    }
}

impl ListItems for &RecordedCalls {
    async fn list(&self, listing: &Listing) -> Result<Vec<Key>, LedgerError> {
        self.note("Query");
        if self.broken.get() == "Query" {
            return Err(LedgerError::Unavailable("time-out".to_owned()));
        }
        self.sandbox.list(listing).await
    }
}

impl RunTask for &RecordedCalls {
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure> {
        self.note("RunTask");
        self.sandbox.run_task(request).await
    }
}

impl StopTask for &RecordedCalls {
    async fn stop_task(&self, cluster: &str, task: &TaskArn, reason: &str) -> Result<(), EcsError> {
        self.ask_ecs("StopTask")?;
        self.sandbox.stop_task(cluster, task, reason).await
    }
}

impl ListTasks for &RecordedCalls {
    async fn list_tasks(&self, cluster: &str, filter: &TaskFilter) -> Result<Vec<TaskArn>, EcsError> {
        self.ask_ecs("ListTasks")?;
        self.sandbox.list_tasks(cluster, filter).await
    }
}

impl DescribeTasks for &RecordedCalls {
    async fn describe_tasks(
        &self,
        cluster: &str,
        tasks: &[TaskArn],
    ) -> Result<Vec<TaskDescription>, EcsError> {
        self.ask_ecs("DescribeTasks")?;
        self.sandbox.describe_tasks(cluster, tasks).await
    }
}

impl DescribeAutoScalingGroup for &RecordedCalls {
    async fn describe_auto_scaling_group(&self, name: &str) -> Result<GroupSizes, ScalingError> {
        self.note("DescribeAutoScalingGroups");
        self.sandbox.describe_auto_scaling_group(name).await
    }
}

impl DescribeScalingActivities for &RecordedCalls {
    async fn describe_scaling_activities(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<String>, ScalingError> {
        self.note("DescribeScalingActivities");
        match self.broken.get() {
            "DescribeScalingActivities" => Err(ScalingError("AccessDenied".to_owned())),
            "DescribeScalingActivities waits" => std::future::pending().await,
            _ => self.sandbox.describe_scaling_activities(name, since).await,
        }
    }
}

impl SetMinSize for &RecordedCalls {
    async fn set_min_size(&self, name: &str, min_size: u32) -> Result<(), ScalingError> {
        self.note("UpdateAutoScalingGroup");
        self.sandbox.set_min_size(name, min_size).await
    }
}
