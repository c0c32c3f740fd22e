//! A runner's task at ECS, and what the ledger is told of it.

use std::collections::BTreeSet;

use control::Invocation;
use fleet::TaskArn;
use fleet::launch::{FailureClass, LaunchFailure, StopClass};
use fleet::ledger::{Event, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, ListItems, Random, TaskFilter};
use tracing::warn;

use crate::{Ecs, Scaling, Scheduler, StepError};

/// A runner's task, and the cluster that it is in.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) task: TaskArn,
}

impl<L: Ledger + ListItems, C: Clock + Random, T: Ecs, S: Scaling> Scheduler<L, C, T, S> {
    /// The task that ECS lists for a runner: one that shall run. That none is listed proves nothing.
    pub(crate) async fn listed<'a>(
        &self,
        invocation: &Invocation<'a>,
        runner: &Runner,
    ) -> Result<Option<Found<'a>>, StepError> {
        for cluster in clusters(invocation, runner) {
            let filter = TaskFilter::StartedBy(runner.id.clone());
            let mut tasks = self.launchpad.ecs.list_tasks(cluster, &filter).await?;
            if let Some(task) = tasks.pop() {
                return Ok(Some(Found { cluster, task }));
            }
        }
        Ok(None)
    }

    /// Calls `RunTask` with the runner's token again, which gives the task that there is. `None` where
    /// there is none now; a launch that failed for good is given back.
    pub(crate) async fn run_again<'a>(
        &self,
        invocation: &Invocation<'a>,
        runner: &Runner,
    ) -> Result<Option<Found<'a>>, StepError> {
        let cluster = invocation.settings.placements.get(&runner.capacity).map(|it| it.cluster.as_str());
        match self.launchpad.try_to_run(invocation, runner).await {
            Some(Ok(task)) => Ok(cluster.map(|cluster| Found { cluster, task })),
            None | Some(Err(LaunchFailure { class: FailureClass::Later, .. })) => Ok(None),
            Some(Err(LaunchFailure { class, reason })) => {
                warn!(runner = %runner.id, pool = %runner.pool, reason, "launch failed at its repair");
                self.tell(invocation, runner, RunnerEvent::LaunchFailed(class, reason)).await?;
                Ok(None)
            }
        }
    }

    /// A task's last status, in ECS's words; `None` if ECS does not describe it.
    pub(crate) async fn status(&self, found: &Found<'_>) -> Result<Option<String>, StepError> {
        let tasks = [found.task.clone()];
        let described = self.launchpad.ecs.describe_tasks(found.cluster, &tasks).await?;
        Ok(described.into_iter().next().map(|task| task.last_status))
    }

    /// Stops the task of a fenced runner.
    pub(crate) async fn stop_task(&self, found: &Found<'_>, why: &str) -> Result<(), StepError> {
        let reason = format!("fenced: {why}");
        Ok(self.launchpad.ecs.stop_task(found.cluster, &found.task, &reason).await?)
    }

    /// Writes down that a runner's task has stopped.
    pub(crate) async fn note_stopped(
        &self,
        invocation: &Invocation<'_>,
        runner: &Runner,
    ) -> Result<(), StepError> {
        let reason = "found stopped by the scheduler".to_owned();
        self.tell(invocation, runner, RunnerEvent::TaskStopped(StopClass::Ordinary, reason)).await
    }

    /// Writes an event of a runner down, settles its pools, and launches what that reserved.
    pub(crate) async fn tell(
        &self,
        invocation: &Invocation<'_>,
        runner: &Runner,
        event: RunnerEvent,
    ) -> Result<(), StepError> {
        let event = Event::Runner(runner.id.clone(), event);
        let reserved = self.launchpad.post(invocation.settings, Some(&runner.pool), &[event]).await?;
        self.launchpad.launch(invocation, reserved).await;
        Ok(())
    }
}

/// Where a runner's task may be: in the cluster of its capacity, or, where that is out of the map, in
/// any cluster that we know.
fn clusters<'a>(invocation: &Invocation<'a>, runner: &Runner) -> BTreeSet<&'a str> {
    let placements = &invocation.settings.placements;
    let own = placements.get(&runner.capacity).map(|placement| BTreeSet::from([placement.cluster.as_str()]));
    own.unwrap_or_else(|| placements.values().map(|placement| placement.cluster.as_str()).collect())
}
