//! An EC2 Spot instance that will be interrupted, in two minutes at most.
//!
//! ECS drains such an instance, but does not stop tasks that no service started. So the launcher takes its
//! runners out of the books, hands their pools on to be settled, and stops each of their tasks. The SIGTERM
//! of that stop is PID 1's only notice. A PID 1 without a job leaves at once; with a job, it lets the job go
//! on until shortly before its stop time-out.

use std::collections::BTreeSet;

use control::{AT_ONCE, Origin, PostError, Settling};
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, RunnerEvent};
use fleet::ports::{Clock, EcsError, Ledger, Random, SendSettle, TaskDescription, TaskFilter};
use fleet::{InstanceId, PoolName, RunnerId, TaskArn};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Deserialize;
use tracing::{info, warn};

use crate::{Done, Launcher, LauncherEcs, LauncherSettings};

/// The event's `detail-type`.
pub(crate) const DETAIL_TYPE: &str = "EC2 Spot Instance Interruption Warning";

/// The only field of its `detail` that matters. Whether EC2 will stop, terminate or hibernate the instance
/// makes no difference: the tasks end.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Warning {
    pub(crate) instance_id: InstanceId,
}

/// Why the handling of a warning was cut short.
#[derive(Debug, thiserror::Error)]
enum ClearError {
    #[error("ECS: {0}")]
    Ecs(#[from] EcsError),
    #[error(transparent)]
    Ledger(#[from] PostError),
}

/// A runner's task on the instance.
struct TaskOnInstance {
    cluster: String,
    task: TaskArn,
    runner: RunnerId,
}

impl<L: Ledger, C: Clock + Random, T: LauncherEcs, Q: SendSettle> Launcher<L, C, T, Q> {
    /// Takes the runners of an instance out of the books and stops their tasks. If a step fails, the message
    /// comes again. What was done by then stays done, and repeating it does no harm.
    pub(crate) async fn clear(
        &self,
        settings: &LauncherSettings,
        message: String,
        instance: InstanceId,
    ) -> Done {
        let mut done = Done::default();
        if let Err(problem) = self.try_to_clear(settings, &instance, &mut done.wanting).await {
            warn!(message_id = message, %instance, %problem, "spot interruption not followed to its end");
            done.failed.push(message);
        }
        done
    }

    async fn try_to_clear(
        &self,
        settings: &LauncherSettings,
        instance: &InstanceId,
        wanting: &mut BTreeSet<PoolName>,
    ) -> Result<(), ClearError> {
        let found = self.runners_on(settings, instance).await?;
        if found.is_empty() {
            return Ok(());
        }
        info!(%instance, runners = found.len(), "spot interruption");
        let counted_out = |it: &TaskOnInstance| Event::Runner(it.runner.clone(), RunnerEvent::CountedOut);
        let events: Vec<Event> = found.iter().map(counted_out).collect();
        for events in events.chunks(EVENTS_A_TRANSACTION) {
            let posted = self.launchpad.post(settings, Origin::default(), events, Settling::HandedOn).await?;
            wanting.extend(posted.wanting);
        }
        self.stop_all(&found, &format!("its instance {instance} is interrupted")).await?;
        Ok(())
    }

    /// The runners' tasks on an instance; none if the instance is not ours.
    async fn runners_on(
        &self,
        settings: &LauncherSettings,
        instance: &InstanceId,
    ) -> Result<Vec<TaskOnInstance>, EcsError> {
        let mut found = Vec::new();
        for cluster in clusters(settings) {
            for on in self.launchpad.ecs.list_container_instances(cluster, instance).await? {
                let tasks = self.launchpad.ecs.list_tasks(cluster, &TaskFilter::On(on)).await?;
                let described = self.launchpad.ecs.describe_tasks(cluster, &tasks).await?;
                found.extend(described.into_iter().filter_map(|task| runner_of(task, cluster)));
            }
        }
        Ok(found)
    }

    /// Stops tasks concurrently: one failure does not keep the others from their notice.
    async fn stop_all(&self, found: &[TaskOnInstance], reason: &str) -> Result<(), EcsError> {
        let stops = stream::iter(found).map(|it| self.launchpad.ecs.stop_task(&it.cluster, &it.task, reason));
        let stops: Vec<_> = stops.buffer_unordered(AT_ONCE).collect().await;
        stops.into_iter().collect()
    }
}

/// The clusters of the pools on EC2.
fn clusters(settings: &LauncherSettings) -> BTreeSet<&str> {
    let on_instances = settings.pools.iter().filter(|pool| !pool.capacity.is_fargate());
    let placements = on_instances.filter_map(|pool| settings.placements.get(&pool.name));
    placements.map(|placement| placement.cluster.as_str()).collect()
}

fn runner_of(task: TaskDescription, cluster: &str) -> Option<TaskOnInstance> {
    Some(TaskOnInstance { cluster: cluster.to_owned(), runner: task.runner?, task: task.task })
}
