//! A runner's task at ECS, and what the ledger is told of it.

use fleet::TaskArn;
use fleet::launch::{FailureClass, LaunchFailure, StopClass};
use fleet::ledger::{Event, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, ListItems, Random, TaskFilter};
use launch::Launches;
use tracing::warn;

use crate::{Ecs, Scaling, Scheduler, StepError};

impl<L: Ledger + ListItems, C: Clock, R: Random, T: Ecs, S: Scaling> Scheduler<L, C, R, T, S> {
    /// The task that ECS lists for a runner: one that shall run. That none is listed proves nothing.
    pub(crate) async fn listed(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
    ) -> Result<Option<TaskArn>, StepError> {
        let Some(placement) = launches.settings.placements.get(&runner.capacity) else { return Ok(None) };
        let filter = TaskFilter::StartedBy(runner.id.clone());
        Ok(self.launchpad.ecs.list_tasks(&placement.cluster, &filter).await?.into_iter().next())
    }

    /// Calls `RunTask` with the runner's token again, which gives the task that there is. `None` where
    /// there is none now; a launch that failed for good is given back.
    pub(crate) async fn run_again(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
    ) -> Result<Option<TaskArn>, StepError> {
        match self.launchpad.try_to_run(launches, runner).await {
            Some(Ok(task)) => Ok(Some(task)),
            None | Some(Err(LaunchFailure { class: FailureClass::Later, .. })) => Ok(None),
            Some(Err(LaunchFailure { class, reason })) => {
                warn!(runner = %runner.id, pool = %runner.pool, reason, "launch failed at its repair");
                self.tell(launches, runner, RunnerEvent::LaunchFailed(class, reason)).await?;
                Ok(None)
            }
        }
    }

    /// A task's last status, in ECS's words; `None` if ECS does not describe it.
    pub(crate) async fn status(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
        task: TaskArn,
    ) -> Result<Option<String>, StepError> {
        let Some(placement) = launches.settings.placements.get(&runner.capacity) else { return Ok(None) };
        let described = self.launchpad.ecs.describe_tasks(&placement.cluster, &[task]).await?;
        Ok(described.into_iter().next().map(|task| task.last_status))
    }

    /// Stops the task of a fenced runner.
    pub(crate) async fn stop_task(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
        task: &TaskArn,
        why: &str,
    ) -> Result<(), StepError> {
        let Some(placement) = launches.settings.placements.get(&runner.capacity) else { return Ok(()) };
        Ok(self.launchpad.ecs.stop_task(&placement.cluster, task, &format!("fenced: {why}")).await?)
    }

    /// Writes down that a runner's task has stopped.
    pub(crate) async fn note_stopped(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
    ) -> Result<(), StepError> {
        let reason = "found stopped by the scheduler".to_owned();
        self.tell(launches, runner, RunnerEvent::TaskStopped(StopClass::Ordinary, reason)).await
    }

    /// Writes an event of a runner down, settles its pools, and launches what that reserved.
    pub(crate) async fn tell(
        &self,
        launches: &Launches<'_>,
        runner: &Runner,
        event: RunnerEvent,
    ) -> Result<(), StepError> {
        let event = Event::Runner(runner.id.clone(), event);
        let reserved = self.launchpad.post(launches.settings, Some(&runner.pool), &[event]).await?;
        self.launchpad.launch(launches, reserved).await;
        Ok(())
    }
}
