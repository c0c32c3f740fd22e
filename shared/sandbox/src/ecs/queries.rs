//! `StopTask`, and what ECS lists and describes.

use std::collections::BTreeSet;

use fleet::ports::TaskFilter;
use fleet::{InstanceId, TaskArn};
use jiff::{SignedDuration, Timestamp};

use super::{ContainerInstance, Ecs, Exception, StopDetails, Task, TaskStatus};

/// How long a stopped task is listed and described (ECS: "at least one hour").
const DESCRIBED_AFTER_STOP: SignedDuration = SignedDuration::from_hours(1);

impl Ecs {
    /// Lets a task stop. One that stops already goes on with it; one that has stopped is not found.
    pub fn stop_task(&mut self, cluster: &str, arn: &TaskArn, reason: &str) -> Result<(), Exception> {
        self.check_cluster(cluster)?;
        let task = self.tasks.get_mut(arn).filter(|task| task.request.cluster == cluster);
        let Some(task) = task.filter(|task| task.status != TaskStatus::Stopped) else {
            return Err(Exception::new("InvalidParameterException", "The referenced task was not found."));
        };
        if task.begin_stop(StopDetails::asked_for(reason)) {
            self.newly_asked_to_stop.push(arn.clone());
        }
        Ok(())
    }

    /// The tasks that a filter fits, in the order of their start. As with ECS, one whose stop has begun is
    /// among those that stop alone.
    pub fn list_tasks(
        &self,
        cluster: &str,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<Vec<TaskArn>, Exception> {
        let fits = |task: &&Task| match filter {
            TaskFilter::Running => task.stop.is_none(),
            TaskFilter::Stopped => task.stop.is_some(),
            TaskFilter::On(instance) => {
                task.stop.is_none() && task.container_instance.as_ref() == Some(instance)
            }
        };
        Ok(self.described(cluster, now)?.filter(fits).map(|task| task.arn.clone()).collect())
    }

    /// Those of these tasks that ECS still describes.
    pub fn describe_tasks(
        &self,
        cluster: &str,
        arns: &[TaskArn],
        now: Timestamp,
    ) -> Result<Vec<&Task>, Exception> {
        self.check_cluster(cluster)?;
        let tasks = arns.iter().filter_map(|arn| self.task(arn));
        Ok(tasks.filter(|task| is_described(task, cluster, now)).collect())
    }

    /// Every task of a cluster that ECS still describes, in the order of their start.
    pub fn described<'a>(
        &'a self,
        cluster: &'a str,
        now: Timestamp,
    ) -> Result<impl Iterator<Item = &'a Task>, Exception> {
        self.check_cluster(cluster)?;
        Ok(self.tasks().filter(move |task| is_described(task, cluster, now)))
    }

    /// The container instances of a cluster, in the order of their start.
    pub fn container_instances(
        &self,
        cluster: &str,
    ) -> Result<impl Iterator<Item = &ContainerInstance>, Exception> {
        self.check_cluster(cluster)?;
        Ok(self.instances.all().filter(move |instance| instance.cluster == cluster))
    }

    /// Each cluster's name, with those of its capacity providers.
    pub fn clusters(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        self.clusters.iter().map(|(name, providers)| (name.as_str(), providers.keys().map(String::as_str)))
    }

    /// The task definitions, by family and revision.
    pub fn task_definitions(&self) -> impl Iterator<Item = &str> {
        self.task_definitions.keys().map(String::as_str)
    }

    /// Gives an instance no more tasks. `false` if there is none, or if it gets none already.
    pub fn drain_instance(&mut self, instance: &InstanceId) -> bool {
        self.instances.drain(instance)
    }

    /// Takes an instance away, and gives the tasks that were still on it.
    pub fn remove_instance(&mut self, instance: &InstanceId) -> BTreeSet<TaskArn> {
        self.instances.remove(instance)
    }

    fn check_cluster(&self, cluster: &str) -> Result<(), Exception> {
        let known = self.clusters.contains_key(cluster);
        known.then_some(()).ok_or_else(|| Exception::new("ClusterNotFoundException", "Cluster not found."))
    }
}

fn is_described(task: &Task, cluster: &str, now: Timestamp) -> bool {
    let recent = |at| now.duration_since(at) < DESCRIBED_AFTER_STOP;
    task.request.cluster == cluster && task.stopped_at.is_none_or(recent)
}
