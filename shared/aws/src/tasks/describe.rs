//! `DescribeTasks`.

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::Task;
use fleet::launch::{StoppedContainer, TaskTimes, exit_code_of, reason_of, stack_of};
use fleet::ports::{DescribeTasks, EcsError, TaskDescription, TaskStop};
use fleet::{RunnerId, TaskArn};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{Timestamp, Unit};

use super::{Tasks, ecs_error};

/// Most tasks that one call takes (ECS: `DescribeTasks`, "tasks").
const A_CALL: usize = 100;

/// Calls that are under way at once: ECS takes 20 of such a second, and a burst of 100 (Amazon ECS, "Request
/// throttling for the Amazon ECS API", cluster resource read actions).
const CALLS_AT_ONCE: usize = 5;

/// Why a task is in `failures[]` that ECS does not know, or no longer.
const MISSING: &str = "MISSING";

impl DescribeTasks for Tasks {
    async fn describe_tasks(
        &self,
        cluster: &str,
        tasks: &[TaskArn],
    ) -> Result<Vec<TaskDescription>, EcsError> {
        let chunks = tasks.chunks(A_CALL).map(async |chunk| {
            let arns = chunk.iter().map(ToString::to_string).collect();
            let call = self.client.describe_tasks().cluster(cluster).set_tasks(Some(arns));
            let output = call.send().await.map_err(|error| ecs_error(&error))?;
            // Whoever asks takes a task that is left out for one that is gone.
            let failures = output.failures().iter().map(|failure| failure.reason().unwrap_or_default());
            if let Some(other) = failures.into_iter().find(|reason| *reason != MISSING) {
                return Err(EcsError(format!("DescribeTasks answers failures[] with {other:?}")));
            }
            Ok(output.tasks().iter().filter_map(description).collect::<Vec<_>>())
        });
        let described: Vec<Vec<_>> = stream::iter(chunks).buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(described.into_iter().flatten().collect())
    }
}

fn description(task: &Task) -> Option<TaskDescription> {
    Some(TaskDescription {
        task: TaskArn::new(task.task_arn()?),
        runner: task.started_by().and_then(|runner| RunnerId::parse(runner).ok()),
        last_status: task.last_status()?.to_owned(),
        times: times(task),
        stop: (task.last_status() == Some("STOPPED")).then(|| stop(task)),
        stack: task.task_definition_arn().and_then(stack_of).map(str::to_owned),
    })
}

fn times(task: &Task) -> TaskTimes {
    TaskTimes {
        created_at: task.created_at().and_then(time),
        pull_started_at: task.pull_started_at().and_then(time),
        pull_stopped_at: task.pull_stopped_at().and_then(time),
        started_at: task.started_at().and_then(time),
        stopped_at: task.stopped_at().and_then(time),
    }
}

fn time(at: &DateTime) -> Option<Timestamp> {
    // ECS writes seconds as a number with three decimals, which a float does not have exactly.
    Timestamp::from_nanosecond(at.as_nanos()).ok()?.round(Unit::Millisecond).ok()
}

fn stop(task: &Task) -> TaskStop {
    let containers = task.containers().iter().map(|it| StoppedContainer {
        name: it.name().unwrap_or_default(),
        exit_code: it.exit_code().map(i64::from),
        reason: it.reason(),
    });
    let containers: Vec<StoppedContainer<'_>> = containers.collect();
    TaskStop {
        code: task.stop_code().map(|code| code.as_str().to_owned()),
        reason: reason_of(task.stopped_reason().unwrap_or_default(), &containers),
        exit_code: exit_code_of(&containers),
    }
}
